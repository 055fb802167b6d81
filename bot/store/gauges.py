"""How the installation stands, in a few cheap queries: what the metrics ask at every scrape."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from bot.domain.delivery import DeliveryState
from bot.domain.release import IssueState

from . import workers
from .database import known, version
from .part import Part
from .schema import IS_DUE, delivery, issue, message, plan, tally, target, worker
from .tally import WAITING


@dataclass(frozen=True, slots=True)
class Standing:
    """`due_since`: since when the delivery first in line has been due; None when none is. `deliveries`: by state, over
    all issues. `workers`: at work, by their heartbeats. `suspended`: robots a person must mend. `issues`: by state."""

    due_since: dt.datetime | None
    deliveries: Mapping[DeliveryState, int]
    workers: int
    suspended: int
    issues: Mapping[IssueState, int]


class Gauges(Part):
    def standing(self, *, now: dt.datetime) -> Standing:
        first = sa.select(sa.func.min(delivery.c.next_try_at)).where(IS_DUE)
        by_slot = sa.select(tally.c.slot, sa.func.sum(tally.c.count)).group_by(tally.c.slot)
        by_state = sa.select(issue.c.state, sa.func.count()).group_by(issue.c.state)
        alive = sa.select(sa.func.count()).where(
            worker.c.retired_at.is_(None), worker.c.heartbeat_at > now - workers.SILENCE
        )
        stopped = sa.select(sa.func.count()).where(target.c.suspended_at.is_not(None), target.c.removed_at.is_(None))
        with self.db.read() as connection:
            due: dt.datetime | None = connection.execute(first).scalar_one()
            slots = {row[0]: int(row[1]) for row in connection.execute(by_slot)}
            issues = {row[0]: row[1] for row in connection.execute(by_state)}
            at_work = connection.execute(alive).scalar_one()
            suspended = connection.execute(stopped).scalar_one()
        # `waiting` is pending behind something: an earlier part, a suspended robot.
        slots[DeliveryState.PENDING] = slots.get(DeliveryState.PENDING, 0) + slots.pop("waiting", 0)
        return Standing(
            due if due is not None and due <= now else None,
            {state: slots.get(state, 0) for state in DeliveryState},
            at_work,
            suspended,
            {state: issues.get(state, 0) for state in IssueState},
        )

    def counts_since(self, moment: dt.datetime) -> dict[int, dict[DeliveryState, int]]:
        """By issue, of those released since: how many deliveries are in each state. `pending` are those due alone, not
        what waits behind an earlier part or a suspended robot."""
        query = (
            sa.select(tally.c.issue_id, tally.c.slot, tally.c.count)
            .join(issue, issue.c.id == tally.c.issue_id)
            .where(issue.c.released_at >= moment, tally.c.count > 0, tally.c.slot != WAITING)
        )
        found: dict[int, dict[DeliveryState, int]] = {}
        with self.db.read() as connection:
            for issue_id, slot, count in connection.execute(query):
                found.setdefault(issue_id, {})[DeliveryState(slot)] = count
        return found

    def server_clock(self) -> dt.datetime | None:
        """What time it is where the database is; None where that is this machine's own clock."""
        with self.db.read() as connection:
            if connection.dialect.name == "sqlite":
                return None
            now: dt.datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return now

    def schema(self) -> tuple[str | None, str]:
        """(version of the tables, the newest this program knows)."""
        with self.db.read() as connection:
            return version(connection), known()[-1]

    def planned_at(self, message_id: int) -> dt.datetime:
        """The moment of the release, correction or reminder that this message belongs to."""
        query = sa.select(plan.c.created_at).join(message, message.c.plan_id == plan.c.id)
        with self.db.read() as connection:
            found: dt.datetime = connection.execute(query.where(message.c.id == message_id)).scalar_one()
        return found
