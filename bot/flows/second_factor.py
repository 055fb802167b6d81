"""The second factor (动态口令): six digits from an app, by RFC 6238.

A new seed is kept in the store until its owner proves with a code that the app has it. So no form and no address
carries it; it is shown to its owner alone, as a picture and as text, for a quarter of an hour.
"""

from __future__ import annotations

import datetime as dt
import hmac
import re
from dataclasses import dataclass
from typing import Protocol

import pyotp

from bot.domain.errors import ConfigError
from bot.domain.people import Account
from bot.domain.secret import Secret

from .ports import Clock

STEP_S = 30
ENROLMENT_LIFE = dt.timedelta(minutes=15)


class SecondFactorStore(Protocol):
    """The store's side; see bot/store/second_factor.py for what each promises."""

    def keep_enrolment(self, account_id: int, seed: Secret, *, now: dt.datetime) -> None: ...
    def enrolment(self, account_id: int, *, since: dt.datetime) -> Secret | None: ...
    def end_enrolment(self, account_id: int) -> None: ...
    def set_totp(self, account_id: int, seed: Secret | None, *, who: str, now: dt.datetime) -> None: ...
    def use_totp_step(self, account_id: int, step: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """The use cases."""

    store: SecondFactorStore
    clock: Clock

    def begin(self, account: Account) -> None:
        """A new seed to be shown to its owner; one that was begun before is of no use any more."""
        self.store.keep_enrolment(account.id, Secret(pyotp.random_base32()), now=self.clock())

    def seed(self, account: Account) -> Secret | None:
        """The seed that was begun and not confirmed, as long as it is fresh."""
        return self.store.enrolment(account.id, since=self.clock() - ENROLMENT_LIFE)

    def address(self, account: Account) -> Secret | None:
        """What authenticator apps read from a picture, `otpauth://…`."""
        seed = self.seed(account)
        if seed is None:
            return None
        return Secret(pyotp.TOTP(seed.reveal()).provisioning_uri(name=account.name, issuer_name="简报"))

    def confirm(self, account: Account, code: str) -> None:
        """The app has it: from now on a code is asked for. The code that proves it opens nothing afterwards."""
        seed = self.seed(account)
        if seed is None:
            raise ConfigError("时间太久，密钥已失效，请重新开始。")
        step = self._step(seed, code)
        if step is None:
            raise ConfigError("动态口令不对：请核对手机时间，输入应用里当前的 6 位数字。")
        self.store.set_totp(account.id, seed, who=account.who, now=self.clock())
        self.store.use_totp_step(account.id, step)

    def give_up(self, account: Account) -> None:
        """Forget a seed that was begun; one that counts already goes on counting."""
        self.store.end_enrolment(account.id)

    def end(self, account: Account, *, who: str) -> None:
        self.store.set_totp(account.id, None, who=who, now=self.clock())

    def fits(self, account_id: int, seed: Secret, code: str) -> bool:
        """True once for each code: one that was seen over the shoulder opens nothing."""
        step = self._step(seed, code)
        return step is not None and self.store.use_totp_step(account_id, step)

    def _step(self, seed: Secret, code: str) -> int | None:
        """The time step whose code this is: the present one, or the one before or after, for clocks differ."""
        totp, digits = pyotp.TOTP(seed.reveal()), re.sub(r"\s", "", code)
        now = int(self.clock().timestamp()) // STEP_S
        fitting = (step for step in (now, now - 1, now + 1) if _same(totp.generate_otp(step), digits))
        return next(fitting, None)


def _same(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode())
