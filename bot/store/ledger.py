"""The dispatcher's side of the store: every call is one transaction on the one writer thread."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

import sqlalchemy as sa

from bot.domain.attachment import Attachment
from bot.domain.delivery import DeliveryState
from bot.domain.faultpoints import Point
from bot.domain.pacing import Ceiling, Pace
from bot.domain.plan import Claimed, Settled, StoredMessage, Turn

from . import settling, tally, workers
from .claiming import Claiming, Range
from .database import Database
from .history import Entry, record
from .schema import IS_SENDING, delivery, message, original
from .vault import Vault

NONE: Mapping[str, Ceiling] = {}

P = ParamSpec("P")
T = TypeVar("T")

_MESSAGE = sa.select(message.c.body, message.c.original_id).where(message.c.id == sa.bindparam("the_message"))
_ORIGINAL = sa.select(original.c.name, original.c.content).where(original.c.id == sa.bindparam("the_original"))

# Without the issue in the condition, so that the (small) index of what is in flight is the one to be used.
_FIRST_TRIES = sa.select(delivery.c.issue_id).where(IS_SENDING, delivery.c.attempts == 1)

_SENDING = sa.select(
    delivery.c.id, delivery.c.issue_id, delivery.c.attempts, delivery.c.worker, delivery.c.uploading
).where(IS_SENDING)

# An attempt's number is given once: whoever took this worker for dead has moved the delivery on from it.
_UPLOADING = (
    sa.update(delivery)
    .where(delivery.c.id == sa.bindparam("the_id"), IS_SENDING, delivery.c.attempts == sa.bindparam("number"))
    .values(uploading=sa.bindparam("mark"))
)


class SqlLedger:
    """Fulfils `bot.flows.ports.Ledger`. One per process and database; close it with the store."""

    def __init__(self, db: Database, vault: Vault, data_dir: Path) -> None:
        self._db = db
        self._vault = vault
        self._locks = workers.Locks(data_dir / "workers")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._handed_out: set[int] = set()
        self._unsure = False

    async def turn(
        self,
        settled: Sequence[Settled],
        *,
        worker: str,
        now: dt.datetime,
        limit: int,
        paces: Mapping[str, Pace],
        ceilings: Mapping[str, Ceiling] = NONE,
        passed_over: Collection[str] = (),
    ) -> Turn:
        """Write `settled`, then claim up to `limit` due deliveries, all on disk on return.

        A failed turn (StoreError) has done nothing that matters; it is to be tried again with the same `settled`. Where
        it was on disk when the connection broke, the next one hands out what it had claimed.
        `next_due` counts only what can be claimed: not what is in flight, waits for an earlier part, or is parked.
        """
        turn = await self._run(self._turn, settled, worker, now, limit, paces, ceilings, passed_over)
        self._after_turn()
        return turn

    async def message(self, message_id: int) -> StoredMessage:
        return await self._run(self._message, message_id)

    async def original(self, original_id: int) -> Attachment:
        """The file as it was received."""
        return await self._run(self._original, original_id)

    async def uploading(self, claimed: Claimed, *, begun: bool) -> bool:
        """Put on record that the attempt's upload has begun, or has ended: in between nothing of it can have been
        shown. False: the attempt is not in flight any more, and nothing may be sent for it."""
        return await self._run(self._uploading, claimed, begun)

    async def recover(self, *, now: dt.datetime, resend: bool = False) -> int:
        """Settle what dead workers left in `sending`: as `in_doubt`, but what was being uploaded, and with `resend` all
        of it, as `retrying`. The number of those in doubt."""
        return await self._run(self._recover, now, resend)

    async def enlist(self, worker: str, *, now: dt.datetime, resend: bool = False) -> None:
        """Must come before the first turn. What a dead worker of this name left is settled as by `recover`. StoreError
        when a living worker has the name."""
        await self._run(self._enlist, worker, now, resend)

    async def heartbeat(self, worker: str, *, now: dt.datetime) -> None:
        """Due every few seconds while nothing else is written; a turn that writes is one too."""
        await self._run(self._heartbeat, worker, now)

    async def retire(self, worker: str) -> None:
        await self._run(self._retire, worker)

    async def unsettled(self, issue_id: int) -> tuple[int, int]:
        """(deliveries that had no verdict yet and can get one without a person, deliveries not settled)."""
        return await self._run(self._unsettled, issue_id)

    def close(self) -> None:
        """Waits for the call in progress, then lets go of the workers' locks."""
        self._thread.shutdown()
        self._locks.drop_all()

    async def _run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(call, *args, **kwargs))

    def _turn(
        self,
        settled: Sequence[Settled],
        worker: str,
        now: dt.datetime,
        limit: int,
        paces: Mapping[str, Pace],
        ceilings: Mapping[str, Ceiling],
        passed_over: Collection[str],
    ) -> Turn:
        unsure, self._unsure = self._unsure, True
        with self._db.write() as connection:
            limits = ceilings if limit > 0 else NONE
            claiming = Claiming(
                connection,
                self._vault,
                paces,
                limits,
                worker=worker,
                now=now,
                among=self._among(),
                passed_over=passed_over,
            )
            shift = tally.Shift()
            if settled:
                if settling.write(connection, settled, shift, now=now):
                    self._db.hook(Point.PART_ARMED)
                self._db.hook(Point.RECEIPTS_WRITTEN)
            claimed = claiming.again(self._handed_out) if unsure else []
            claimed += claiming.run(limit - len(claimed), shift)
            tally.apply(connection, shift)
            # An idle turn writes nothing, and so costs no sync of the disk.
            if settled or claimed:
                workers.beat(connection, worker, now=now)
            if claimed:
                self._db.hook(Point.CLAIM_WRITTEN)
            turn = Turn(tuple(claimed), claiming.next_due(), tuple(claiming.waits))
        if settled:
            self._db.hook(Point.RECEIPTS_COMMITTED)
        if claimed:
            self._db.hook(Point.CLAIM_COMMITTED)
        self._unsure = False
        self._handed_out.difference_update(one.claimed.delivery_id for one in settled)
        self._handed_out.update(one.delivery_id for one in claimed)
        self._turn_written(now)
        return turn

    def _among(self) -> Sequence[Range] | None:
        """A turn begins: the delivery ids that it may claim; None: all."""
        return None

    def _turn_written(self, now: dt.datetime) -> None:
        """A turn is on disk; still in the writer's thread. Must not fail: what was claimed is to be handed out."""

    def _after_turn(self) -> None:
        """The same, back in the caller's thread."""

    def _message(self, message_id: int) -> StoredMessage:
        with self._db.read() as connection:
            return StoredMessage(*connection.execute(_MESSAGE, {"the_message": message_id}).one())

    def _original(self, original_id: int) -> Attachment:
        with self._db.read() as connection:
            return Attachment(*connection.execute(_ORIGINAL, {"the_original": original_id}).one())

    def _uploading(self, claimed: Claimed, begun: bool) -> bool:
        mark = claimed.number if begun else None
        with self._db.write() as connection:
            values = {"the_id": claimed.delivery_id, "number": claimed.number, "mark": mark}
            in_flight = connection.execute(_UPLOADING, values).rowcount > 0
        self._db.hook(Point.UPLOAD_BEGUN if begun else Point.UPLOAD_ENDED)
        return in_flight

    def _recover(self, now: dt.datetime, resend: bool) -> int:
        with self._db.write() as connection:
            alive, dead = workers.living(connection, now=now)
            left = delivery.c.worker.not_in(alive)
            count = self._interrupt(connection, left, now, resend)
            for worker in dead:
                workers.retire(connection, worker)
            if count:
                self._db.hook(Point.RECOVERY_WRITTEN)
        if count:
            self._db.hook(Point.RECOVERY_COMMITTED)
        for worker in dead:
            self._locks.sweep(worker)
        return count

    def _interrupt(
        self, connection: sa.Connection, left: sa.ColumnElement[bool], now: dt.datetime, resend: bool
    ) -> int:
        rows = connection.execute(_SENDING.where(left).with_for_update(skip_locked=True)).all()
        if not rows:
            return 0
        shift = tally.Shift()
        doubtful = settling.interrupted(connection, rows, shift, now=now, resend=resend)
        tally.apply(connection, shift)
        by_worker = Counter(row.worker for row in doubtful)
        entries = [Entry("worker.recovered", f"worker:{key}", after={"in_doubt": n}) for key, n in by_worker.items()]
        record(connection, entries, who=settling.MACHINE, why="工作进程中断", now=now)
        return len(doubtful)

    def _enlist(self, worker: str, now: dt.datetime, resend: bool) -> None:
        taken = self._locks.take(worker)
        with self._db.write() as connection:
            if taken:
                self._interrupt(connection, delivery.c.worker == worker, now, resend)
            workers.enlist(connection, worker, self._locks.path(worker), now=now)

    def _heartbeat(self, worker: str, now: dt.datetime) -> None:
        with self._db.write() as connection:
            workers.beat(connection, worker, now=now)

    def _retire(self, worker: str) -> None:
        with self._db.write() as connection:
            workers.retire(connection, worker)
        self._locks.drop(worker)

    def _unsettled(self, issue_id: int) -> tuple[int, int]:
        with self._db.read() as connection:
            slots = tally.slots(connection, issue_id)
            first = sum(key == issue_id for key in connection.execute(_FIRST_TRIES).scalars())
        pending = slots.get(DeliveryState.PENDING, 0)
        waiting = slots.get(tally.WAITING, 0)
        rest = slots.get(DeliveryState.SENDING, 0) + slots.get(DeliveryState.RETRYING, 0)
        return pending + first, pending + waiting + rest
