"""The engine of one process: the dispatcher on an event loop of its own, stopped gently by signals."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

from bot.flows.deliver import Dispatcher

T = TypeVar("T")
Open = Callable[[], AbstractAsyncContextManager[Dispatcher]]


NEW_OBJECTS = 10_000
"""Objects made before the garbage collector looks at the youngest; Python's 700 are one turn of the dispatcher."""
SWITCH_S = 0.0005
"""How soon a thread that waits for the interpreter may have it. The ledger's gives it away at every statement, and with
Python's 5 ms it waited as long for each to get it back from a busy loop, its connections idle meanwhile."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """asyncio.run on uvloop where there is one (not on Windows)."""
    with _old_objects_left_alone(), _threads_taking_turns():
        if sys.platform == "win32":
            return asyncio.run(main)
        import uvloop  # noqa: PLC0415 - absent on Windows

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main)


@contextmanager
def _old_objects_left_alone() -> Iterator[None]:
    """Keep the garbage collector off what start-up made: it lives as long as the process does, and to look through it
    again and again took a fifth of the dispatcher's time (docs/performance.md)."""
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


@contextmanager
def _threads_taking_turns() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


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
