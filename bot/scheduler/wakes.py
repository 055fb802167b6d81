"""Timed wakes over APScheduler. A wake asks the tables what is due, so one too many harms nothing and a missed one is
made up by the next: APScheduler's own memory of jobs, misfires and coalescing decides nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wake:
    """Call `run` every `every_s` seconds, and besides at the moment `next_at` names, asked anew after each run."""

    name: str
    every_s: float
    run: Callable[[], Awaitable[None]]
    next_at: Callable[[], Awaitable[dt.datetime | None]] | None = None


class Waker:
    """Runs wakes until told to stop. One wake failing is logged and told; it and the others go on."""

    def __init__(
        self,
        wakes: Sequence[Wake],
        *,
        clock: Callable[[], dt.datetime],
        on_failure: Callable[[str, BaseException], None] = lambda _name, _error: None,
    ) -> None:
        self._wakes = wakes
        self._clock = clock
        self._on_failure = on_failure
        self._scheduler = AsyncIOScheduler(timezone=dt.UTC)
        self.last_beat: dt.datetime | None = None
        """When any wake last ended well: what /readyz looks at."""

    @property
    def names(self) -> list[str]:
        return [wake.name for wake in self._wakes]

    async def run(self, stop: asyncio.Event) -> None:
        for wake in self._wakes:
            self._scheduler.add_job(
                self._beat,
                "interval",
                args=[wake],
                id=wake.name,
                seconds=wake.every_s,
                next_run_time=dt.datetime.now(dt.UTC),
                # We make up for what was missed ourselves, from the tables: never drop a wake, never run two at once.
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )
        self._scheduler.start()
        try:
            await stop.wait()
        finally:
            self._scheduler.shutdown(wait=False)

    async def beat(self, name: str) -> None:
        """Run one wake now, whatever the clock says: somebody wants to see what comes of it."""
        (wake,) = (wake for wake in self._wakes if wake.name == name)
        await self._beat(wake)

    async def _beat(self, wake: Wake) -> None:
        try:
            await wake.run()
            self.last_beat = self._clock()
            if wake.next_at is not None:
                self._aim(wake, await wake.next_at())
        except asyncio.CancelledError:
            # The service stops; what this wake did not do is still due in the tables.
            log.info("wake %s was cut short", wake.name)
        except Exception as error:
            log.exception("wake %s failed; it is tried again in %s s", wake.name, wake.every_s)
            self._on_failure(wake.name, error)

    def _aim(self, wake: Wake, moment: dt.datetime | None) -> None:
        """One extra wake at `moment` when it comes before the next regular one."""
        if moment is None:
            return
        wait = (moment - self._clock()).total_seconds()
        if 0 < wait < wake.every_s:
            self._scheduler.add_job(
                self._beat,
                "date",
                args=[wake],
                id=f"{wake.name}@",
                run_date=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=wait),
                misfire_grace_time=None,
                replace_existing=True,
            )
