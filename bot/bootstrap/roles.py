"""What a process of an installation does, and the engine its deliveries run on: chosen by the database URL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from typing import Protocol

import sqlalchemy as sa

from bot.domain.errors import ConfigError
from bot.domain.plan import Settled
from bot.engines.supervisor import Part, on
from bot.flows.deliver import Dispatcher
from bot.settings import Settings
from bot.store.dialect import conninfo, watchful

from .app import App


class Role(StrEnum):
    """`jianbao serve` has them all; `jianbao web`, `scheduler` and `worker` one each."""

    WEB = "web"
    SCHEDULER = "scheduler"
    WORKER = "worker"


class Engine(Protocol):
    def wake(self) -> None:
        """Something may be due now."""

    async def work(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`."""

    def scheduled(self) -> Sequence[Part]:
        """What has to run beside the scheduler."""
        ...


class LocalEngine:
    """One dispatcher that claims whatever is due."""

    def __init__(self, app: App, on_settled: Callable[[Settled], None]) -> None:
        self._app = app
        self._on_settled = on_settled
        self._dispatcher: Dispatcher | None = None

    def wake(self) -> None:
        if self._dispatcher is not None:
            self._dispatcher.wake()

    async def work(self, stop: asyncio.Event) -> None:
        async with self._app.dispatcher(self._on_settled) as dispatcher, asyncio.TaskGroup() as group:
            self._dispatcher = dispatcher
            watch = group.create_task(on(stop, dispatcher.stop))
            await dispatcher.run()
            watch.cancel()

    def scheduled(self) -> Sequence[Part]:
        return ()


class SpreadEngine:
    """PgQueuer: the scheduler queues batches, any number of workers deliver them."""

    def __init__(self, app: App, on_settled: Callable[[Settled], None]) -> None:
        # It takes a quarter of a second to import, which no command on SQLite needs to wait.
        from bot.engines import pgqueuer  # noqa: PLC0415

        address = conninfo(watchful(sa.make_url(app.settings.effective_database_url)))
        ledger = app.store.batch_ledger()
        self._feeder = pgqueuer.Feeder(address, app.store, app.clock)
        self._work = partial(
            pgqueuer.work, address, partial(app.dispatcher, on_settled, ledger=ledger), ledger, app.clock
        )

    def wake(self) -> None:
        self._feeder.wake()

    async def work(self, stop: asyncio.Event) -> None:
        await self._work(stop)

    def scheduled(self) -> Sequence[Part]:
        return (Part("feeder", self._feeder.run),)


def make_engine(app: App, on_settled: Callable[[Settled], None]) -> Engine:
    return SpreadEngine(app, on_settled) if spreads(app.settings) else LocalEngine(app, on_settled)


def spreads(settings: Settings) -> bool:
    """Can several processes share the work? On SQLite one process does everything."""
    return sa.make_url(settings.effective_database_url).get_backend_name() == "postgresql"


def check_roles(settings: Settings) -> None:
    """ConfigError for a single role on a database that only one process may serve."""
    if not spreads(settings):
        raise ConfigError(
            "web、scheduler、worker 分开运行需要 PostgreSQL：请设置 JIANBAO_DATABASE_URL=postgresql+psycopg://…；"
            "用 SQLite 时请运行 jianbao serve。"
        )
