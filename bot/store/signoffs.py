"""Reader links: opened, signed; and who has not signed."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from bot.domain.delivery import DeliveryState, Reason
from bot.domain.issue import Issue
from bot.domain.signoff import ReaderView

from . import tally
from .history import Entry, record
from .part import Part
from .schema import delivery, plan, reader_event, recipient, revision

OPENED, SIGNED = "opened", "signed"

_opened = reader_event.alias("opened")
_signed = reader_event.alias("signed")
_VIEW = (
    sa.select(
        delivery.c.id,
        delivery.c.issue_id,
        delivery.c.revision_id,
        delivery.c.kind,
        delivery.c.recipient_id,
        delivery.c.list_kind,
        delivery.c.state,
        recipient.c.name.label("recipient_name"),
        revision.c.content,
        plan.c.created_at.label("sent_at"),
        _opened.c.at.label("opened_at"),
        _signed.c.at.label("signed_at"),
        _signed.c.name.label("signed_by"),
        _signed.c.office.label("signed_office"),
    )
    .join(recipient, recipient.c.id == delivery.c.recipient_id)
    .join(revision, revision.c.id == delivery.c.revision_id)
    .join(plan, sa.and_(plan.c.revision_id == delivery.c.revision_id, plan.c.kind == delivery.c.kind))
    .outerjoin(_opened, sa.and_(_opened.c.delivery_id == delivery.c.id, _opened.c.kind == OPENED))
    .outerjoin(_signed, sa.and_(_signed.c.delivery_id == delivery.c.id, _signed.c.kind == SIGNED))
    .order_by(plan.c.id)
    .limit(1)
)


class SignOffs(Part):
    def reader_view(self, delivery_id: int) -> ReaderView | None:
        """What the link of this delivery opens; None when there is no such delivery."""
        with self.db.read() as connection:
            row = connection.execute(_VIEW.where(delivery.c.id == delivery_id)).one_or_none()
        if row is None:
            return None
        return ReaderView(
            delivery_id=row.id,
            issue_id=row.issue_id,
            revision_id=row.revision_id,
            issue=Issue.from_dict(row.content),
            kind=row.kind,
            recipient_id=row.recipient_id,
            recipient_name=row.recipient_name,
            list_kind=row.list_kind,
            sent_at=row.sent_at,
            in_doubt=row.state is DeliveryState.IN_DOUBT,
            opened_at=row.opened_at,
            signed_at=row.signed_at,
            signed_by=row.signed_by or "",
            signed_office=row.signed_office or "",
        )

    def cover(self, revision_id: int) -> tuple[Issue, int | None] | None:
        """A revision's content, and the first delivery of its issue; None when there is no such revision."""
        first = sa.select(sa.func.min(delivery.c.id)).where(delivery.c.issue_id == revision.c.issue_id)
        query = sa.select(revision.c.content, first.scalar_subquery().label("first")).where(
            revision.c.id == revision_id
        )
        with self.db.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (Issue.from_dict(row.content), row.first)

    def mark_opened(self, delivery_id: int, *, now: dt.datetime) -> None:
        """A person has it before their eyes; kept the first time. It proves arrival too."""
        with self.db.write() as connection:
            self._note(connection, delivery_id, OPENED, now, "", "")
            self._arrived(connection, delivery_id, now)

    def mark_arrived(self, delivery_id: int, *, now: dt.datetime) -> None:
        """Its link was asked for, and nothing but the message has it: an in-doubt delivery becomes accepted."""
        with self.db.write() as connection:
            self._arrived(connection, delivery_id, now)

    @staticmethod
    def _arrived(connection: sa.Connection, delivery_id: int, now: dt.datetime) -> None:
        row = connection.execute(
            sa.select(delivery.c.issue_id, delivery.c.state).where(delivery.c.id == delivery_id).with_for_update()
        ).one()
        if row.state is not DeliveryState.IN_DOUBT:
            return
        connection.execute(
            sa.update(delivery)
            .where(delivery.c.id == delivery_id)
            .values(state=DeliveryState.ACCEPTED, reason=Reason.ACCEPTED, settled_at=now)
        )
        shift = tally.Shift()
        tally.move(shift, row.issue_id, DeliveryState.IN_DOUBT, DeliveryState.ACCEPTED)
        tally.apply(connection, shift)
        entry = Entry(
            "delivery.settled",
            f"delivery:{delivery_id}",
            before={"state": DeliveryState.IN_DOUBT.value},
            after={"state": DeliveryState.ACCEPTED.value},
        )
        record(connection, [entry], who="阅读链接", why="链接被打开，说明消息已到达", now=now)

    def sign(self, delivery_id: int, *, name: str, office: str, now: dt.datetime) -> bool:
        """Sign for it; False when it was signed for before (the first signature stands)."""
        with self.db.write() as connection:
            fresh = self._note(connection, delivery_id, SIGNED, now, name, office)
            if fresh:
                entry = Entry("delivery.signed", f"delivery:{delivery_id}", after={"name": name, "office": office})
                record(connection, [entry], who=f"{office} {name}".strip(), why="签收", now=now)
        return fresh

    @staticmethod
    def _note(connection: sa.Connection, delivery_id: int, kind: str, now: dt.datetime, name: str, office: str) -> bool:
        key = (reader_event.c.delivery_id == delivery_id, reader_event.c.kind == kind)
        if connection.execute(sa.select(reader_event.c.at).where(*key)).first() is not None:
            return False
        row = {"delivery_id": delivery_id, "kind": kind, "at": now, "name": name, "office": office}
        connection.execute(sa.insert(reader_event).values(row))
        return True
