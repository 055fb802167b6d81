"""The release: the issue's state change, the plan, its messages and its deliveries, in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

import sqlalchemy as sa

from bot.domain.card import CardKind
from bot.domain.delivery import DeliveryState
from bot.domain.errors import StoreError
from bot.domain.faultpoints import Point
from bot.domain.plan import Plan, PlannedDelivery, PlanTarget, ReceivedFile
from bot.domain.release import OPEN, IssueState

from . import tally
from .bulk import Bulk, Row
from .columns import to_micros
from .history import Entry, record
from .part import Part
from .schema import delivery, issue, message, original, plan, recipient, revision, target

CHUNK = 5_000
"""Rows handed to the driver at once: bounds the memory of a large release, not its transaction."""


_TARGETS = (
    sa.select(
        *(target.c.id, target.c.recipient_id, target.c.channel, target.c.style),
        *(target.c.suspended_at.is_not(None), target.c.mention, target.c.attach_original),
    )
    .join(recipient, recipient.c.id == target.c.recipient_id)
    .where(
        target.c.recipient_id.in_(sa.bindparam("recipients", expanding=True)),
        target.c.removed_at.is_(None),
        target.c.enabled,
        recipient.c.enabled,
    )
    .order_by(target.c.position, target.c.id)
)


class Releases(Part):
    def release(self, plan: Plan, *, who: str, why: str, now: dt.datetime, expected_revision: int) -> int:
        """Publish. Returns how many deliveries are new; those that exist already are left as they are.

        `expected_revision` is the revision id the caller (or the approver) has seen. StoreError when the issue has
        another latest revision by now, or was cancelled; then nothing is changed. The first release turns the state
        with one conditional update, so that firing twice publishes once; later ones add what is new, or nothing.
        """
        with self.db.write() as connection:
            if plan.kind is CardKind.REMINDER:
                first = _is_released(connection, plan, expected_revision)
            else:
                first = _turn_released(connection, plan, expected_revision, now)
            fresh = _not_there_yet(connection, plan)
            head = next(fresh, None)
            if not first and head is None:
                return 0
            # Looked up before this plan is written: was this revision out already?
            supplement = not first and _planned_before(connection, plan.revision_id)
            action = "issue.supplemented" if supplement else "issue.released"
            if plan.kind is CardKind.REMINDER:
                action = "issue.reminded"
            plan_id = _write_plan(connection, plan, now)
            count = _write_deliveries(connection, plan, plan_id, chain([head] if head else [], fresh), now)
            after = {"revision_id": plan.revision_id, "plan_id": plan_id, "kind": plan.kind, "deliveries": count}
            record(connection, [Entry(action, f"issue:{plan.issue_id}", after=after)], who=who, why=why, now=now)
            self.db.hook(Point.PLAN_WRITTEN)
        self.db.hook(Point.PLAN_COMMITTED)
        return count

    def plan_targets(self, recipient_ids: Sequence[str]) -> list[PlanTarget]:
        """Enabled targets of these recipients, each recipient's in directory order, suspended ones included."""
        with self.db.read() as connection:
            return [PlanTarget(*row) for row in connection.execute(_TARGETS, {"recipients": recipient_ids}).all()]

    def received_file(self, revision_id: int) -> ReceivedFile | None:
        """The file this revision was read from, the first where it came as several; its bytes stay where they are.
        None when there is none, or its time to be kept is over."""
        query = (
            sa.select(original.c.id, sa.func.length(original.c.content))
            .where(original.c.revision_id == revision_id, sa.func.length(original.c.content) > 0)
            .order_by(original.c.id)
            .limit(1)
        )
        with self.db.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else ReceivedFile(*row)

    def covered(self, revision_id: int) -> set[str]:
        """Recipient ids that have a delivery of this revision which is not refused, exhausted or cancelled."""
        ended = (DeliveryState.REFUSED.value, DeliveryState.EXHAUSTED.value, DeliveryState.CANCELLED.value)
        query = (
            sa.select(delivery.c.recipient_id)
            .where(delivery.c.revision_id == revision_id, delivery.c.state.not_in(ended))
            .distinct()
        )
        with self.db.read() as connection:
            return set(connection.execute(query).scalars())


def _turn_released(connection: sa.Connection, wanted: Plan, expected_revision: int, now: dt.datetime) -> bool:
    """True when this call is the first release; StoreError when it may not be released."""
    latest = (
        sa.select(revision.c.number).where(revision.c.id == expected_revision, revision.c.issue_id == wanted.issue_id)
    ).scalar_subquery()
    turned = connection.execute(
        sa.update(issue)
        .where(
            issue.c.id == wanted.issue_id,
            issue.c.state.in_(OPEN),
            issue.c.revision == latest,
        )
        .values(state=IssueState.RELEASED, released_at=now, holds=[])
    )
    if wanted.revision_id == expected_revision and turned.rowcount == 1:
        return True
    state = connection.execute(
        sa.select(issue.c.state).where(issue.c.id == wanted.issue_id, issue.c.revision == latest).with_for_update()
    ).scalar_one_or_none()
    if state is None or wanted.revision_id != expected_revision:
        raise StoreError("该期内容在此期间已有改动，没有发布。请重新查看最新内容后再发布。")
    if state is not IssueState.RELEASED:
        raise StoreError(f"该期{state.chinese}，没有发布。")
    return False


def _is_released(connection: sa.Connection, wanted: Plan, expected_revision: int) -> bool:
    """Always False (a reminder releases nothing); StoreError unless the issue stands released at this revision."""
    state = connection.execute(
        sa.select(issue.c.state)
        .join(revision, sa.and_(revision.c.issue_id == issue.c.id, revision.c.number == issue.c.revision))
        .where(issue.c.id == wanted.issue_id, revision.c.id == expected_revision)
        .with_for_update()
    ).scalar_one_or_none()
    if state is not IssueState.RELEASED or wanted.revision_id != expected_revision:
        raise StoreError("该期内容在此期间已有改动，没有催办。")
    return False


def _not_there_yet(connection: sa.Connection, wanted: Plan) -> Iterator[PlannedDelivery]:
    of_this = (
        delivery.c.revision_id == wanted.revision_id,
        delivery.c.kind == wanted.kind,
        delivery.c.round == wanted.round,
    )
    if connection.execute(sa.select(delivery.c.id).where(*of_this).limit(1)).first() is None:
        yield from wanted.deliveries
        return
    planned = iter(wanted.deliveries)
    while chunk := list(islice(planned, CHUNK)):
        there = sa.select(delivery.c.target_id, delivery.c.part).where(
            *of_this, delivery.c.target_id.in_({one.target_id for one in chunk})
        )
        known = {(target_id, part) for target_id, part in connection.execute(there)}
        yield from (one for one in chunk if (one.target_id, one.part) not in known)


def _planned_before(connection: sa.Connection, revision_id: int) -> bool:
    return connection.execute(sa.select(plan.c.id).where(plan.c.revision_id == revision_id)).first() is not None


def _write_plan(connection: sa.Connection, wanted: Plan, now: dt.datetime) -> int:
    row = {
        "issue_id": wanted.issue_id,
        "revision_id": wanted.revision_id,
        "kind": wanted.kind,
        # Who gets it is not repeated here: each has a delivery, or stands under `without_target`.
        "resolution": wanted.resolution.without_members().to_dict(),
        "created_at": now,
    }
    plan_id: int = connection.execute(sa.insert(plan).values(row).returning(plan.c.id)).scalar_one()
    return plan_id


def _write_deliveries(
    connection: sa.Connection, wanted: Plan, plan_id: int, fresh: Iterable[PlannedDelivery], now: dt.datetime
) -> int:
    """Write them as they come, each message before the first delivery of it; how many there were."""
    shift = tally.Shift()
    message_ids = _MessageIds(connection, wanted, plan_id)
    rows = _delivery_rows(wanted, fresh, message_ids, now, shift)
    while chunk := list(islice(rows, CHUNK)):
        _DELIVERY.run(connection, chunk)
    tally.apply(connection, shift)
    return shift.total()


class _MessageIds(dict[int, int]):
    """Index in the plan -> row id. A message nobody gets is not written."""

    def __init__(self, connection: sa.Connection, wanted: Plan, plan_id: int) -> None:
        self._connection, self._wanted, self._plan_id = connection, wanted, plan_id

    def __missing__(self, index: int) -> int:
        planned = self._wanted.messages[index]
        row = {
            "plan_id": self._plan_id,
            "channel": planned.channel,
            "style": planned.style,
            "list_kind": planned.list_kind,
            "part": planned.part,
            "parts": planned.parts,
            "body": planned.body,
            "sha256": planned.sha256,
            "notes": list(planned.notes),
            "original_id": planned.original_id,
        }
        insert = sa.insert(message).values(row).returning(message.c.id)
        key: int = self._connection.execute(insert).scalar_one()
        self[index] = key
        return key


_DELIVERY = Bulk(
    sa.insert(delivery),
    *("issue_id", "revision_id", "recipient_id", "target_id", "message_id", "list_kind", "kind"),
    *("round", "part", "parts", "state", "reason", "attempts", "next_try_at", "settled_at"),
)


def _delivery_rows(
    wanted: Plan, fresh: Iterable[PlannedDelivery], message_ids: _MessageIds, now: dt.datetime, shift: tally.Shift
) -> Iterator[Row]:
    """In the order of `_DELIVERY`."""
    at, kind = to_micros(now), wanted.kind.value
    for planned in fresh:
        pending = planned.state is DeliveryState.PENDING
        # A later part waits until the earlier one is accepted: parts arrive in order.
        due = pending and planned.part == 1
        shift[wanted.issue_id, tally.WAITING if pending and not due else planned.state.value] += 1
        yield (
            wanted.issue_id,
            wanted.revision_id,
            planned.recipient_id,
            planned.target_id,
            message_ids[planned.message],
            planned.list_kind.value,
            kind,
            wanted.round,
            planned.part,
            planned.parts,
            planned.state.value,
            planned.reason.value if planned.reason else None,
            0,
            at if due else None,
            None if pending else at,
        )
