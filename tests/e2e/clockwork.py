"""A clock that jumps: whenever nothing is in flight it shows the moment at which the next delivery falls due.

So thirty hours of retries, or a day of traffic, pass as fast as the work in them can be done, and nobody sleeps.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
from contextlib import closing
from enum import Enum
from pathlib import Path
from typing import Protocol


class Busy(Enum):
    SENDING = "sending"


class Cell(Protocol):
    """Where the time is kept, in Unix seconds: an object of this process, or memory shared by several."""

    value: float


class Clockwork:
    """The clock of a dispatcher that works on the database at `path`."""

    def __init__(self, cell: Cell, path: Path) -> None:
        self._cell = cell
        self._path = path

    def __call__(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._cell.value, dt.UTC)

    async def done(self) -> bool:
        """For `Dispatcher.run`: True when nothing can be sent any more, by anybody; else time has moved on."""
        while (due := self._next_due()) is Busy.SENDING:  # noqa: ASYNC110 - another process sends; no event tells
            await asyncio.sleep(0.002)
        if due is None:
            return True
        # Microseconds are kept in the database; a float of seconds may fall short of one.
        self._cell.value = max(self._cell.value, due / 1e6 + 1e-5)
        return False

    def _next_due(self) -> int | Busy | None:
        """Microseconds; None: nothing is due any more."""
        with closing(sqlite3.connect(self._path)) as connection:
            (sending,) = connection.execute("SELECT count(*) FROM delivery WHERE state = 'sending'").fetchone()
            (due,) = connection.execute("SELECT min(next_try_at) FROM delivery").fetchone()
        return Busy.SENDING if sending else due
