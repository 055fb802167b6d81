"""Sessions of those who signed in, and failures of those who did not. Ids and names arrive here hashed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress

import sqlalchemy as sa

from bot.domain.errors import DiskFull
from bot.domain.people import Account

from .history import Entry, record
from .part import Part
from .people import shown_account
from .schema import account, session, sign_in_failure

KEPT = dt.timedelta(days=1)
"""How long failed sign-ins are remembered."""


class Sessions(Part):
    def add_session(self, id_hash: str, account_id: int, *, expires_at: dt.datetime, now: dt.datetime) -> None:
        with self.db.write() as connection:
            connection.execute(sa.delete(session).where(session.c.expires_at <= now))
            row = {"id_hash": id_hash, "account_id": account_id, "created_at": now, "seen_at": now}
            connection.execute(sa.insert(session).values(**row, expires_at=expires_at))
            owner = shown_account(connection.execute(sa.select(account).where(account.c.id == account_id)).one())
            entry = Entry("account.signed_in", f"account:{account_id}")
            record(connection, [entry], who=owner.who, why="", now=now)

    def session(self, id_hash: str, *, idle: dt.timedelta, now: dt.datetime) -> Account | None:
        """Whose it is; None when it is unknown, over, unused for `idle`, or its account is disabled."""
        query = (
            sa.select(account, session.c.seen_at)
            .join(session, session.c.account_id == account.c.id)
            .where(
                session.c.id_hash == id_hash,
                session.c.expires_at > now,
                session.c.seen_at > now - idle,
                account.c.disabled_at.is_(None),
            )
        )
        with self.db.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        if now - row.seen_at > idle / 10:
            # Not at every click: a page view must not wait for the writer. Nor for room on the disk.
            with suppress(DiskFull), self.db.write() as connection:
                connection.execute(sa.update(session).where(session.c.id_hash == id_hash).values(seen_at=now))
        return shown_account(row)

    def end_session(self, id_hash: str) -> None:
        with self.db.write() as connection:
            connection.execute(sa.delete(session).where(session.c.id_hash == id_hash))

    # --- failed sign-ins -------------------------------------------------------------------------------------------

    def locked_until(self, name_hash: str) -> tuple[int, dt.datetime | None]:
        """(failures in a row, locked until when)."""
        query = sa.select(sign_in_failure).where(sign_in_failure.c.name_hash == name_hash)
        with self.db.read() as connection:
            row = connection.execute(query).one_or_none()
        return (0, None) if row is None else (row.failures, row.locked_until)

    def note_failure(self, name_hash: str, *, lock_for: Callable[[int], dt.timedelta | None], now: dt.datetime) -> None:
        """One more in a row. `lock_for` says how long that many lock the name, if at all; it is asked with the count
        as it stands in this transaction, so that guesses made at once all count."""
        mine = sign_in_failure.c.name_hash == name_hash
        with self.db.write() as connection:
            connection.execute(sa.delete(sign_in_failure).where(sign_in_failure.c.last_at < now - KEPT))
            before = connection.execute(sa.select(sign_in_failure.c.failures).where(mine)).scalar_one_or_none()
            failures = (before or 0) + 1
            lock = lock_for(failures)
            values = {"failures": failures, "last_at": now, "locked_until": now + lock if lock else None}
            if before is None:
                connection.execute(sa.insert(sign_in_failure).values(name_hash=name_hash, **values))
            else:
                connection.execute(sa.update(sign_in_failure).where(mine).values(values))

    def forget_failures(self, name_hash: str) -> None:
        with self.db.write() as connection:
            connection.execute(sa.delete(sign_in_failure).where(sign_in_failure.c.name_hash == name_hash))
