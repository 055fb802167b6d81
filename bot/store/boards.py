"""What one look at an issue shows: the wall of its units, and who has signed; quick with thousands of units."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bot.domain.card import CardKind
from bot.domain.delivery import DeliveryState
from bot.domain.pages import WORST_FIRST, Tile, UnitState
from bot.domain.signoff import SignOff, SignOffCount

from .part import Part
from .schema import delivery, reader_event, recipient
from .signoffs import OPENED, SIGNED

_RANK = sa.case(*((delivery.c.state == state, place) for place, state in enumerate(WORST_FIRST)))
_opened = reader_event.alias("opened")
_signed = reader_event.alias("signed")
_HAS_OPENED = sa.and_(_opened.c.delivery_id == delivery.c.id, _opened.c.kind == OPENED)
_HAS_SIGNED = sa.and_(_signed.c.delivery_id == delivery.c.id, _signed.c.kind == SIGNED)
_IS_THERE = sa.and_(delivery.c.kind != CardKind.REMINDER, delivery.c.state == DeliveryState.ACCEPTED)


class Boards(Part):
    # --- the wall --------------------------------------------------------------------------------------------------

    def unit_states(self, issue_id: int) -> list[UnitState]:
        """Every unit that has a delivery of the issue itself or its correction, in the order of the plan."""
        first = sa.func.min(delivery.c.id)
        query = (
            sa.select(delivery.c.recipient_id, sa.func.min(_RANK), first)
            .where(delivery.c.issue_id == issue_id, delivery.c.round == 0)
            .group_by(delivery.c.recipient_id)
            .order_by(first)
        )
        with self.db.read() as connection:
            rows = connection.execute(query).all()
        return [UnitState(unit, WORST_FIRST[rank], one) for unit, rank, one in rows]

    def tiles(self, units: Sequence[UnitState]) -> list[Tile]:
        """These units with their names, in the order given."""
        query = (
            sa.select(delivery.c.id, recipient.c.name, delivery.c.list_kind)
            .join(recipient, recipient.c.id == delivery.c.recipient_id)
            .where(delivery.c.id.in_([unit.delivery_id for unit in units]))
        )
        with self.db.read() as connection:
            known = {row.id: row for row in connection.execute(query)}
        found = ((unit, known[unit.delivery_id]) for unit in units)
        return [Tile(unit.recipient_id, row.name, row.list_kind, unit.state) for unit, row in found]

    # --- who has signed --------------------------------------------------------------------------------------------

    def signoffs(self, issue_id: int) -> list[SignOff]:
        """The sign-off board: one line a recipient, in the order of the plan."""
        with self.db.read() as connection:
            return _lines(connection, _board(issue_id))

    def signoff_page(
        self, issue_id: int, *, unsigned: bool = False, limit: int = 50, offset: int = 0
    ) -> tuple[list[SignOff], SignOffCount]:
        """(a page of the board, how many there are in all of it). `unsigned`: of those alone who have it and have not
        signed."""
        signed_at = sa.func.min(_signed.c.at).label("signed_at")
        arrived_at = sa.func.min(sa.case((_IS_THERE, delivery.c.settled_at))).label("arrived_at")
        units = (
            sa.select(delivery.c.recipient_id, sa.func.min(delivery.c.id).label("first"), signed_at, arrived_at)
            .outerjoin(_signed, _HAS_SIGNED)
            .where(delivery.c.issue_id == issue_id, delivery.c.part == 1)
            .group_by(delivery.c.recipient_id)
            .subquery()
        )
        waits = sa.and_(units.c.signed_at.is_(None), units.c.arrived_at.is_not(None))
        counts = sa.select(
            sa.func.count(),
            sa.func.count(units.c.signed_at),
            sa.func.coalesce(sa.func.sum(sa.case((waits, 1), else_=0)), 0),
        ).select_from(units)
        page = sa.select(units.c.recipient_id).order_by(units.c.first).limit(limit).offset(offset)
        with self.db.read() as connection:
            count = SignOffCount(*connection.execute(counts).one())
            chosen = connection.execute(page.where(waits) if unsigned else page).scalars().all()
            lines = _lines(connection, _board(issue_id).where(delivery.c.recipient_id.in_(chosen)))
        return lines, count


def _board(issue_id: int) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(
            delivery.c.recipient_id,
            recipient.c.name.label("recipient_name"),
            delivery.c.list_kind,
            delivery.c.kind,
            delivery.c.state,
            delivery.c.settled_at,
            _opened.c.at.label("opened_at"),
            _signed.c.at.label("signed_at"),
            _signed.c.name.label("signed_by"),
            _signed.c.office,
        )
        .join(recipient, recipient.c.id == delivery.c.recipient_id)
        .outerjoin(_opened, _HAS_OPENED)
        .outerjoin(_signed, _HAS_SIGNED)
        .where(delivery.c.issue_id == issue_id, delivery.c.part == 1)
        .order_by(delivery.c.id)
    )


def _lines(connection: sa.Connection, board: sa.Select[*tuple[Any, ...]]) -> list[SignOff]:
    lines: dict[str, dict[str, Any]] = {}
    for row in connection.execute(board):
        line = lines.setdefault(
            row.recipient_id,
            {
                "recipient_id": row.recipient_id,
                "recipient_name": row.recipient_name,
                "list_kind": row.list_kind,
                "delivered_at": None,
                "opened_at": None,
                "signed_at": None,
                "name": "",
                "office": "",
                "reminders": 0,
                "reminded_at": None,
            },
        )
        if row.kind is CardKind.REMINDER:
            line["reminders"] += 1
            line["reminded_at"] = row.settled_at
        elif row.state is DeliveryState.ACCEPTED:
            line["delivered_at"] = _first(line["delivered_at"], row.settled_at)
        line["opened_at"] = _first(line["opened_at"], row.opened_at)
        if row.signed_at is not None and _first(line["signed_at"], row.signed_at) == row.signed_at:
            line |= {"signed_at": row.signed_at, "name": row.signed_by, "office": row.office}
    return [SignOff(**line) for line in lines.values()]


def _first(one: dt.datetime | None, other: dt.datetime | None) -> dt.datetime | None:
    return other if one is None or (other is not None and other < one) else one
