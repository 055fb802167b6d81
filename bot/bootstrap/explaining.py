"""Documents explained for the pages: answers of late are kept, and for a while the reading process too.

Starting one takes a third of a second, in which a person would wait for a page.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from functools import lru_cache

from bot.bulletins import Explained
from bot.bulletins.guard import Reader

KEPT = 16
IDLE_S = 60.0


class Explainer:
    """Call it from any thread; one document is read at a time. Raises DocumentRefused."""

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self._reader = Reader()
        self._turn = threading.Lock()
        self._rest: threading.Timer | None = None
        self._explained: Callable[[bytes, str], Sequence[Explained]] = lru_cache(KEPT)(self._read)
        weakref.finalize(self, self._reader.close)

    def __call__(self, data: bytes, name: str) -> Sequence[Explained]:
        return self._explained(data, name)

    def _read(self, data: bytes, name: str) -> Sequence[Explained]:
        with self._turn:
            if self._rest is not None:
                self._rest.cancel()
            try:
                return tuple(self._reader.explain(data, name))
            finally:
                self._rest = threading.Timer(self._idle_s, self._close)
                self._rest.daemon = True
                self._rest.start()

    def _close(self) -> None:
        with self._turn:
            self._reader.close()
