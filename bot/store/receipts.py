"""The ledger as people see it: one line a delivery, streamed; counts without counting."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from bot.domain.delivery import DeliveryState
from bot.domain.pages import AttemptLine, DeliveryDetail
from bot.domain.plan import ReceiptRow

from . import tally
from .columns import AnyRow
from .directory_lines import TARGETS, target_line
from .part import Part
from .schema import IS_FAILED, attempt, delivery, message, reader_event, receipt, recipient, target
from .schema import tally as tally_table

PAGE = 1_000

FAILED = frozenset({DeliveryState.REFUSED, DeliveryState.EXHAUSTED, DeliveryState.IN_DOUBT})
"""The states that need a person; asking for these alone is quick at any size."""

ROWS = (
    sa.select(
        delivery.c.id,
        delivery.c.issue_id,
        delivery.c.recipient_id,
        recipient.c.name,
        target.c.channel,
        target.c.label,
        target.c.masked,
        delivery.c.list_kind,
        delivery.c.kind,
        delivery.c.part,
        delivery.c.parts,
        delivery.c.state,
        delivery.c.attempts,
        delivery.c.next_try_at,
        delivery.c.settled_at,
        delivery.c.reason,
        receipt.c.outcome,
        receipt.c.reason.label("answered"),
        receipt.c.vendor_code,
        receipt.c.vendor_message,
        receipt.c.http_status,
    )
    .join(recipient, recipient.c.id == delivery.c.recipient_id)
    .join(target, target.c.id == delivery.c.target_id)
    .outerjoin(receipt, sa.and_(receipt.c.delivery_id == delivery.c.id, receipt.c.number == delivery.c.attempts))
    .order_by(delivery.c.id)
    .limit(PAGE)
)


class Receipts(Part):
    def receipts(
        self,
        issue_id: int | None = None,
        *,
        states: Collection[DeliveryState] = (),
        recipient_id: str | None = None,
    ) -> Iterator[ReceiptRow]:
        """Deliveries in order of id, read a page at a time: a row that changes meanwhile shows either state."""
        query = _rows(issue_id, recipient_id, states)
        last = 0
        while True:
            with self.db.read() as connection:
                rows = connection.execute(query.where(delivery.c.id > last)).all()
            yield from map(receipt_row, rows)
            if len(rows) < PAGE:
                return
            last = rows[-1].id

    def receipt_page(
        self,
        *,
        issue_id: int | None = None,
        recipient_id: str | None = None,
        states: Collection[DeliveryState] = (),
        after: int = 0,
        limit: int = 50,
    ) -> list[ReceiptRow]:
        """Deliveries with ids above `after`, in order of id; of one recipient alone, the newest first."""
        query = _rows(issue_id, recipient_id, states).limit(limit)
        if issue_id is None and recipient_id is not None:
            query = query.order_by(None).order_by(delivery.c.id.desc())
        if after:
            query = query.where(delivery.c.id > after)
        with self.db.read() as connection:
            return [receipt_row(row) for row in connection.execute(query)]

    def in_state(self, state: DeliveryState) -> Mapping[int, int]:
        """Issue id to how many of its deliveries are in this state, newest issue first; those with none left out."""
        query = (
            sa.select(tally_table.c.issue_id, tally_table.c.count)
            .where(tally_table.c.slot == state.value, tally_table.c.count > 0)
            .order_by(tally_table.c.issue_id.desc())
        )
        with self.db.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def delivery(self, delivery_id: int) -> DeliveryDetail | None:
        attempts = (
            sa.select(attempt.c.number, attempt.c.started_at, receipt)
            .outerjoin(
                receipt, sa.and_(receipt.c.delivery_id == attempt.c.delivery_id, receipt.c.number == attempt.c.number)
            )
            .where(attempt.c.delivery_id == delivery_id)
            .order_by(attempt.c.number)
        )
        events = sa.select(reader_event.c.kind, reader_event.c.at).where(reader_event.c.delivery_id == delivery_id)
        robot = TARGETS.join(delivery, delivery.c.target_id == target.c.id).where(delivery.c.id == delivery_id)
        said = sa.select(message.c.notes, message.c.original_id).join(delivery).where(delivery.c.id == delivery_id)
        with self.db.read() as connection:
            row = connection.execute(ROWS.where(delivery.c.id == delivery_id)).one_or_none()
            if row is None:
                return None
            lines = tuple(_attempt_line(one) for one in connection.execute(attempts))
            done = {one.kind: one.at for one in connection.execute(events)}
            robot_row = connection.execute(robot).one()
            shown = connection.execute(said).one()
        return DeliveryDetail(
            receipt_row(row),
            target_line(robot_row),
            lines,
            opened_at=done.get("opened"),
            signed_at=done.get("signed"),
            notes=tuple(shown.notes),
            is_file=shown.original_id is not None,
        )

    def counts(self, issue_id: int) -> Mapping[DeliveryState, int]:
        """How many deliveries of the issue are in each state; states with none are left out."""
        with self.db.read() as connection:
            slots = dict(tally.slots(connection, issue_id))
        slots[DeliveryState.PENDING] = slots.get(DeliveryState.PENDING, 0) + slots.pop(tally.WAITING, 0)
        return {state: slots[state] for state in DeliveryState if slots.get(state)}


def _rows(
    issue_id: int | None, recipient_id: str | None, states: Collection[DeliveryState]
) -> sa.Select[*tuple[Any, ...]]:
    """What was asked for, in order of id; no states: all of them."""
    query = ROWS
    if issue_id is not None:
        query = query.where(delivery.c.issue_id == issue_id)
    if recipient_id is not None:
        query = query.where(delivery.c.recipient_id == recipient_id)
    if states:
        query = query.where(delivery.c.state.in_(list(states)))
        if FAILED.issuperset(states):
            query = query.where(IS_FAILED)
    return query


def receipt_row(row: AnyRow) -> ReceiptRow:
    return ReceiptRow(
        id=row.id,
        issue_id=row.issue_id,
        recipient=row.recipient_id,
        recipient_name=row.name,
        channel=row.channel,
        target=row.label or row.masked,
        list_kind=row.list_kind,
        kind=row.kind,
        part=row.part,
        parts=row.parts,
        state=row.state,
        outcome=row.outcome,
        reason=row.answered or row.reason,
        attempts=row.attempts,
        vendor_code=row.vendor_code,
        vendor_message=row.vendor_message,
        http_status=row.http_status,
        accepted_at=row.settled_at if row.state is DeliveryState.ACCEPTED else None,
        next_try_at=row.next_try_at,
    )


def _attempt_line(row: AnyRow) -> AttemptLine:
    return AttemptLine(
        number=row[0],
        started_at=row.started_at,
        finished_at=row.finished_at,
        outcome=row.outcome,
        reason=row.reason,
        http_status=row.http_status,
        vendor_code=row.vendor_code,
        vendor_message=row.vendor_message,
        duration_ms=row.duration_ms,
    )
