"""How fast one target may be sent to. Derived from the attempts on record, so it outlives a restart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

HALF_HOUR_S = 1800.0


@dataclass(frozen=True, slots=True)
class Pace:
    """`per_window` sends in any `window_s` seconds, and at least `gap_s` seconds between two.

    `busy_s`: none in so many seconds after each full and half hour, when everybody's timers strike.
    """

    per_window: int
    window_s: float = 60.0
    gap_s: float = 0.0
    busy_s: float = 0.0

    def earliest(self, starts: Sequence[dt.datetime], now: dt.datetime) -> dt.datetime:
        """The first moment, not before `now`, at which one more send keeps the pace.

        `starts`: aware start times of this target's attempts within the last `window_s` seconds, ascending.
        """
        at = now
        if starts and self.gap_s:
            at = max(at, starts[-1] + dt.timedelta(seconds=self.gap_s))
        if len(starts) >= self.per_window:
            at = max(at, starts[-self.per_window] + dt.timedelta(seconds=self.window_s))
        if self.busy_s and (past := at.timestamp() % HALF_HOUR_S) < self.busy_s:
            at += dt.timedelta(seconds=self.busy_s - past)
        return at
