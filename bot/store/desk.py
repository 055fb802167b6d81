"""What people do at the pages: settle deliveries, bring robots back, edit the directory, correct an issue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from bot.domain.delivery import OF_THE_ROBOT, DeliveryState, Reason
from bot.domain.directory import Directory, Target
from bot.domain.errors import ConfigError
from bot.domain.pages import Settling
from bot.domain.plan import StoredTarget

from . import keys, tally
from .columns import AnyRow
from .directory import Directories
from .history import Entry, record
from .importing import Import, lock
from .parking import unpark
from .schema import IS_FAILED, delivery, recipient, target

_AGAIN = (DeliveryState.REFUSED, DeliveryState.EXHAUSTED)
_ALLOWED: Mapping[Settling, tuple[DeliveryState, ...]] = {
    Settling.ARRIVED: (DeliveryState.IN_DOUBT,),
    Settling.RESEND: (*_AGAIN, DeliveryState.IN_DOUBT),
    Settling.CANCEL: (*_AGAIN, DeliveryState.IN_DOUBT, DeliveryState.PENDING, DeliveryState.RETRYING),
}


class Desk(Directories):
    def settle_delivery(self, delivery_id: int, act: Settling, *, who: str, why: str, now: dt.datetime) -> None:
        """What a person decided; ConfigError when the delivery is not in a state for it, or its robot cannot send."""
        with self.db.write() as connection:
            row = connection.execute(
                sa.select(delivery).where(delivery.c.id == delivery_id).with_for_update()
            ).one_or_none()
            if row is None:
                raise ConfigError("没有这条投递。")
            if row.state not in _ALLOWED[act]:
                raise ConfigError(f"这条投递现在是“{row.state.chinese}”，不能{act.chinese}；请刷新后再看。")
            shift = tally.Shift()
            if act is Settling.RESEND:
                _sendable(connection, row.target_id)
                after = _reopen(connection, row, shift)
            else:
                after = DeliveryState.ACCEPTED if act is Settling.ARRIVED else DeliveryState.CANCELLED
                reason = Reason.ACCEPTED if act is Settling.ARRIVED else None
                _close(connection, row, after, reason, shift, now)
            unpark(connection, _working(connection, [row.target_id]), shift, now=now)
            tally.apply(connection, shift)
            record(connection, [_settled(row, after)], who=who, why=why or act.chinese, now=now)

    def resend_failed(self, issue_id: int, *, who: str, why: str, now: dt.datetime) -> int:
        """Send again what was refused or given up, where the robot works now; how many. Doubtful ones are left."""
        failed = sa.select(delivery).where(delivery.c.issue_id == issue_id, IS_FAILED, delivery.c.state.in_(_AGAIN))
        with self.db.write() as connection:
            return _again(connection, failed, who=who, why=why or "补发失败的", now=now)

    def resend_doubtful(self, issue_id: int, *, who: str, why: str, now: dt.datetime) -> int:
        """Send again what is in doubt, where the robot works; how many. For whom a card shown twice is the lesser
        evil."""
        doubtful = sa.select(delivery).where(
            delivery.c.issue_id == issue_id, delivery.c.state == DeliveryState.IN_DOUBT
        )
        with self.db.write() as connection:
            return _again(connection, doubtful, who=who, why=why, now=now)

    def revive_target(self, target_id: int, *, replay: bool, who: str, why: str, now: dt.datetime) -> int:
        """The robot is mended: end its suspension, and that of the targets that share it and were stopped with it. With
        `replay` what the latest issue lacks there goes out again; older ones stay as they are, so that no group gets a
        month of bulletins at once."""
        with self.db.write() as connection:
            rows = connection.execute(_with_its_robot(target_id)).all()
            ids = [row.id for row in rows]
            if target_id not in ids:
                raise ConfigError("没有这个群机器人。")
            values = {"suspended_at": None, "suspended_reason": None}
            connection.execute(sa.update(target).where(target.c.id.in_(ids)).values(values))
            connection.execute(sa.update(target).where(target.c.id == target_id).values(enabled=True))
            record(connection, [_revived(row) for row in rows], who=who, why=why, now=now)
            shift = tally.Shift()
            unpark(connection, _working(connection, ids), shift, now=now)
            tally.apply(connection, shift)
            if not replay:
                return 0
            failed = [_failed_of_latest(one) for one in ids]
            return sum(_again(connection, each, who=who, why="群机器人已修复，补发", now=now) for each in failed)

    def stored_target(self, target_id: int) -> StoredTarget | None:
        """A robot that stands in the directory, with its credentials, enabled or not."""
        with self.db.read() as connection:
            owner = connection.execute(
                sa.select(target.c.recipient_id).where(target.c.id == target_id, target.c.removed_at.is_(None))
            ).scalar_one_or_none()
            if owner is None:
                return None
            ((_, unit, rows),) = self._recipients(
                connection,
                sa.select(recipient).where(recipient.c.id == owner),
                sa.select(target).where(target.c.id == target_id),
            )
        return StoredTarget(target_id, unit, unit.targets[0], rows[0].suspended_at, rows[0].suspended_reason)

    def removed_target(self, target_id: int) -> tuple[str, Target] | None:
        """(recipient id, robot) of one that was taken out of the directory."""
        with self.db.read() as connection:
            row = connection.execute(
                sa.select(target).where(target.c.id == target_id, target.c.removed_at.is_not(None))
            ).one_or_none()
        return None if row is None else (row.recipient_id, self._target(row))

    def edit_directory(
        self, change: Callable[[Directory], Directory], *, who: str, why: str, now: dt.datetime
    ) -> Mapping[str, int]:
        """Read, change and write in one transaction, so that of two people editing at once neither undoes the other.
        `change` may raise to leave everything as it was. A group it leaves out is deleted. Counts as
        `import_directory`."""
        with self.db.write() as connection:
            counts = self._edit(connection, change, who=who, why=why, now=now)
        self._kept = None
        return counts

    def _edit(
        self,
        connection: sa.Connection,
        change: Callable[[Directory], Directory],
        *,
        who: str,
        why: str,
        now: dt.datetime,
    ) -> Mapping[str, int]:
        keys.guard(connection, self.vault)
        lock(connection)
        before = self._directory(connection)
        changed = change(before)
        kept = {group.id for group in changed.groups}
        gone = [group.id for group in before.groups if group.id not in kept]
        return Import(connection, self.vault, now).run(changed, gone, who=who, why=why)

    def note(
        self, action: str, subject: str, after: Mapping[str, Any] | None, *, who: str, why: str, now: dt.datetime
    ) -> None:
        """Put on record something done that changed no row: a test message, an export."""
        with self.db.write() as connection:
            record(connection, [Entry(action, subject, after=after)], who=who, why=why, now=now)


def _with_its_robot(target_id: int) -> sa.Select[*tuple[Any, ...]]:
    """The target, and those that were stopped because the robot they share with it was broken."""
    robot = sa.select(target.c.robot_id).where(target.c.id == target_id).scalar_subquery()
    stopped = sa.and_(target.c.robot_id == robot, target.c.suspended_reason.in_(OF_THE_ROBOT))
    here = target.c.removed_at.is_(None)
    return (
        sa.select(target).where(here, sa.or_(target.c.id == target_id, stopped)).order_by(target.c.id).with_for_update()
    )


def _revived(row: AnyRow) -> Entry:
    before = {"suspended_reason": row.suspended_reason.value if row.suspended_reason else None}
    return Entry("target.revived", f"target:{row.id}", before=before)


def _failed_of_latest(target_id: int) -> sa.Select[*tuple[Any, ...]]:
    """What may be sent again of the latest issue that went to this target."""
    latest = sa.select(sa.func.max(delivery.c.issue_id)).where(delivery.c.target_id == target_id)
    mine = (delivery.c.target_id == target_id, delivery.c.issue_id == latest.scalar_subquery())
    return sa.select(delivery).where(*mine, IS_FAILED, delivery.c.state.in_(_AGAIN))


def _working(connection: sa.Connection, ids: Sequence[int]) -> list[int]:
    works = (target.c.enabled, target.c.suspended_at.is_(None), target.c.removed_at.is_(None))
    return list(connection.execute(sa.select(target.c.id).where(target.c.id.in_(list(ids)), *works)).scalars())


def _sendable(connection: sa.Connection, target_id: int) -> None:
    if not _working(connection, [target_id]):
        raise ConfigError("该群机器人已停用：请先在名录中修复并重新启用，再重新发送。")


def _reopen(connection: sa.Connection, row: AnyRow, shift: tally.Shift) -> DeliveryState:
    """Open again, not yet due: `unpark` says when, for a later part waits for the earlier one."""
    after = DeliveryState.RETRYING if row.attempts else DeliveryState.PENDING
    values = {"state": after, "reason": None, "settled_at": None, "next_try_at": None}
    connection.execute(sa.update(delivery).where(delivery.c.id == row.id).values(values))
    tally.move(shift, row.issue_id, row.state.value, tally.WAITING if after is DeliveryState.PENDING else after.value)
    return after


def _close(
    connection: sa.Connection,
    row: AnyRow,
    after: DeliveryState,
    reason: Reason | None,
    shift: tally.Shift,
    now: dt.datetime,
) -> None:
    values = {"state": after, "reason": reason, "settled_at": now, "next_try_at": None}
    connection.execute(sa.update(delivery).where(delivery.c.id == row.id).values(values))
    waiting = row.state is DeliveryState.PENDING and row.next_try_at is None
    tally.move(shift, row.issue_id, tally.WAITING if waiting else row.state.value, after.value)


def _again(
    connection: sa.Connection, failed: sa.Select[*tuple[Any, ...]], *, who: str, why: str, now: dt.datetime
) -> int:
    rows = connection.execute(failed.with_for_update()).all()
    works = set(_working(connection, list({row.target_id for row in rows})))
    again = [row for row in rows if row.target_id in works]
    shift = tally.Shift()
    entries = [_settled(row, _reopen(connection, row, shift)) for row in again]
    unpark(connection, {row.target_id for row in again}, shift, now=now)
    tally.apply(connection, shift)
    record(connection, entries, who=who, why=why, now=now)
    return len(again)


def _settled(row: AnyRow, after: DeliveryState) -> Entry:
    states = {"before": {"state": row.state.value}, "after": {"state": after.value}}
    return Entry("delivery.settled", f"delivery:{row.id}", **states)
