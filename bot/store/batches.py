"""Batches: deliveries with neighbouring ids, the unit in which an engine hands work to workers.

A batch is not a thing of its own: number 7 is whatever is due among the deliveries 1400 to 1599. So an engine's queue
can be lost and filled again from the deliveries at any time. Kept is only what those cannot say: how often a batch was
begun without a single attempt coming of it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from bot.domain.errors import ConfigError, StoreError

from .claiming import Range, ends, within
from .columns import AnyRow
from .database import Database
from .history import Entry, record
from .ledger import SqlLedger
from .part import Part
from .schema import IS_DUE, batch, delivery
from .settling import MACHINE
from .vault import Vault

log = logging.getLogger(__name__)

SIZE = 200
"""Deliveries in a batch."""
MOST_TRIES = 3
"""Tries in a row that may get nowhere before a batch is set aside for a person."""
MOST_DUE = 40_000
"""Due deliveries looked at in one search for batches: it bounds the search, not the work; the next goes on."""

_number = delivery.c.id // sa.literal_column(str(SIZE), sa.Integer)

_DUE = (
    sa.select(_number.label("number"))
    .where(
        delivery.c.next_try_at <= sa.bindparam("now"),
        ~sa.exists().where(batch.c.id == _number, batch.c.set_aside_at.is_not(None)),
    )
    .order_by(delivery.c.next_try_at, delivery.c.id)
    .limit(MOST_DUE)
    .subquery()
)
_DUE_BATCHES = sa.select(_DUE.c.number).group_by(_DUE.c.number).order_by(sa.func.min(_DUE.c.number))


def span(number: int) -> Range:
    return number * SIZE, number * SIZE + SIZE - 1


class Batches(Part):
    """What people and the feeder of an engine ask about batches."""

    def due_batches(self, *, now: dt.datetime) -> list[int]:
        """Numbers of batches with something due, those set aside left out."""
        with self.db.read() as connection:
            return list(connection.execute(_DUE_BATCHES, {"now": now}).scalars())

    def batches_set_aside(self) -> list[tuple[int, int, dt.datetime]]:
        """(number, deliveries that are due in it, since when), oldest first."""
        due = (
            sa.select(sa.func.count())
            .where(IS_DUE, delivery.c.id.between(batch.c.id * SIZE, batch.c.id * SIZE + SIZE - 1))
            .scalar_subquery()
        )
        query = (
            sa.select(batch.c.id, due, batch.c.set_aside_at)
            .where(batch.c.set_aside_at.is_not(None))
            .order_by(batch.c.set_aside_at, batch.c.id)
        )
        with self.db.read() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def batch_again(self, number: int, *, who: str, why: str, now: dt.datetime) -> None:
        """Hand it out again, as if for the first time. ConfigError when it is not set aside."""
        with self.db.write() as connection:
            gone = connection.execute(
                sa.delete(batch).where(batch.c.id == number, batch.c.set_aside_at.is_not(None))
            ).rowcount
            if not gone:
                raise ConfigError(f"批次 {number} 没有被搁置。")
            record(connection, [Entry("batch.again", f"batch:{number}")], who=who, why=why, now=now)


class BatchLedger(SqlLedger):
    """The ledger of a worker that claims only from the batches it holds."""

    def __init__(self, db: Database, vault: Vault, data_dir: Path) -> None:
        super().__init__(db, vault, data_dir)
        self._held: dict[int, asyncio.Future[None]] = {}
        self._asked: Sequence[int] = ()
        self._through: Sequence[int] = ()

    def hold(self, number: int) -> asyncio.Future[None]:
        """From the next turn on this batch's deliveries are claimed. The future is done when nothing of it is due
        and nothing of it is in flight here."""
        future = asyncio.get_running_loop().create_future()
        self._held[number] = future
        return future

    def release(self, number: int) -> None:
        self._held.pop(number, None)

    async def tries(self, number: int) -> int:
        """How often it was begun in vain; 0 for one never begun, or that got somewhere."""
        return await self._run(self._tries, number)

    async def begin(self, number: int, *, now: dt.datetime) -> bool:
        """Count a try. False when it has had MOST_TRIES: it is set aside from now on, and the history says so."""
        return await self._run(self._begin, number, now)

    async def finish(self, number: int) -> None:
        """It is through, or was handed back in good order; what was counted against it is forgotten."""
        await self._run(self._finish, number)

    def _among(self) -> Sequence[Range]:
        # What comes to be held during the turn was not asked for in it.
        self._asked = tuple(self._held)
        return [span(number) for number in self._asked]

    def _turn_written(self, now: dt.datetime) -> None:
        sending = {delivery_id // SIZE for delivery_id in self._handed_out}
        idle = [number for number in self._asked if number not in sending]
        try:
            self._through = self._with_nothing_due(idle, now) if idle else ()
        except StoreError as error:
            log.error("%s; which batches are through is asked again with the next turn", error)
            self._through = ()

    def _after_turn(self) -> None:
        for number in self._through:
            future = self._held.pop(number, None)
            if future is not None and not future.done():
                future.set_result(None)

    def _with_nothing_due(self, idle: Sequence[int], now: dt.datetime) -> list[int]:
        query = sa.select(_number).where(within(delivery, len(idle)), delivery.c.next_try_at <= now).distinct()
        with self._db.read() as connection:
            due = set(connection.execute(query, ends([span(number) for number in idle])).scalars())
        return [number for number in idle if number not in due]

    def _tries(self, number: int) -> int:
        with self._db.read() as connection:
            row = _row(connection, number)
            return 0 if row is None or _attempts(connection, number) > row.progress else int(row.tries)

    def _begin(self, number: int, now: dt.datetime) -> bool:
        with self._db.write() as connection:
            row, attempts = _row(connection, number), _attempts(connection, number)
            if row is None:
                connection.execute(sa.insert(batch).values(id=number, tries=1, progress=attempts))
                return True
            if row.set_aside_at is not None:
                return False
            tries = 1 if attempts > row.progress else row.tries + 1
            change = sa.update(batch).where(batch.c.id == number)
            if tries <= MOST_TRIES:
                connection.execute(change.values(tries=tries, progress=attempts))
                return True
            connection.execute(change.values(set_aside_at=now))
            entry = Entry("batch.set_aside", f"batch:{number}", after={"tries": row.tries, "deliveries": span(number)})
            record(connection, [entry], who=MACHINE, why="多次领取都没有发出任何一条", now=now)
            return False

    def _finish(self, number: int) -> None:
        with self._db.write() as connection:
            connection.execute(sa.delete(batch).where(batch.c.id == number, batch.c.set_aside_at.is_(None)))


def _row(connection: sa.Connection, number: int) -> AnyRow | None:
    return connection.execute(sa.select(batch).where(batch.c.id == number)).one_or_none()


def _attempts(connection: sa.Connection, number: int) -> int:
    made = sa.select(sa.func.coalesce(sa.func.sum(delivery.c.attempts), 0))
    return int(connection.execute(made.where(delivery.c.id.between(*span(number)))).scalar_one())
