"""The engine of many machines: PgQueuer spreads batches of deliveries over workers and takes over a dead one's.

What PgQueuer is asked for is who works on which batch: queueing, waking, heartbeats, and handing a batch on when its
worker has fallen silent. What is due, what was sent and what came of it stands in our own tables, and the dispatcher is
the one of the local engine; it merely claims from the batches its process holds. So the queue may be lost or hold a
batch too many: the feeder fills it from what is due, and a batch with nothing to do is through at once.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol, Self

import psycopg
from pgqueuer import PgQueuer
from pgqueuer.db import PsycopgDriver
from pgqueuer.models import Job
from pgqueuer.ports.driver import Driver, NotifyCallback
from pgqueuer.queries import Queries

from bot.flows.deliver import Dispatcher
from bot.flows.ports import Clock, Ledger

from .supervisor import on

log = logging.getLogger(__name__)

QUEUE = "batch"
HELD = 4
"""Batches a worker holds at a time: enough that the slowest robot of one does not leave it idle."""
SILENCE_S = 10.0
"""A worker that has sent no heartbeat for so long loses its batches to others."""
FEED_EVERY_S = 1.0
LOOK_EVERY_S = 5.0
"""Workers are woken by what is queued; at this pace they look for what the dead have left."""
AGAIN_S = 1.0
"""How soon a worker whose queue is out of reach looks for it again."""
TIDY_EVERY_S = 3600.0
"""How often the log that PgQueuer keeps of our batches is emptied: the attempts are ours, and kept for years."""


class BatchLedger(Ledger, Protocol):
    """A ledger that claims only from the batches held."""

    def hold(self, number: int) -> asyncio.Future[None]:
        """Claim from this batch. The future is done when nothing of it is due and nothing is in flight here."""
        ...

    def release(self, number: int) -> None: ...

    async def tries(self, number: int) -> int:
        """How often the batch was begun in vain."""
        ...

    async def begin(self, number: int, *, now: dt.datetime) -> bool:
        """Count a try; False when the batch has had its tries and is set aside."""
        ...

    async def finish(self, number: int) -> None: ...


class BatchStore(Protocol):
    def due_batches(self, *, now: dt.datetime) -> list[int]: ...


class _Driver(PsycopgDriver):
    """Listens on a connection of its own: psycopg keeps one to itself while it waits for a notification, a second at a
    time, and every query of PgQueuer would wait as long."""

    def __init__(self, connection: psycopg.AsyncConnection, ears: psycopg.AsyncConnection) -> None:
        super().__init__(connection)
        self._ears = PsycopgDriver(ears)
        self._both = (connection, ears)

    @property
    def lost(self) -> bool:
        """Whether one of the connections has been found broken."""
        return any(connection.closed for connection in self._both)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        await self._ears.add_listener(channel, callback)

    async def remove_listener(self, channel: str, callback: NotifyCallback) -> None:
        await self._ears.remove_listener(channel, callback)

    async def __aenter__(self) -> Self:
        await self._ears.__aenter__()
        return await super().__aenter__()

    async def __aexit__(self, *error: object) -> None:
        await self._ears.__aexit__(*error)
        await super().__aexit__(*error)


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Queries]:
    """PgQueuer on connections of its own, its tables installed or brought up to date. `address`: as libpq takes it."""
    async with (
        await psycopg.AsyncConnection.connect(address, autocommit=True) as connection,
        await psycopg.AsyncConnection.connect(address, autocommit=True) as ears,
    ):
        queries = Queries(_Driver(connection, ears))
        # Of several that start at once one installs.
        async with queries.schema_lock():
            if await queries.schema_is_installed():
                await queries.upgrade()
            else:
                await queries.install()
        yield queries


class Feeder:
    """Queues the batches in which something is due. Any number may run: a batch is in the queue once."""

    def __init__(self, address: str, store: BatchStore, clock: Clock) -> None:
        self._address = address
        self._store = store
        self._clock = clock
        self._stirred = asyncio.Event()

    def wake(self) -> None:
        """Something may be due now."""
        self._stirred.set()

    async def run(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        async with connected(self._address) as queries, asyncio.TaskGroup() as group:
            watch = group.create_task(on(stop, self.wake))
            tidied = loop.time()
            while not stop.is_set():
                self._stirred.clear()
                await self._feed(queries)
                if loop.time() - tidied >= TIDY_EVERY_S:
                    tidied = loop.time()
                    await queries.clear_queue_log(QUEUE)
                await _within(self._stirred, FEED_EVERY_S)
            watch.cancel()

    async def _feed(self, queries: Queries) -> None:
        due = await asyncio.to_thread(self._store.due_batches, now=self._clock())
        if due:
            names = [str(number) for number in due]
            await queries.enqueue(
                [QUEUE] * len(due),
                [name.encode() for name in names],
                [0] * len(due),
                dedupe_key=[f"{QUEUE}-{name}" for name in names],
                on_conflict="skip",
            )


class Worker:
    """One process's dispatcher, working off the batches that PgQueuer hands it.

    While the queue cannot be reached the dispatcher goes on with what it holds: it keeps receipts until the database
    can be written again, and they must not be lost for want of work to hand out.
    """

    def __init__(self, address: str, dispatcher: Dispatcher, ledger: BatchLedger, clock: Clock) -> None:
        self._address = address
        self._dispatcher = dispatcher
        self._ledger = ledger
        self._clock = clock
        self._ended = asyncio.Event()
        self._lost = asyncio.Event()
        self._failed = False
        self._room = _Room(HELD)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then what is in flight ends, and what is not begun goes back to the queue."""
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(on(stop, self._dispatcher.stop))
            group.create_task(self._take_batches())
            try:
                await self._dispatcher.run()
            except BaseException:
                self._failed = True
                raise
            finally:
                # PgQueuer waits for the batches at work, and they for this.
                self._ended.set()
                watch.cancel()

    async def _take_batches(self) -> None:
        while not self._ended.is_set():
            try:
                async with connected(self._address) as queries:
                    await self._take_from(queries)
            except Exception as error:
                # An outage explains itself; anything else is a bug and needs its trace. Neither may cost receipts.
                trace = None if isinstance(error, psycopg.Error | OSError) else error
                log.error("no batches are taken until the queue can be reached again: %s", error, exc_info=trace)
                await _within(self._ended, AGAIN_S)

    async def _take_from(self, queries: Queries) -> None:
        self._lost.clear()
        queue = PgQueuer(queries.driver, queries=queries)
        queue.entrypoint(QUEUE, accepts_context=False)(self._batch)
        end = asyncio.create_task(on(self._ended, queue.shutdown.set))
        watch = asyncio.create_task(self._watch(queries.driver))
        try:
            await queue.qm.run(
                dequeue_timeout=dt.timedelta(seconds=LOOK_EVERY_S),
                batch_size=HELD // 2,
                max_concurrent_tasks=HELD,
                heartbeat_timeout=dt.timedelta(seconds=SILENCE_S),
                log_aggregation_interval=dt.timedelta(0),
            )
        finally:
            end.cancel()
            watch.cancel()

    async def _watch(self, driver: Driver) -> None:
        """PgQueuer lets the batches at work end before it tells that its connection is gone. Without a connection it
        sends no heartbeat for them, so others take them over: they are let go of at once."""
        assert isinstance(driver, _Driver)
        while not driver.lost:
            await _within(self._ended, AGAIN_S)
            if self._ended.is_set():
                return
        self._lost.set()

    async def _batch(self, job: Job) -> None:
        number = int(job.payload or b"")
        # A batch that got nowhere before runs by itself, so that its neighbours are not blamed for what it does.
        async with self._room.place(alone=await self._ledger.tries(number) > 0):
            if self._ended.is_set():
                return
            if not await self._ledger.begin(number, now=self._clock()):
                log.error("batch %s got nowhere several times and is set aside until a person hands it out", number)
                return
            through = self._ledger.hold(number)
            self._dispatcher.wake()
            ended, lost = (asyncio.create_task(event.wait()) for event in (self._ended, self._lost))
            try:
                await asyncio.wait((through, ended, lost), return_when=asyncio.FIRST_COMPLETED)
            finally:
                ended.cancel()
                lost.cancel()
                self._ledger.release(number)
            if not self._failed:
                await self._ledger.finish(number)


class _Room:
    """`places` at a time, or one alone."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._free = asyncio.Semaphore(places)
        self._door = asyncio.Lock()

    @asynccontextmanager
    async def place(self, *, alone: bool) -> AsyncIterator[None]:
        wanted = self._places if alone else 1
        taken = 0
        try:
            # Through the door one by one: of two that want all places, neither may hold half of them.
            async with self._door:
                while taken < wanted:
                    await self._free.acquire()
                    taken += 1
            yield
        finally:
            for _ in range(taken):
                self._free.release()


async def work(
    address: str,
    open_dispatcher: Callable[[], AbstractAsyncContextManager[Dispatcher]],
    ledger: BatchLedger,
    clock: Clock,
    stop: asyncio.Event,
) -> None:
    """Be a worker until `stop`. The dispatcher that `open_dispatcher` gives has to use `ledger`."""
    async with open_dispatcher() as dispatcher:
        await Worker(address, dispatcher, ledger, clock).run(stop)


async def _within(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
