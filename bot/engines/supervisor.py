"""Keeps the parts of a service running: one that fails is reported and started again, the others go on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.domain.errors import JianbaoError

log = logging.getLogger(__name__)

BACK_OFF_S: tuple[float, ...] = (0.5, 1, 2, 5, 10, 30)
"""Seconds before the first, second, … restart in a row; the last is kept for all later ones."""
STEADY_S = 60.0
"""A part that ran this long starts again from the shortest wait."""


async def on(event: asyncio.Event, act: Callable[[], None]) -> None:
    """Call `act` once `event` is set: how a part that has a stop of its own hears of the service's."""
    await event.wait()
    act()


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that runs as long as the service does. `run` returns when `stop` is set; returning earlier, like
    raising, is a failure."""

    name: str
    run: Callable[[asyncio.Event], Awaitable[None]]


@dataclass(slots=True)
class Health:
    """What is known of a part: is it running, how often it was restarted, and what ended it last."""

    running: bool = False
    restarts: int = 0
    last_error: str | None = None


@dataclass
class Supervisor:
    """Runs `parts` until `stop()`. `grace_s` bounds the stop: what has not ended by then is cancelled."""

    parts: Sequence[Part]
    grace_s: float = 12.0
    back_off_s: Sequence[float] = BACK_OFF_S
    on_failure: Callable[[str, BaseException], None] = lambda _name, _error: None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _health: dict[str, Health] = field(default_factory=dict)

    @property
    def health(self) -> Mapping[str, Health]:
        return self._health

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        self._health = {part.name: Health() for part in self.parts}
        tasks = [asyncio.create_task(self._keep(part), name=part.name) for part in self.parts]
        try:
            await self._stop.wait()
        finally:
            self._stop.set()
            _, late = await asyncio.wait(tasks, timeout=self.grace_s)
            for task in late:
                log.warning("part %s did not stop within %s s and is cancelled", task.get_name(), self.grace_s)
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, part: Part) -> None:
        health, loop = self._health[part.name], asyncio.get_running_loop()
        in_a_row = 0
        while not self._stop.is_set():
            began = loop.time()
            health.running = True
            try:
                await part.run(self._stop)
                error: BaseException = RuntimeError("ended by itself")
            except Exception as failure:
                error = failure
            finally:
                health.running = False
            if self._stop.is_set():
                return
            in_a_row = 0 if loop.time() - began >= STEADY_S else in_a_row
            wait = self.back_off_s[min(in_a_row, len(self.back_off_s) - 1)]
            in_a_row += 1
            health.restarts += 1
            health.last_error = f"{type(error).__name__}: {error}"
            # A trouble with a name explains itself; anything else is a bug and needs its trace.
            trace = None if isinstance(error, JianbaoError) else error
            log.error("part %s failed and is started again in %s s: %s", part.name, wait, error, exc_info=trace)
            self.on_failure(part.name, error)
            try:
                await asyncio.wait_for(self._stop.wait(), wait)
            except TimeoutError:
                continue
