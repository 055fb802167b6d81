"""What the scheduler's wakes do: release what is due, remind, alert, clean up, look at the sources."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from bot.channels import CHANNELS
from bot.domain.errors import DiskFull
from bot.domain.publication import SourceSpec
from bot.engines.supervisor import Part
from bot.flows.alert import MASTHEAD as ALERT_MASTHEAD
from bot.flows.alert import send_alerts
from bot.flows.collect import Collected, collect
from bot.flows.remind import remind_due
from bot.scheduler import Wake, Waker
from bot.sources.inbox import Inbox
from bot.sources.kinds import make_source

from .app import App, retention
from .metrics import Metrics

log = logging.getLogger(__name__)

RELEASE_EVERY_S = 2.0
"""One look at an index; so an issue moved at the last moment, by whatever process, still goes out on its moment."""
REMIND_EVERY_S = 1800.0
HOUSEKEEPING_EVERY_S = 3600.0
ALERT_EVERY_S = 60.0
"""A wave of failures within this long is one alert."""


class SourceDesk:
    """One source at work: looked at by the clock and by what stirs in a folder, never by both at once."""

    def __init__(self, app: App, spec: SourceSpec) -> None:
        self.spec = spec
        self._app = app
        self._source = make_source(spec)
        self._busy = asyncio.Lock()

    @property
    def inbox(self) -> Inbox | None:
        return self._source if isinstance(self._source, Inbox) else None

    async def look(self) -> Collected:
        async with self._busy:
            return await collect(self.spec, self._source, self._app.publisher, self._app.store)


class Wakes:
    """The clock's side of a service."""

    def __init__(self, app: App, metrics: Metrics, due: Callable[[], None]) -> None:
        """`due` is called when there may be something to deliver."""
        self._app = app
        self._metrics = metrics
        self._due = due
        self._waker: Waker | None = None
        self._desks = {
            spec.id: SourceDesk(app, spec) for publication in app.publications for spec in publication.sources
        }
        for key in self._desks:
            metrics.source_failures.labels(key)

    @property
    def last_beat(self) -> dt.datetime | None:
        return self._waker.last_beat if self._waker else None

    def watchers(self) -> list[Part]:
        """One for each folder: what stirs there is looked at without waiting for the clock."""
        return [Part(f"watch {key}", self._watcher(desk)) for key, desk in self._desks.items() if desk.inbox]

    async def beat(self, wake: str) -> None:
        """Do now what a wake does: `release`, `remind`, `alert`, `source <id>`."""
        assert self._waker is not None, "the service does not run yet"
        await self._waker.beat(wake)

    async def run(self, stop: asyncio.Event) -> None:
        self._waker = Waker(
            [
                Wake("release", RELEASE_EVERY_S, self._with_room(self._release), next_at=self._next_release),
                Wake("remind", REMIND_EVERY_S, self._with_room(self._remind)),
                Wake("alert", ALERT_EVERY_S, self._with_room(self._alert)),
                Wake("housekeeping", HOUSEKEEPING_EVERY_S, self._with_room(self._housekeep)),
                *(
                    Wake(f"source {k}", desk.spec.every_s, self._with_room(partial(self._collect, desk)))
                    for k, desk in self._desks.items()
                ),
            ],
            clock=self._app.clock,
            on_failure=lambda name, _error: self._metrics.wake_failures.labels(name).inc(),
        )
        for name in self._waker.names:
            self._metrics.wake_failures.labels(name)
        await self._waker.run(stop)

    def _with_room(self, run: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Every wake writes: while the disk is full there is nothing for it to do, and nothing to complain of anew."""

        async def wake() -> None:
            if not self._app.store.full:
                with contextlib.suppress(DiskFull):
                    await run()

        return wake

    async def _release(self) -> None:
        # First the directory of the day: an issue must not go out by yesterday's.
        await asyncio.to_thread(self._app.keep_up)
        released = await asyncio.to_thread(self._app.publisher.release_due)
        if any(one.released for one in released):
            self._due()
        self._metrics.last_wake.set(self._app.clock().timestamp())

    async def _remind(self) -> None:
        for issue_id, note in await asyncio.to_thread(remind_due, self._app.publisher):
            log.info("%s", note, extra={"issue": issue_id})
        self._due()

    async def _alert(self) -> None:
        async with self._app.sender() as sender:
            await send_alerts(
                self._app.publisher, self._app.store, sender, CHANNELS, self._app.renderer.wording(ALERT_MASTHEAD)
            )

    async def _housekeep(self) -> None:
        now = self._app.clock()
        await asyncio.to_thread(self._app.store.housekeep, now=now)
        cleared = await asyncio.to_thread(self._app.store.clear, retention(self._app.settings), now=now)
        for kept, count in cleared.items():
            log.info("cleared after its days", extra={"kept": kept.value, "rows": count})

    async def _collect(self, desk: SourceDesk) -> None:
        collected = await desk.look()
        if collected.failures:
            self._metrics.source_failures.labels(desk.spec.id).inc()
        if collected.taken:
            await self._release()

    def _watcher(self, desk: SourceDesk) -> Callable[[asyncio.Event], Awaitable[None]]:
        async def watch(stop: asyncio.Event) -> None:
            if desk.inbox is not None:
                async for _ in desk.inbox.watch(stop):
                    await self._collect(desk)

        return watch

    async def _next_release(self) -> dt.datetime | None:
        return await asyncio.to_thread(self._app.store.next_release)
