"""Open deliveries of a target that must not be sent to: out of the queue, and back into it, never out of sight."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import sqlalchemy as sa

from bot.domain.delivery import DeliveryState

from . import tally
from .schema import IS_DUE, IS_OPEN, delivery

_target: sa.BindParameter[int] = sa.bindparam("the_target")

_DUE_OF_TARGET = (
    sa.select(delivery.c.issue_id, sa.func.count())
    .where(delivery.c.target_id == _target, IS_OPEN, IS_DUE, delivery.c.state == DeliveryState.PENDING.value)
    .group_by(delivery.c.issue_id)
)
_PARK = sa.update(delivery).where(delivery.c.target_id == _target, IS_OPEN, IS_DUE).values(next_try_at=None)

_earlier = delivery.alias("earlier")
_WAITING_OF_TARGET = sa.select(delivery.c.id, delivery.c.issue_id, delivery.c.state).where(
    delivery.c.target_id == _target,
    IS_OPEN,
    delivery.c.next_try_at.is_(None),
    sa.or_(
        delivery.c.part == 1,
        sa.exists().where(
            _earlier.c.revision_id == delivery.c.revision_id,
            _earlier.c.target_id == delivery.c.target_id,
            _earlier.c.kind == delivery.c.kind,
            _earlier.c.round == delivery.c.round,
            _earlier.c.part == delivery.c.part - 1,
            _earlier.c.state == DeliveryState.ACCEPTED.value,
        ),
    ),
)
_UNPARK = sa.update(delivery).where(delivery.c.id == sa.bindparam("the_id")).values(next_try_at=sa.bindparam("due"))


def park(connection: sa.Connection, target_ids: Iterable[int], shift: tally.Shift) -> None:
    """Nothing more is claimed for these targets; what was open stays open, and stays visible."""
    for target_id in target_ids:
        for issue_id, count in connection.execute(_DUE_OF_TARGET, {"the_target": target_id}):
            tally.move(shift, issue_id, DeliveryState.PENDING, tally.WAITING, count)
        connection.execute(_PARK, {"the_target": target_id})


def unpark(connection: sa.Connection, target_ids: Iterable[int], shift: tally.Shift, *, now: dt.datetime) -> None:
    """What waited for these targets is due `now`; a later part still waits for the earlier one."""
    for target_id in target_ids:
        rows = connection.execute(_WAITING_OF_TARGET, {"the_target": target_id}).all()
        for row in rows:
            if row.state is DeliveryState.PENDING:
                tally.move(shift, row.issue_id, tally.WAITING, DeliveryState.PENDING)
        if rows:
            connection.execute(_UNPARK, [{"the_id": row.id, "due": now} for row in rows])
