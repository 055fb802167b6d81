"""The retry schedule, as data, and the pure function that reads it."""

from __future__ import annotations

import datetime as dt
import hashlib

SCHEDULE_S: tuple[int, ...] = (5, 300, 1800, 7200, 18000, 36000, 36000)
"""Seconds from a failed attempt to the next; after the last the delivery is exhausted (about 30 hours in all)."""

JITTER = 0.2
"""A wave of failures must not come back as a wave: each wait is moved by up to this share, either way."""


def next_try(number: int, now: dt.datetime, *, seed: str, wait_s: float = 0.0) -> dt.datetime | None:
    """When to try again after attempt `number` (from 1) failed at `now` (aware); None when none is left.

    The vendor's own `wait_s` is a floor and is never shortened by jitter. The jitter comes from `seed`, so the
    same failure gives the same time: a replayed transaction cannot disagree with itself.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware datetime")
    if number > len(SCHEDULE_S):
        return None
    share = int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=4).digest(), "big") / 0xFFFFFFFF
    wait = SCHEDULE_S[number - 1] * (1 + JITTER * (2 * share - 1))
    return now + dt.timedelta(seconds=max(wait, wait_s))
