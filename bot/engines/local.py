"""The engine of one process: the dispatcher on an event loop of its own, stopped gently by signals."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from bot.flows.deliver import Dispatcher

T = TypeVar("T")
Open = Callable[[], AbstractAsyncContextManager[Dispatcher]]


def run(main: Coroutine[Any, Any, T]) -> T:
    """asyncio.run on uvloop where there is one (not on Windows)."""
    if sys.platform == "win32":
        return asyncio.run(main)
    import uvloop  # noqa: PLC0415 - absent on Windows

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


async def deliver(open_dispatcher: Open, done: Callable[[], Awaitable[bool]] | None = None) -> None:
    """Run a dispatcher until `done` or a signal: the first SIGINT or SIGTERM stops it gently.

    Errors of the dispatcher come out as themselves, not wrapped in a group.
    """
    async with open_dispatcher() as dispatcher:
        loop = asyncio.get_running_loop()
        caught = (signal.SIGINT, signal.SIGTERM)
        for number in caught:
            loop.add_signal_handler(number, dispatcher.stop)
        try:
            await dispatcher.run(done)
        except* Exception as group:
            raise group.exceptions[0] from group
        finally:
            for number in caught:
                loop.remove_signal_handler(number)
