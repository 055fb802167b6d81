"""Dated changes of the directory: entered, listed, withdrawn, and carried out once. Their steps may hold addresses and
secrets, so they are sealed whole."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

import sqlalchemy as sa

from bot.domain.dated import OPEN, DatedChange, DatedState, Steps
from bot.domain.directory import Directory
from bot.domain.encoding import from_plain, to_plain
from bot.domain.errors import Conflict

from .columns import AnyRow
from .desk import Desk
from .history import Entry, record
from .keys import guard
from .schema import dated_change
from .vault import DATED_STEPS


class DatedChanges(Desk):
    def add_dated(
        self,
        steps: Steps,
        effective_on: dt.date,
        shown: Mapping[str, Any],
        *,
        who: str,
        why: str,
        now: dt.datetime,
    ) -> int:
        """Enter one; its id. `shown` goes on record and holds no secrets."""
        row = {
            "effective_on": effective_on.isoformat(),
            "state": DatedState.WAITING,
            "steps": self.vault.seal_bytes(json.dumps(to_plain(steps)).encode(), column=DATED_STEPS),
            "who": who,
            "why": why,
            "entered_at": now,
            "trouble": "",
        }
        with self.db.write() as connection:
            guard(connection, self.vault)
            new: int = connection.execute(sa.insert(dated_change).values(row).returning(dated_change.c.id)).scalar_one()
            entry = Entry("directory.dated", f"dated:{new}", after={"effective_on": row["effective_on"], **shown})
            record(connection, [entry], who=who, why=why, now=now)
        return new

    def dated_changes(
        self, states: Collection[DatedState] = OPEN, *, until: dt.date | None = None
    ) -> list[DatedChange]:
        """Those in these states, in the order in which they take effect; with `until`, those due by that day."""
        query = sa.select(dated_change).where(dated_change.c.state.in_(list(states)))
        if until is not None:
            query = query.where(dated_change.c.effective_on <= until.isoformat())
        with self.db.read() as connection:
            rows = connection.execute(query.order_by(dated_change.c.effective_on, dated_change.c.id)).all()
        return [self._dated(row) for row in rows]

    def apply_dated(
        self, change_id: int, act: Callable[[Directory], Directory], *, who: str, why: str, now: dt.datetime
    ) -> DatedState | None:
        """Carry it out with one conditional update; None when somebody else did, or withdrew it.

        When `act` raises Conflict the directory stays as it is, and the change is held with the reason.
        """
        with self.db.write() as connection:
            if not _move(connection, change_id, (DatedState.WAITING,), DatedState.APPLIED, now):
                return None
            try:
                self._edit(connection, act, who=who, why=why, now=now)
            except Conflict as conflict:
                held = {"state": DatedState.HELD, "trouble": str(conflict), "settled_at": None}
                connection.execute(sa.update(dated_change).where(dated_change.c.id == change_id).values(held))
                entry = Entry("directory.dated_held", f"dated:{change_id}", after={"reason": str(conflict)})
                record(connection, [entry], who=who, why=why, now=now)
                return DatedState.HELD
            record(connection, [Entry("directory.dated_applied", f"dated:{change_id}")], who=who, why=why, now=now)
        self._kept = None
        return DatedState.APPLIED

    def withdraw_dated(self, change_id: int, *, who: str, now: dt.datetime) -> bool:
        """False when it has taken effect already, or was withdrawn."""
        with self.db.write() as connection:
            if not _move(connection, change_id, OPEN, DatedState.WITHDRAWN, now):
                return False
            entry = Entry("directory.dated_withdrawn", f"dated:{change_id}")
            record(connection, [entry], who=who, why="", now=now)
        return True

    def retry_dated(self, change_id: int, *, who: str, now: dt.datetime) -> bool:
        """A held one waits again; False when it is not held."""
        with self.db.write() as connection:
            if not _move(connection, change_id, (DatedState.HELD,), DatedState.WAITING, None):
                return False
            record(connection, [Entry("directory.dated_retried", f"dated:{change_id}")], who=who, why="", now=now)
        return True

    def _dated(self, row: AnyRow) -> DatedChange:
        text = self.vault.open_bytes(row.steps, column=DATED_STEPS)
        return DatedChange(
            id=row.id,
            effective_on=dt.date.fromisoformat(row.effective_on),
            state=row.state,
            steps=from_plain(Steps, json.loads(text)),
            who=row.who,
            why=row.why,
            entered_at=row.entered_at,
            trouble=row.trouble,
        )


def _move(
    connection: sa.Connection,
    change_id: int,
    expected: Collection[DatedState],
    state: DatedState,
    settled_at: dt.datetime | None,
) -> bool:
    """One conditional update: of two who act on it at once, one does."""
    moved = connection.execute(
        sa.update(dated_change)
        .where(dated_change.c.id == change_id, dated_change.c.state.in_(list(expected)))
        .values(state=state, settled_at=settled_at, trouble="")
    )
    return moved.rowcount == 1
