"""How many deliveries of an issue stand where, without counting a million rows.

A *slot* is a delivery state, or `waiting`: open but not due, behind an earlier part or a suspended target.
Whoever changes a delivery's state passes the difference to `shift` in the same transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import sqlalchemy as sa

from bot.domain.delivery import DeliveryState

from .schema import tally

WAITING = "waiting"
SLOTS: tuple[str, ...] = (*(state.value for state in DeliveryState), WAITING)

Shift = Counter[tuple[int, str]]
"""(issue id, slot) -> how many more."""

_ADD = (
    sa.update(tally)
    .where(tally.c.issue_id == sa.bindparam("the_issue"), tally.c.slot == sa.bindparam("the_slot"))
    .values(count=tally.c.count + sa.bindparam("more"))
)


def begin(connection: sa.Connection, issue_id: int) -> None:
    """Give a new issue its slots, all empty."""
    connection.execute(sa.insert(tally), [{"issue_id": issue_id, "slot": slot, "count": 0} for slot in SLOTS])


def move(shift: Shift, issue_id: int, before: str, after: str, count: int = 1) -> None:
    shift[issue_id, before] -= count
    shift[issue_id, after] += count


def apply(connection: sa.Connection, shift: Shift) -> None:
    """In a fixed order, so that two writers cannot wait for each other."""
    rows = [{"the_issue": key[0], "the_slot": key[1], "more": more} for key, more in sorted(shift.items()) if more]
    if rows:
        connection.execute(_ADD, rows)


def slots(connection: sa.Connection, issue_id: int) -> Mapping[str, int]:
    rows = connection.execute(sa.select(tally.c.slot, tally.c.count).where(tally.c.issue_id == issue_id))
    return {row[0]: row[1] for row in rows}
