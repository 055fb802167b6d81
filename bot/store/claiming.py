"""What may be sent now: due, one delivery in flight per target, never faster than a robot's pace and the ceilings."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

import sqlalchemy as sa

from bot.domain.delivery import DeliveryState
from bot.domain.errors import StoreError
from bot.domain.pacing import Ceiling, Pace
from bot.domain.plan import Claimed

from . import tally
from .bulk import Bulk
from .ceilings import Room
from .columns import AnyRow, to_micros
from .parking import park
from .schema import IS_OPEN, IS_SENDING, attempt, delivery, target
from .vault import TARGET_SECRET, TARGET_URL, Vault

IN_FLIGHT_WAIT = dt.timedelta(seconds=1)
"""When a delivery is looked at again whose target has another in flight, or whose channel is passed over."""

ROUNDS = 20
"""A turn looks at no more than so many times `limit` rows, so that it stays short."""

_bind = sa.bindparam

_TO_SEND = (
    delivery.c.id,
    delivery.c.state,
    delivery.c.attempts,
    delivery.c.issue_id,
    delivery.c.recipient_id,
    delivery.c.target_id,
    delivery.c.message_id,
    target.c.channel,
    target.c.url,
    target.c.secret,
    target.c.ca_file,
)

# The target's row is locked with the delivery's, so that two workers cannot judge one target at the same time.
_CANDIDATES = (
    sa.select(
        *_TO_SEND,
        target.c.robot_id,
        target.c.blocked_until,
        sa.or_(target.c.suspended_at.is_not(None), ~target.c.enabled, target.c.removed_at.is_not(None)).label(
            "stopped"
        ),
    )
    .join(target, target.c.id == delivery.c.target_id)
    .where(delivery.c.next_try_at <= _bind("now"))
    .order_by(delivery.c.next_try_at, delivery.c.id)
    .limit(_bind("most", type_=sa.Integer))
    .with_for_update(key_share=True, skip_locked=True, of=[delivery, target])
)

_CLAIMED = (
    sa.select(*_TO_SEND)
    .join(target, target.c.id == delivery.c.target_id)
    .where(IS_SENDING, delivery.c.worker == _bind("by"))
    .order_by(delivery.c.id)
)

Range: TypeAlias = tuple[int, int]
"""The first and the last delivery id of those that may be claimed."""


@cache
def _candidates_among(ranges: int) -> sa.Select[*tuple[Any, ...]]:
    return _CANDIDATES.where(within(delivery, ranges))


def within(table: sa.FromClause, ranges: int) -> sa.ColumnElement[bool]:
    """The condition that a row's id lies in one of so many ranges; their ends are bound by `ends`."""
    return sa.or_(sa.false(), *(table.c.id.between(_bind(f"first_{n}"), _bind(f"last_{n}")) for n in range(ranges)))


def ends(ranges: Sequence[Range]) -> dict[str, int]:
    firsts = {f"first_{n}": first for n, (first, _) in enumerate(ranges)}
    return firsts | {f"last_{n}": last for n, (_, last) in enumerate(ranges)}


_IN_FLIGHT = sa.select(delivery.c.target_id).where(
    IS_SENDING, delivery.c.target_id.in_(_bind("targets", expanding=True))
)

# What lies further ahead than a window is from before the clock was set back: it must not close a robot for as long.
_LATELY = (attempt.c.started_at > _bind("since"), attempt.c.started_at <= _bind("until"))

_STARTS = (
    sa.select(attempt.c.target_id, attempt.c.started_at)
    .where(attempt.c.target_id.in_(_bind("targets", expanding=True)), *_LATELY)
    .order_by(attempt.c.target_id, attempt.c.started_at)
)

# Of robots that several targets share, which are few: for all others a target is its robot.
_SHARED_STARTS = (
    sa.select(target.c.robot_id, attempt.c.started_at)
    .join(attempt, attempt.c.target_id == target.c.id)
    .where(target.c.robot_id.in_(_bind("robots", expanding=True)), *_LATELY)
    .order_by(target.c.robot_id, attempt.c.started_at)
)

# Two workers may have locked two targets of one robot. The first of its targets stands for the robot: who has that row
# judges it, and the other looks again later.
_ROBOTS = (
    sa.select(target.c.id)
    .where(target.c.id.in_(_bind("robots", expanding=True)))
    .with_for_update(key_share=True, skip_locked=True)
)

_CLAIM = Bulk(
    sa.update(delivery)
    .where(delivery.c.id == _bind("the_id"), IS_OPEN, delivery.c.attempts == _bind("tried"))
    .values(state=sa.literal_column("'sending'"), attempts=_bind("number"), worker=_bind("by"), next_try_at=sa.null()),
    *("the_id", "tried", "number", "by"),
)

_ATTEMPT = Bulk(sa.insert(attempt), "delivery_id", "number", "target_id", "worker", "started_at")

_PUSH = Bulk(
    sa.update(delivery).where(delivery.c.id == _bind("the_id"), IS_OPEN).values(next_try_at=_bind("due")),
    *("the_id", "due"),
)

_NEXT_DUE = sa.select(sa.func.min(delivery.c.next_try_at)).where(delivery.c.next_try_at.is_not(None))

_ANY_PACE = Pace(per_window=20)
"""For a channel the caller names no pace for: the strictest of the vendors' windows."""


class Claiming:
    """One turn's claims, in the caller's transaction."""

    def __init__(
        self,
        connection: sa.Connection,
        vault: Vault,
        paces: Mapping[str, Pace],
        ceilings: Mapping[str, Ceiling],
        *,
        worker: str,
        now: dt.datetime,
        among: Sequence[Range] | None = None,
        passed_over: Collection[str] = (),
    ) -> None:
        """`among`: nothing else is claimed; None means that everything may be. `passed_over`: channels that are not.

        To be made before anything is written: the ceilings' rows are locked first in every turn, so that no two turns
        wait for each other.
        """
        self._connection = connection
        self._vault = vault
        self._paces = paces
        self._worker = worker
        self._now = now
        self._window = dt.timedelta(seconds=max(p.window_s for p in (*paces.values(), _ANY_PACE)))
        self._passed_over = passed_over
        self._busy: set[int] = set()
        self.waits: list[tuple[str, float]] = []
        self._candidates = _CANDIDATES if among is None else _candidates_among(len(among))
        self._next_due = _NEXT_DUE if among is None else _NEXT_DUE.where(within(delivery, len(among)))
        self._ends = ends(among or ())
        self._room = Room(connection, ceilings, now)

    def run(self, limit: int, shift: tally.Shift) -> list[Claimed]:
        """Claim up to `limit`. Due rows that may not go yet are moved to the moment they may."""
        claimed: list[Claimed] = []
        limit = self._room.left(limit)
        for _ in range(ROUNDS):
            missing = limit - len(claimed)
            if missing <= 0:
                break
            # With few wanted, look further: the first in line may all belong to one busy target.
            most = max(missing, 50)
            rows = self._connection.execute(self._candidates, {"now": self._now, "most": most, **self._ends}).all()
            if not rows:
                break
            claimed += self._judge(rows, missing, shift)
            if len(rows) < most:
                break
        self._room.save()
        return claimed

    def again(self, handed_out: Collection[int]) -> list[Claimed]:
        """What this worker has claimed and does not know of: a turn was on disk, and the answer that said so was lost
        with the connection. None of it has been sent."""
        rows = self._connection.execute(_CLAIMED, {"by": self._worker})
        return [self._claimed(row, row.attempts) for row in rows if row.id not in handed_out]

    def next_due(self) -> dt.datetime | None:
        due: dt.datetime | None = self._connection.execute(self._next_due, self._ends).scalar_one()
        free_at = self._room.free_at()
        return due if due is None or free_at is None else max(due, free_at)

    def _judge(self, rows: Sequence[AnyRow], missing: int, shift: tally.Shift) -> list[Claimed]:
        targets = {row.target_id for row in rows}
        self._busy |= set(self._connection.execute(_IN_FLIGHT, {"targets": list(targets)}).scalars())
        shared = {row.robot_id for row in rows if row.robot_id is not None}
        elsewhere = shared - set(self._locked(shared))
        starts = self._starts(targets, shared)
        chosen: list[Claimed] = []
        pushed: list[tuple[int, int]] = []
        stopped: set[int] = set()
        for row in rows:
            target_id = row.target_id
            if row.stopped:
                stopped.add(target_id)
                continue
            robot_id = row.robot_id or target_id
            at = self._paces.get(row.channel, _ANY_PACE).earliest(starts[robot_id], self._now)
            if row.blocked_until is not None and row.blocked_until > at:
                at = row.blocked_until
            if target_id in self._busy or robot_id in elsewhere or row.channel in self._passed_over:
                at = max(at, self._now + IN_FLIGHT_WAIT)
            # What is pushed takes its place in the pace too: the ones behind it are spread out, not bunched up.
            starts[robot_id].append(at)
            if at <= self._now and len(chosen) < missing:
                at = self._room.take(row.channel)
            if at > self._now:
                pushed.append((row.id, to_micros(at)))
                self.waits.append((row.channel, (at - self._now).total_seconds()))
            elif len(chosen) < missing:
                self._busy.add(target_id)
                chosen.append(self._claimed(row, row.attempts + 1))
                tally.move(shift, row.issue_id, row.state, DeliveryState.SENDING)
        _PUSH.run(self._connection, pushed)
        park(self._connection, stopped, shift)
        if chosen:
            self._write(chosen)
        return chosen

    def _locked(self, robots: Collection[int]) -> Iterable[int]:
        """Those of the shared robots that no other worker is judging."""
        return self._connection.execute(_ROBOTS, {"robots": list(robots)}).scalars() if robots else ()

    def _starts(self, targets: Collection[int], shared: Collection[int]) -> defaultdict[int, list[dt.datetime]]:
        """By robot, which for a target that shares its address with no other is the target."""
        found: defaultdict[int, list[dt.datetime]] = defaultdict(list)
        lately = {"since": self._now - self._window, "until": self._now + self._window}
        for target_id, started_at in self._connection.execute(_STARTS, {"targets": list(targets), **lately}):
            found[target_id].append(started_at)
        if shared:
            of_robots = self._connection.execute(_SHARED_STARTS, {"robots": list(shared), **lately})
            found |= {robot: [] for robot in shared}
            for robot_id, started_at in of_robots:
                found[robot_id].append(started_at)
        return found

    def _claimed(self, row: AnyRow, number: int) -> Claimed:
        secret = row.secret
        return Claimed(
            delivery_id=row.id,
            number=number,
            issue_id=row.issue_id,
            recipient_id=row.recipient_id,
            target_id=row.target_id,
            channel=row.channel,
            url=self._vault.open(row.url, column=TARGET_URL),
            secret=self._vault.open(secret, column=TARGET_SECRET) if secret is not None else None,
            message_id=row.message_id,
            ca_file=row.ca_file,
        )

    def _write(self, claimed: list[Claimed]) -> None:
        by, at = self._worker, to_micros(self._now)
        rows = [(one.delivery_id, one.number - 1, one.number, by) for one in claimed]
        if _CLAIM.run(self._connection, rows) != len(claimed):
            raise StoreError("领取任务时数据库中的状态已变，本次没有领取，稍后自动再试。")
        attempts = [(one.delivery_id, one.number, one.target_id, by, at) for one in claimed]
        _ATTEMPT.run(self._connection, attempts)
