"""What grows and is of no more use, or has been kept for as long as the settings say. Deliveries, attempts and receipts
stay for good; of receipts only the platform's words may go.

Each step is a small transaction, so that no delivery waits for it; what was cleared is on record.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa

from bot.domain.delivery import DeliveryState
from bot.domain.release import IssueState
from bot.domain.retention import Kept, Retention

from . import history as trail
from .part import Part
from .schema import (
    history,
    history_head,
    issue,
    message,
    original,
    plan,
    reader_event,
    receipt,
    revision,
    tally,
    worker,
)
from .uploads import forget_uploads

REMEMBERED = dt.timedelta(days=7)
"""How long a worker that has retired is still listed."""
CHUNK = 500
CUT_AT_ONCE = dt.timedelta(days=7)
"""The trail is cut when so much of it has had its time: each cut adds a row to it."""
MACHINE = "保存期限"
"""Who clears, in the history."""

_ENDED = (DeliveryState.ACCEPTED.value, DeliveryState.CANCELLED.value)
_OPEN = sa.select(tally.c.issue_id).where(tally.c.slot.not_in(_ENDED), tally.c.count > 0)
_DONE = sa.select(issue.c.id).where(
    issue.c.state.in_([IssueState.RELEASED, IssueState.CANCELLED]), issue.c.id.not_in(_OPEN)
)
"""Issues of which nothing can be sent again: every delivery arrived, or was called off."""


@dataclass(frozen=True, slots=True)
class Clearing:
    """One kind: which rows have something to clear, when it came to be, and what takes its place."""

    table: sa.Table
    born: sa.ColumnElement[dt.datetime]
    rows: sa.Select[*tuple[Any, ...]]
    blank: Mapping[str, object]

    def run(self, before: dt.datetime, connection: sa.Connection) -> int:
        """Up to CHUNK of them; how many."""
        keys = list(self.table.primary_key.columns)
        found = connection.execute(self.rows.with_only_columns(*keys).where(self.born < before).limit(CHUNK)).all()
        if found:
            mine = [key == sa.bindparam(f"the_{key.name}") for key in keys]
            query = sa.update(self.table).where(*mine).values(self.blank)
            connection.execute(query, [{f"the_{name}": value for name, value in row._mapping.items()} for row in found])
        return len(found)

    def standing(self, connection: sa.Connection, before: dt.datetime) -> tuple[int, dt.datetime | None]:
        """(how many may go now, when the eldest of the others came to be)."""
        count = self.rows.with_only_columns(sa.func.count()).where(self.born < before)
        first = self.rows.with_only_columns(sa.func.min(self.born)).where(self.born >= before)
        return connection.execute(count).scalar_one(), connection.execute(first).scalar_one()


CLEARED: Mapping[Kept, Clearing] = {
    Kept.MESSAGES: Clearing(
        message,
        plan.c.created_at,
        sa.select(message)
        .join(plan, plan.c.id == message.c.plan_id)
        .where(sa.func.length(message.c.body) > 0, plan.c.issue_id.in_(_DONE)),
        {"body": b""},
    ),
    Kept.VENDOR_TEXTS: Clearing(
        receipt,
        receipt.c.finished_at,
        sa.select(receipt).where(receipt.c.vendor_message.is_not(None)),
        {"vendor_message": None},
    ),
    Kept.ORIGINALS: Clearing(
        original,
        original.c.received_at,
        sa.select(original)
        .join(revision, revision.c.id == original.c.revision_id)
        .where(sa.func.length(original.c.content) > 0, revision.c.issue_id.in_(_DONE)),
        {"content": b""},
    ),
    Kept.READER_NAMES: Clearing(
        reader_event,
        reader_event.c.at,
        sa.select(reader_event).where(sa.or_(reader_event.c.name != "", reader_event.c.office != "")),
        {"name": "", "office": ""},
    ),
}


@dataclass(frozen=True, slots=True)
class Due:
    """What is still to be cleared of one kind: how much may go now, and when the next may (None: nothing is left)."""

    kept: Kept
    now: int
    next_at: dt.datetime | None


class Housekeeping(Part):
    def housekeep(self, *, now: dt.datetime) -> int:
        """Forget workers that retired long ago (how many), and let SQLite refresh the statistics its plans rest on."""
        with self.db.write() as connection:
            gone = connection.execute(sa.delete(worker).where(worker.c.retired_at < now - REMEMBERED)).rowcount
            forget_uploads(connection, now=now)
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA optimize")
        return gone

    def clear(self, retention: Retention, *, now: dt.datetime) -> Mapping[Kept, int]:
        """Clear what has been kept for its days; how many of each kind."""
        cleared: dict[Kept, int] = {}
        for kept, clearing in CLEARED.items():
            before = retention.before(kept, now)
            if before is not None and (count := self._in_chunks(partial(clearing.run, before))):
                cleared[kept] = count
                after = {"rows": count, "before": before.isoformat()}
                with self.db.write() as connection:
                    entry = trail.Entry("retention.cleared", f"retention:{kept}", after=after)
                    trail.record(connection, [entry], who=MACHINE, why="", now=now)
        before = retention.before(Kept.AUDIT, now)
        if before is not None and (count := self._cut(before, now)):
            cleared[Kept.AUDIT] = count
        return cleared

    def due(self, retention: Retention, *, now: dt.datetime) -> list[Due]:
        """What `clear` would do, and when there is more to do; kinds kept for ever are left out."""
        found = []
        with self.db.read() as connection:
            for kept in Kept:
                before = retention.before(kept, now)
                if before is not None:
                    standing = CLEARED[kept].standing if kept in CLEARED else _trail_standing
                    count, first = standing(connection, before)
                    found.append(Due(kept, count, retention.goes_at(kept, first) if first else None))
        return found

    def _in_chunks(self, clear: Callable[[sa.Connection], int]) -> int:
        total = 0
        while True:
            with self.db.write() as connection:
                count = clear(connection)
            total += count
            if count < CHUNK:
                return total

    def _cut(self, before: dt.datetime, now: dt.datetime) -> int:
        """Cut the trail behind a checkpoint, then drop what was cut; also what an earlier cut has left undone."""
        with self.db.write() as connection:
            head = connection.execute(sa.select(history_head)).one()
            kept = sa.select(history).where(history.c.id > head.cut)
            first = connection.execute(kept.with_only_columns(sa.func.min(history.c.at))).scalar_one()
            # In the order of the chain: a clock that was set back must not take a row out of its middle.
            stays = kept.with_only_columns(sa.func.min(history.c.id)).where(history.c.at >= before)
            through = connection.execute(stays).scalar_one()
            through = head.rows if through is None else through - 1
            if first is not None and first < before - CUT_AT_ONCE and through > head.cut:
                trail.cut(connection, through, who=MACHINE, why="", now=now)
        return self._in_chunks(_drop_cut)


def _drop_cut(connection: sa.Connection) -> int:
    cut = sa.select(history_head.c.cut).scalar_subquery()
    ids = connection.execute(sa.select(history.c.id).where(history.c.id <= cut).limit(CHUNK)).scalars().all()
    if ids:
        connection.execute(sa.delete(history).where(history.c.id.in_(ids)))
    return len(ids)


def _trail_standing(connection: sa.Connection, before: dt.datetime) -> tuple[int, dt.datetime | None]:
    count = sa.select(sa.func.count()).select_from(history).where(history.c.at < before)
    first = sa.select(sa.func.min(history.c.at)).where(history.c.at >= before)
    return connection.execute(count).scalar_one(), connection.execute(first).scalar_one()
