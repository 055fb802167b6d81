"""Signing in, the first set-up, invitations and API tokens.

Every secret a person carries (session id, one-time link, API token) has 256 random bits; the store sees its SHA-256
only. Passwords are argon2id. A name that fails too often is locked, longer each time, whether it exists or not.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.domain.errors import ConfigError
from bot.domain.people import SCOPES, Account, ApiToken, Credentials, Invitation, Role, SignInRefused

from .ports import Clock
from .second_factor import SecondFactor, SecondFactorStore

SESSION_LIFE = dt.timedelta(hours=12)
SESSION_IDLE = dt.timedelta(hours=2)
INVITATION_LIFE = dt.timedelta(days=3)
FREE_FAILURES = 5
FIRST_LOCK_S = 60
LONGEST_LOCK_S = 3600
AT_ONCE = 4
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
TOKEN_PREFIX = "jbt_"  # noqa: S105 - lets scanners recognise a leaked token

_NAME = re.compile(r"[\w.@-]{2,60}")
_WRONG = "账号、密码或动态口令不对。"
_SETUP = "首次设置"


class PeopleStore(SecondFactorStore, Protocol):
    """The store's side; see people.py, sessions.py and api_access.py in bot/store for what each promises."""

    def has_accounts(self) -> bool: ...
    def accounts(self) -> list[Account]: ...
    def account(self, account_id: int) -> Account | None: ...
    def credentials(self, name: str) -> Credentials | None: ...
    def add_account(
        self, name: str, shown: str, role: Role, *, password_hash: str | None, first: bool, who: str, now: dt.datetime
    ) -> int | None: ...
    def amend_account(
        self, account_id: int, *, role: Role | None = None, disabled: bool | None = None, who: str, now: dt.datetime
    ) -> bool: ...
    def rehash(self, account_id: int, password_hash: str) -> None: ...
    def set_password(self, account_id: int, password_hash: str, *, who: str, now: dt.datetime) -> None: ...
    def add_invitation(
        self, token_hash: str, account_id: int | None, *, expires_at: dt.datetime, who: str, now: dt.datetime
    ) -> None: ...
    def invitation(self, token_hash: str, *, now: dt.datetime) -> Invitation | None: ...
    def use_invitation(self, token_hash: str) -> bool: ...
    def add_session(self, id_hash: str, account_id: int, *, expires_at: dt.datetime, now: dt.datetime) -> None: ...
    def session(self, id_hash: str, *, idle: dt.timedelta, now: dt.datetime) -> Account | None: ...
    def end_session(self, id_hash: str) -> None: ...
    def locked_until(self, name_hash: str) -> tuple[int, dt.datetime | None]: ...
    def note_failure(
        self, name_hash: str, *, lock_for: Callable[[int], dt.timedelta | None], now: dt.datetime
    ) -> None: ...
    def forget_failures(self, name_hash: str) -> None: ...
    def add_token(
        self,
        token_hash: str,
        account_id: int,
        name: str,
        scopes: Sequence[str],
        *,
        expires_at: dt.datetime | None,
        who: str,
        now: dt.datetime,
    ) -> None: ...
    def tokens(self, account_id: int) -> list[ApiToken]: ...
    def token(self, token_hash: str, *, now: dt.datetime) -> ApiToken | None: ...
    def revoke_token(self, account_id: int, token_id: int, *, who: str, now: dt.datetime) -> bool: ...


@dataclass(frozen=True)
class People:
    """The use cases. Texts handed out (session id, link, token) are given once and cannot be had again."""

    store: PeopleStore
    clock: Clock
    hasher: PasswordHasher = field(default_factory=PasswordHasher)
    _gate: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_ONCE))

    @cached_property
    def _nobody(self) -> str:
        """A hash no password fits: an unknown name takes as long as a known one."""
        return self.hasher.hash(secrets.token_hex(32))

    @cached_property
    def second_factor(self) -> SecondFactor:
        return SecondFactor(self.store, self.clock)

    # --- signing in ------------------------------------------------------------------------------------------------

    def sign_in(self, name: str, password: str, code: str = "") -> str:
        """A new session id. Raises SignInRefused, with the same sentence whatever was wrong."""
        # Few at a time: a hash takes 64 MB, and a guess must not slip past the lock that others are just earning.
        with self._gate:
            return self.begin_session(self._signed_in(name, password, code))

    def _signed_in(self, name: str, password: str, code: str) -> Account:
        now, key = self.clock(), digest(f"name:{name}")
        failures, locked = self.store.locked_until(key)
        if locked is not None and locked > now:
            minutes = -(-int((locked - now).total_seconds()) // 60)
            raise SignInRefused(f"连续失败次数过多，请 {minutes} 分钟后再试。")
        found = self.store.credentials(name)
        if not self._verified(found, password, code):
            self.store.note_failure(key, lock_for=_lock_for, now=now)
            raise SignInRefused(_WRONG)
        assert found is not None
        if failures:
            self.store.forget_failures(key)
        if found.password_hash and self.hasher.check_needs_rehash(found.password_hash):
            self.store.rehash(found.account.id, self.hasher.hash(password))
        return found.account

    def begin_session(self, account: Account) -> str:
        """A fresh session id for somebody whose identity is proven; never one that came with the request."""
        session_id = secrets.token_urlsafe(32)
        now = self.clock()
        self.store.add_session(digest(session_id), account.id, expires_at=now + SESSION_LIFE, now=now)
        return session_id

    def session(self, session_id: str) -> Account | None:
        return self.store.session(digest(session_id), idle=SESSION_IDLE, now=self.clock()) if session_id else None

    def sign_out(self, session_id: str) -> None:
        self.store.end_session(digest(session_id))

    def _verified(self, found: Credentials | None, password: str, code: str) -> bool:
        stored = found.password_hash if found is not None and found.password_hash else self._nobody
        right = self._password_fits(stored, password)
        if not right or found is None:
            return False
        return found.totp is None or self.second_factor.fits(found.account.id, found.totp, code)

    def _password_fits(self, stored: str, password: str) -> bool:
        try:
            return self.hasher.verify(stored, password[:LONGEST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return False

    # --- the first set-up and invitations --------------------------------------------------------------------------

    def setup_link(self) -> str | None:
        """A one-time token to make the first administrator with; None when somebody can sign in already."""
        return None if self.store.has_accounts() else self._invite(None, who=_SETUP)

    def invite(self, account_id: int, *, who: str) -> str:
        """A one-time token with which the owner of the account sets a new password. Ends earlier ones."""
        return self._invite(account_id, who=who)

    def invitation(self, token: str) -> Invitation | None:
        found = self.store.invitation(digest(token), now=self.clock())
        if found is None or (found.account is None and self.store.has_accounts()):
            return None
        return None if found.account is not None and found.account.disabled_at is not None else found

    def accept(self, token: str, *, name: str, shown: str, password: str) -> Account:
        """Use the link: set the password, and for the first set-up make the account. ConfigError with what to mend."""
        found, now = self.invitation(token), self.clock()
        if found is None:
            raise ConfigError("链接无效或已过期。")
        account_name = found.account.name if found.account else name
        self._check_password(password, account_name)
        if found.account is None:
            self._check_name(name, shown)
        if not self.store.use_invitation(digest(token)):
            raise ConfigError("链接已经用过。")
        hashed = self.hasher.hash(password)
        if found.account is not None:
            self.store.set_password(found.account.id, hashed, who=found.account.who, now=now)
            self.store.forget_failures(digest(f"name:{found.account.name}"))
            account_id: int | None = found.account.id
        else:
            account_id = self.store.add_account(
                name, shown, Role.ADMINISTRATOR, password_hash=hashed, first=True, who=_SETUP, now=now
            )
        account = self.store.account(account_id) if account_id is not None else None
        if account is None:
            raise ConfigError("已经有账号了，请直接登录。")
        return account

    def _invite(self, account_id: int | None, *, who: str) -> str:
        token, now = secrets.token_urlsafe(32), self.clock()
        self.store.add_invitation(digest(token), account_id, expires_at=now + INVITATION_LIFE, who=who, now=now)
        return token

    # --- accounts --------------------------------------------------------------------------------------------------

    def add_account(self, name: str, shown: str, role: Role, *, who: str) -> str:
        """A new account without a password; the one-time token its owner sets one with."""
        self._check_name(name, shown)
        new = self.store.add_account(name, shown, role, password_hash=None, first=False, who=who, now=self.clock())
        if new is None:
            raise ConfigError(f"账号 {name} 已经有了，请换一个。")
        return self._invite(new, who=who)

    def amend(self, account_id: int, *, role: Role | None = None, disabled: bool | None = None, who: str) -> None:
        if self.store.account(account_id) is None:
            raise ConfigError("没有这个账号。")
        if not self.store.amend_account(account_id, role=role, disabled=disabled, who=who, now=self.clock()):
            raise ConfigError("至少要留一位能登录的管理员，没有改动。")

    def change_password(self, account: Account, *, old: str, new: str) -> str:
        """Set it after the old one was given; every session ends, and a new one is begun: its id."""
        found = self.store.credentials(account.name)
        if found is None or found.password_hash is None or not self._password_fits(found.password_hash, old):
            raise ConfigError("原密码不对，没有修改。")
        self._check_password(new, account.name)
        self.store.set_password(account.id, self.hasher.hash(new), who=account.who, now=self.clock())
        return self.begin_session(account)

    def check_password(self, account: Account, password: str) -> None:
        """Is it really they who sit there? ConfigError when not."""
        found = self.store.credentials(account.name)
        if found is None or found.password_hash is None or not self._password_fits(found.password_hash, password):
            raise ConfigError("密码不对，没有改动。")

    # --- API tokens ------------------------------------------------------------------------------------------------

    def add_token(self, account: Account, name: str, scopes: Sequence[str], *, days: int | None) -> str:
        """The token's text, shown once. A scope beyond the owner's role is refused."""
        if not name.strip() or not scopes:
            raise ConfigError("请写明用途，并至少选择一项权限。")
        if beyond := [s for s in scopes if s not in SCOPES or not account.role.may(SCOPES[s])]:
            raise ConfigError(f"您的角色没有这些权限：{'、'.join(beyond)}")
        token, now = TOKEN_PREFIX + secrets.token_urlsafe(32), self.clock()
        expires = now + dt.timedelta(days=days) if days else None
        self.store.add_token(
            digest(token), account.id, name.strip(), scopes, expires_at=expires, who=account.who, now=now
        )
        return token

    def token(self, text: str) -> ApiToken | None:
        return self.store.token(digest(text), now=self.clock()) if text.startswith(TOKEN_PREFIX) else None

    def revoke_token(self, account: Account, token_id: int) -> None:
        if not self.store.revoke_token(account.id, token_id, who=account.who, now=self.clock()):
            raise ConfigError("没有这个令牌，或已经作废。")

    # --- the rules -------------------------------------------------------------------------------------------------

    @staticmethod
    def _check_name(name: str, shown: str) -> None:
        if not _NAME.fullmatch(name):
            raise ConfigError("账号用 2 到 60 个字母、数字、汉字或 . _ - @，不能有空格。")
        if not 1 <= len(shown.strip()) <= 30:
            raise ConfigError("请填写姓名，最多 30 个字。")

    @staticmethod
    def _check_password(password: str, name: str) -> None:
        if len(password) < SHORTEST_PASSWORD:
            raise ConfigError(f"密码至少 {SHORTEST_PASSWORD} 个字符。")
        if len(password) > LONGEST_PASSWORD:
            raise ConfigError(f"密码最多 {LONGEST_PASSWORD} 个字符。")
        if len(set(password)) < 5 or name.lower() in password.lower():
            raise ConfigError("密码太容易猜：不要包含账号，也不要总用同几个字符。")


def _lock_for(failures: int) -> dt.timedelta | None:
    """The first few are free; then a minute, and twice as long each time, up to an hour."""
    over = failures - FREE_FAILURES
    return dt.timedelta(seconds=min(FIRST_LOCK_S * 2**over, LONGEST_LOCK_S)) if over >= 0 else None


def digest(text: str) -> str:
    """SHA-256 of a random text, hex. Enough for 256 random bits; passwords take argon2."""
    return hashlib.sha256(text.encode()).hexdigest()
