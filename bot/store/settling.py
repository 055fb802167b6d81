"""The ends of attempts: receipts written, deliveries moved on, targets left alone or suspended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from bot.domain.delivery import OF_THE_ROBOT, DeliveryState, OutcomeClass, Reason, Verdict, settle
from bot.domain.plan import Settled

from . import tally
from .bulk import Bulk, Row
from .columns import AnyRow, to_micros
from .history import Entry, record
from .parking import park
from .schema import IS_OPEN, IS_SENDING, delivery, receipt, target

MACHINE = "系统"
"""Who, in history, when no person did it."""

_LOST = Verdict(OutcomeClass.UNKNOWN, Reason.INTERRUPTED)
_UPLOAD_LOST = Verdict(OutcomeClass.RETRY_LATER, Reason.UPLOAD_FAILED)

_MILLISECOND = dt.timedelta(milliseconds=1)

_bind = sa.bindparam

_NOW_AT = (
    sa.select(
        delivery.c.id, delivery.c.issue_id, delivery.c.state, delivery.c.attempts, delivery.c.part, delivery.c.parts
    )
    .where(delivery.c.id.in_(_bind("ids", expanding=True)))
    .with_for_update()
)

# Conditional: whatever else has settled this delivery since, a person above all, is not overwritten.
_SETTLE = Bulk(
    sa.update(delivery)
    .where(delivery.c.id == _bind("the_id"), IS_SENDING, delivery.c.attempts == _bind("number"))
    .values(state=_bind("new_state"), next_try_at=_bind("due"), settled_at=_bind("at"), worker=sa.null()),
    *("the_id", "number", "new_state", "due", "at"),
)

_RECEIPT = Bulk(sa.insert(receipt), *receipt.c.keys())

_next = delivery.alias("next")
_NEXT_PARTS = (
    sa.select(_next.c.id, _next.c.issue_id)
    .join_from(
        delivery,
        _next,
        sa.and_(
            _next.c.revision_id == delivery.c.revision_id,
            _next.c.target_id == delivery.c.target_id,
            _next.c.kind == delivery.c.kind,
            _next.c.round == delivery.c.round,
            _next.c.part == delivery.c.part + 1,
        ),
    )
    .where(
        delivery.c.id.in_(_bind("ids", expanding=True)),
        _next.c.state == DeliveryState.PENDING,
        _next.c.next_try_at.is_(None),
    )
)
_ARM = sa.update(delivery).where(delivery.c.id == _bind("the_id")).values(next_try_at=_bind("due"))

_KEPT = sa.select(receipt).where(receipt.c.delivery_id == _bind("the_id"), receipt.c.number == _bind("number"))

_BLOCK = (
    sa.update(target)
    .where(
        target.c.id == _bind("the_target"),
        sa.or_(target.c.blocked_until.is_(None), target.c.blocked_until < _bind("until")),
    )
    .values(blocked_until=_bind("until"))
)
_me = target.alias("me")
_SAME_ROBOT = (
    sa.select(_me.c.id.label("mine"), target.c.id)
    .join(target, target.c.robot_id == _me.c.robot_id)
    .where(_me.c.id.in_(_bind("targets", expanding=True)))
)
_PUSH_TARGET = (
    sa.update(delivery)
    .where(delivery.c.target_id == _bind("the_target"), IS_OPEN, delivery.c.next_try_at < _bind("until"))
    .values(next_try_at=_bind("until"))
)
_SUSPEND = (
    sa.update(target)
    .where(target.c.id == _bind("the_target"), target.c.suspended_at.is_(None))
    .values(suspended_at=_bind("at"), suspended_reason=_bind("because"))
)


def write(connection: sa.Connection, settled: Sequence[Settled], shift: tally.Shift, *, now: dt.datetime) -> int:
    """Everything that follows from these answers, in the caller's transaction. Writing the same again is harmless.
    Returns how many later parts have become due."""
    ids = [one.claimed.delivery_id for one in settled]
    at = {row.id: row for row in connection.execute(_NOW_AT, {"ids": ids})}
    timely: list[Settled] = []
    late: list[Settled] = []
    for one in settled:
        row = at[one.claimed.delivery_id]
        awaited = row.state is DeliveryState.SENDING and row.attempts == one.claimed.number
        (timely if awaited else late).append(one)
    if timely:
        _RECEIPT.run(connection, [_receipt(one) for one in timely])
        _SETTLE.run(connection, [_settlement(one) for one in timely])
    for one in timely:
        tally.move(shift, at[one.claimed.delivery_id].issue_id, DeliveryState.SENDING, one.settlement.state)
    accepted = [one.claimed.delivery_id for one in timely if one.settlement.state is DeliveryState.ACCEPTED]
    armed = _arm_next_parts(connection, [key for key in accepted if at[key].part < at[key].parts], shift, now)
    entries = [*_late_answers(connection, late), *_suspend(connection, settled, shift)]
    _cool_down(connection, settled)
    record(connection, entries, who=MACHINE, why="", now=now)
    return armed


def interrupted(
    connection: sa.Connection, rows: Sequence[AnyRow], shift: tally.Shift, *, now: dt.datetime, resend: bool
) -> list[AnyRow]:
    """Settle deliveries whose worker died while `sending`; those that are in doubt now. The others are tried again:
    they were at their upload, of which nothing is ever shown, or `resend` says so. `rows`: id, issue_id, attempts,
    uploading."""
    at = to_micros(now)
    receipts: list[Row] = []
    settlements: list[Row] = []
    doubtful: list[AnyRow] = []
    for row in rows:
        verdict = _UPLOAD_LOST if row.uploading == row.attempts else _LOST
        end = settle(verdict, delivery_id=row.id, number=row.attempts, now=now, resend_in_doubt=resend)
        due = None if end.next_try_at is None else to_micros(end.next_try_at)
        receipts.append((row.id, row.attempts, at, verdict.outcome.value, verdict.reason.value, None, None, None, None))
        settlements.append((row.id, row.attempts, end.state.value, due, at if end.state.settled else None))
        tally.move(shift, row.issue_id, DeliveryState.SENDING, end.state)
        if end.state is DeliveryState.IN_DOUBT:
            doubtful.append(row)
    _RECEIPT.run(connection, receipts)
    _SETTLE.run(connection, settlements)
    return doubtful


def _receipt(one: Settled) -> Row:
    """In the order of the receipt table's columns."""
    verdict = one.verdict
    return (
        one.claimed.delivery_id,
        one.claimed.number,
        to_micros(one.finished_at),
        verdict.outcome.value,
        verdict.reason.value,
        verdict.http_status,
        verdict.vendor_code,
        verdict.vendor_message,
        (one.finished_at - one.started_at) // _MILLISECOND,
    )


def _settlement(one: Settled) -> Row:
    state, due = one.settlement.state, one.settlement.next_try_at
    return (
        one.claimed.delivery_id,
        one.claimed.number,
        state.value,
        None if due is None else to_micros(due),
        to_micros(one.finished_at) if state.settled else None,
    )


def _arm_next_parts(connection: sa.Connection, ids: Sequence[int], shift: tally.Shift, now: dt.datetime) -> int:
    if not ids:
        return 0
    rows = connection.execute(_NEXT_PARTS, {"ids": ids}).all()
    if rows:
        connection.execute(_ARM, [{"the_id": row.id, "due": now} for row in rows])
    for row in rows:
        tally.move(shift, row.issue_id, tally.WAITING, DeliveryState.PENDING)
    return len(rows)


def _late_answers(connection: sa.Connection, late: Iterable[Settled]) -> list[Entry]:
    """Answers to attempts that were settled otherwise meanwhile. They are kept: as the receipt where it is still
    missing, else in history; an answer already kept comes from a transaction that was tried again."""
    entries = []
    for one in late:
        wanted = _receipt(one)
        kept = connection.execute(_KEPT, {"the_id": wanted[0], "number": wanted[1]}).one_or_none()
        if kept is None:
            _RECEIPT.run(connection, [wanted])
        elif (kept[0], kept[1], to_micros(kept.finished_at), *kept[3:]) != wanted:
            shown = dict(zip(receipt.c.keys(), wanted, strict=True)) | {"finished_at": one.finished_at.isoformat()}
            entries.append(Entry("delivery.late_answer", f"delivery:{wanted[0]}", after=shown))
    return entries


def _suspend(connection: sa.Connection, settled: Iterable[Settled], shift: tally.Shift) -> list[Entry]:
    """Stop targets that a person must mend, and all that share a robot which is broken; each is told of once."""
    told = {one.claimed.target_id: one for one in settled if one.verdict.suspends}
    robots = [target_id for target_id, one in told.items() if one.verdict.reason in OF_THE_ROBOT]
    if robots:
        others = _SAME_ROBOT.where(target.c.enabled, target.c.removed_at.is_(None))
        for mine, other in connection.execute(others, {"targets": robots}).all():
            told.setdefault(other, told[mine])
    entries = []
    # In one order, so that no two workers wait for each other.
    for target_id in sorted(told):
        one, reason = told[target_id], told[target_id].verdict.reason
        if connection.execute(_SUSPEND, {"the_target": target_id, "at": one.finished_at, "because": reason}).rowcount:
            after = {"suspended_reason": reason, "delivery": one.claimed.delivery_id}
            entries.append(Entry("target.suspended", f"target:{target_id}", after=after))
            park(connection, [target_id], shift)
    return entries


def _cool_down(connection: sa.Connection, settled: Iterable[Settled]) -> None:
    """Leave a robot alone for as long as it asked, whichever of the targets that share it has been told."""
    until: dict[int, dt.datetime] = {}
    for one in settled:
        if one.verdict.wait_s > 0:
            end = one.finished_at + dt.timedelta(seconds=one.verdict.wait_s)
            known = until.get(one.claimed.target_id)
            until[one.claimed.target_id] = end if known is None else max(known, end)
    if until:
        for mine, other in connection.execute(_SAME_ROBOT, {"targets": list(until)}).all():
            until[other] = max(until[mine], until.get(other, until[mine]))
        # In one order, so that no two workers wait for each other.
        rows = [{"the_target": key, "until": end} for key, end in sorted(until.items())]
        connection.execute(_BLOCK, rows)
        connection.execute(_PUSH_TARGET, rows)
