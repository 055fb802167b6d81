"""A clock that jumps: whenever nothing is in flight it shows the moment at which the next delivery falls due.

So thirty hours of retries, or a day of traffic, pass as fast as the work in them can be done, and nobody sleeps.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Protocol


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
        with closing(sqlite3.connect(self._path)) as connection:
            (sending,) = connection.execute("SELECT count(*) FROM delivery WHERE state = 'sending'").fetchone()
            (due,) = connection.execute("SELECT min(next_try_at) FROM delivery").fetchone()
        if sending:
            return False
        if due is None:
            return True
        # Microseconds are kept in the database; a float of seconds may fall short of one.
        self._cell.value = max(self._cell.value, due / 1e6 + 1e-5)
        return False
