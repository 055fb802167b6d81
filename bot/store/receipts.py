"""The ledger as people see it: one line a delivery, streamed; counts without counting."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import sqlalchemy as sa

from bot.domain.delivery import DeliveryState
from bot.domain.plan import ReceiptRow

from . import tally
from .columns import AnyRow
from .part import Part
from .schema import IS_FAILED, delivery, receipt, recipient, target

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
        states: Collection[DeliveryState] | None = None,
        recipient_id: str | None = None,
    ) -> Iterator[ReceiptRow]:
        """Deliveries in order of id, read a page at a time: a row that changes meanwhile shows either state."""
        query = ROWS
        if issue_id is not None:
            query = query.where(delivery.c.issue_id == issue_id)
        if recipient_id is not None:
            query = query.where(delivery.c.recipient_id == recipient_id)
        if states is not None:
            query = query.where(delivery.c.state.in_(list(states)))
            if FAILED.issuperset(states):
                query = query.where(IS_FAILED)
        last = 0
        while True:
            with self.db.read() as connection:
                rows = connection.execute(query.where(delivery.c.id > last)).all()
            yield from map(receipt_row, rows)
            if len(rows) < PAGE:
                return
            last = rows[-1].id

    def counts(self, issue_id: int) -> Mapping[DeliveryState, int]:
        """How many deliveries of the issue are in each state; states with none are left out."""
        with self.db.read() as connection:
            slots = dict(tally.slots(connection, issue_id))
        slots[DeliveryState.PENDING] = slots.get(DeliveryState.PENDING, 0) + slots.pop(tally.WAITING, 0)
        return {state: slots[state] for state in DeliveryState if slots.get(state)}


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
