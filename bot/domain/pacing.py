"""How fast may be sent: to one target, as its platform allows, and in all, as the operator wishes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

HALF_HOUR_S = 1800.0
ALL_CHANNELS = "*"
"""Stands for a channel in the ceiling over all of them together."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Of one target: `per_window` sends in any `window_s` seconds, and at least `gap_s` seconds between two. Derived
    from the attempts on record, so it outlives a restart.

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


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Of many targets together: at most `per_minute` sends in any 60 seconds, spread evenly over them.

    A leaky bucket. All it has to remember is `free_at`: no send may go before it, and room grows from then on, up to
    about a second's worth. None: nothing has been sent yet.
    """

    per_minute: int

    def room(self, free_at: dt.datetime | None, now: dt.datetime) -> int:
        """How many may go at `now`."""
        start = self._start(free_at, now)
        return 0 if start > now else (now - start) // self._interval + 1

    def after(self, free_at: dt.datetime | None, now: dt.datetime, count: int) -> dt.datetime:
        """`free_at` when `count` have gone at `now`."""
        return self._start(free_at, now) + count * self._interval

    @property
    def _most(self) -> int:
        return max(1, self.per_minute // 60)

    @property
    def _interval(self) -> dt.timedelta:
        # A full bucket at the start of a minute and what drips into it within the minute: `per_minute` in all.
        return dt.timedelta(microseconds=-(-60_000_000 // (self.per_minute - self._most + 1)))

    def _start(self, free_at: dt.datetime | None, now: dt.datetime) -> dt.datetime:
        earliest = now - (self._most - 1) * self._interval
        if free_at is None:
            return earliest
        # Further ahead than one interval it can only be when the clock was set back.
        return min(max(free_at, earliest), now + self._interval)
