"""Seeds of second factors: sealed, both those that count and those that their owner has not confirmed yet."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from bot.domain.secret import Secret

from . import keys
from .history import Entry, record
from .part import Part
from .schema import account, totp_enrolment
from .vault import ACCOUNT_TOTP, ENROLLED_TOTP


class SecondFactors(Part):
    def keep_enrolment(self, account_id: int, seed: Secret, *, now: dt.datetime) -> None:
        """In the place of an earlier one. Nothing is on record yet, for nothing has changed."""
        with self.db.write() as connection:
            keys.guard(connection, self.vault)
            _forget(connection, account_id)
            sealed = self.vault.seal_bytes(seed.reveal().encode(), column=ENROLLED_TOTP)
            row = {"account_id": account_id, "seed": sealed, "created_at": now}
            connection.execute(sa.insert(totp_enrolment).values(row))

    def enrolment(self, account_id: int, *, since: dt.datetime) -> Secret | None:
        """The seed, unless it was begun before `since`."""
        query = sa.select(totp_enrolment.c.seed).where(
            totp_enrolment.c.account_id == account_id, totp_enrolment.c.created_at >= since
        )
        with self.db.read() as connection:
            sealed = connection.execute(query).scalar_one_or_none()
        return None if sealed is None else Secret(self.vault.open_bytes(sealed, column=ENROLLED_TOTP).decode())

    def end_enrolment(self, account_id: int) -> None:
        with self.db.write() as connection:
            _forget(connection, account_id)

    def set_totp(self, account_id: int, seed: Secret | None, *, who: str, now: dt.datetime) -> None:
        """From now on codes of this seed are asked for; None: none are."""
        action = "account.totp_on" if seed is not None else "account.totp_off"
        with self.db.write() as connection:
            keys.guard(connection, self.vault)
            sealed = self.vault.seal(seed, column=ACCOUNT_TOTP) if seed is not None else None
            mine = account.c.id == account_id
            connection.execute(sa.update(account).where(mine).values(totp=sealed, totp_step=0))
            _forget(connection, account_id)
            record(connection, [Entry(action, f"account:{account_id}")], who=who, why="", now=now)

    def use_totp_step(self, account_id: int, step: int) -> bool:
        """True once for each time step: a code that was seen over the shoulder opens nothing."""
        query = sa.update(account).where(account.c.id == account_id, account.c.totp_step < step).values(totp_step=step)
        with self.db.write() as connection:
            return connection.execute(query).rowcount == 1


def _forget(connection: sa.Connection, account_id: int) -> None:
    connection.execute(sa.delete(totp_enrolment).where(totp_enrolment.c.account_id == account_id))
