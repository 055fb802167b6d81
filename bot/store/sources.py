"""What looks out by itself: the sources and how they fare, and the alerts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from bot.domain.signoff import SourceHealth

from .history import Entry, record
from .part import Part
from .schema import source_state

_TURNS = sa.text(
    "INSERT INTO source_state (id, state, failures, trouble) VALUES (:name, '{}', 0, '') ON CONFLICT DO NOTHING"
)


class Sources(Part):
    def source_state(self, source_id: str) -> Mapping[str, Any]:
        """What the source wanted to find again; {} at first."""
        with self.db.read() as connection:
            found = connection.execute(sa.select(source_state.c.state).where(source_state.c.id == source_id)).scalar()
        return found or {}

    def source_good(self, source_id: str, state: Mapping[str, Any], *, now: dt.datetime) -> None:
        self._keep_source(
            source_id, {"state": dict(state), "polled_at": now, "good_at": now, "failures": 0, "trouble": ""}
        )

    def source_failed(self, source_id: str, trouble: str, *, now: dt.datetime, alert_after: int) -> int:
        """Note a failure; how many there were in a row. The `alert_after`-th in a row goes into the history."""
        with self.db.read() as connection:
            before = connection.execute(
                sa.select(source_state.c.failures).where(source_state.c.id == source_id)
            ).scalar_one_or_none()
        failures = (before or 0) + 1
        self._keep_source(source_id, {"polled_at": now, "failures": failures, "trouble": trouble})
        if failures == alert_after:
            with self.db.write() as connection:
                entry = Entry("source.failing", f"source:{source_id}", after={"failures": failures})
                record(connection, [entry], who="来源", why=trouble, now=now)
        return failures

    def source_healths(self) -> list[SourceHealth]:
        """How every source fares that was looked at once; ids that begin with a colon are not sources."""
        query = sa.select(source_state).where(source_state.c.id.not_like(":%")).order_by(source_state.c.id)
        with self.db.read() as connection:
            return [
                SourceHealth(row.id, row.polled_at, row.good_at, row.failures, row.trouble)
                for row in connection.execute(query)
            ]

    def _keep_source(self, source_id: str, values: dict[str, Any]) -> None:
        with self.db.write() as connection:
            done = connection.execute(
                sa.update(source_state).where(source_state.c.id == source_id).values(**values)
            ).rowcount
            if not done:
                row = {"state": {}, "good_at": None, **values, "id": source_id}
                connection.execute(sa.insert(source_state).values(row))

    def take_turn(self, name: str, *, now: dt.datetime, until: dt.datetime) -> bool:
        """Does the caller alone do now what is called `name`? Others are told no until it ends its turn, or died and
        `until` has passed. `name` begins with a colon, which no source's id does."""
        taken = (
            sa.update(source_state)
            .where(
                source_state.c.id == name,
                # A turn that began in the future is from before the clock was set back.
                sa.or_(source_state.c.good_at.is_(None), source_state.c.good_at <= now, source_state.c.polled_at > now),
            )
            .values(polled_at=now, good_at=until)
        )
        with self.db.write() as connection:
            connection.execute(_TURNS, {"name": name})
            return connection.execute(taken).rowcount > 0

    def end_turn(self, name: str) -> None:
        with self.db.write() as connection:
            connection.execute(sa.update(source_state).where(source_state.c.id == name).values(good_at=None))
