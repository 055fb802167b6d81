"""*People*: who may do what at the pages and the API."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from .errors import ConfigError
from .secret import Secret


class Role(StrEnum):
    """Each role may do what the ones before it may, and more."""

    VIEWER = "viewer"
    EDITOR = "editor"
    APPROVER = "approver"
    ADMINISTRATOR = "administrator"

    @property
    def chinese(self) -> str:
        return _ROLES[self][0]

    @property
    def promise(self) -> str:
        """One sentence for the person who hands out roles."""
        return _ROLES[self][1]

    @property
    def scope(self) -> str:
        """The word an API token must carry to act with this role: `read`, `edit`, `release`, `administer`."""
        return _ROLES[self][2]

    def may(self, needed: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


_ROLES: dict[Role, tuple[str, str, str]] = {
    Role.VIEWER: ("查看", "查看期刊、名录和回执，不能改动。", "read"),
    Role.EDITOR: ("编辑", "上传和更正期刊，维护名录，测试群机器人。", "edit"),
    Role.APPROVER: ("审批", "批准、暂停、改期、发布，处理失败和存疑，催办。", "release"),
    Role.ADMINISTRATOR: ("管理员", "管理账号，导出含地址的名录，查看审计记录。", "administer"),
}
SCOPES: dict[str, Role] = {role.scope: role for role in Role}


class SignInRefused(ConfigError):  # noqa: N818 - said of the sign-in, like DocumentRefused
    """A sign-in failed. The message is the same for a wrong name, password or code, so that it tells nothing."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may sign in. `name` is what they type, `shown` what history and pages say."""

    id: int
    name: str
    shown: str
    role: Role
    created_at: dt.datetime
    disabled_at: dt.datetime | None = None
    has_password: bool = False
    has_totp: bool = False

    @property
    def who(self) -> str:
        """How history names this person; unique, so that two approvers of one name stay two."""
        return f"{self.shown}（{self.name}）"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signing in is checked against. `totp_step`: the last time step whose code was used; never again."""

    account: Account
    password_hash: str | None
    totp: Secret | None
    totp_step: int


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time link: to set a password for `account`, or, with None, to make the first administrator."""

    account: Account | None
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as its owner sees it again: never the text, only what it may do."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: dt.datetime
    expires_at: dt.datetime | None
    used_at: dt.datetime | None
    revoked_at: dt.datetime | None
    account: Account


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer kept under an idempotency key. `fingerprint` is of the request it answered."""

    fingerprint: str
    status: int
    body: str
