"""How fast one robot may be sent to: the vendor's window is never exceeded, whatever the history."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.pacing import Ceiling, Pace

NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
PACE = Pace(per_window=3, window_s=60)


def ago(*seconds: float) -> list[dt.datetime]:
    return [NOW - dt.timedelta(seconds=s) for s in seconds]


def delay(pace: Pace, *starts_ago: float) -> float:
    return (pace.earliest(ago(*starts_ago), NOW) - NOW).total_seconds()


@pytest.mark.parametrize(
    ("starts_ago", "seconds"),
    [
        ((), 0),
        ((30,), 0),
        ((50, 40), 0),
        ((50, 40, 30), 10),
        ((59, 50, 40, 30), 10),
        ((60, 40, 30), 0),
        ((2, 1, 0), 58),
    ],
)
def test_a_full_window_waits_until_its_oldest_send_has_left_it(starts_ago: tuple[float, ...], seconds: float) -> None:
    assert delay(PACE, *starts_ago) == seconds


def test_two_sends_keep_the_gap() -> None:
    assert delay(Pace(20, 60, gap_s=3.2), 1) == pytest.approx(2.2)
    assert delay(Pace(20, 60, gap_s=3.2), 5) == 0


def test_the_stricter_of_window_and_gap_counts() -> None:
    assert delay(Pace(2, 60, gap_s=5), 50, 1) == 10
    assert delay(Pace(2, 60, gap_s=30), 50, 1) == 29


@given(
    per_window=st.integers(1, 5),
    gap_s=st.sampled_from([0.0, 0.5, 7.0]),
    waits=st.lists(st.floats(0, 30), min_size=1, max_size=40),
)
def test_no_window_ever_holds_more_than_it_may(per_window: int, gap_s: float, waits: list[float]) -> None:
    """Sends that always wait for `earliest`, at any times, over any window of the run."""
    pace = Pace(per_window, 60, gap_s)
    window, gap = dt.timedelta(seconds=60), dt.timedelta(seconds=gap_s)
    now, sends = NOW, list[dt.datetime]()
    for wait in waits:
        now += dt.timedelta(seconds=wait)
        now = pace.earliest([s for s in sends if s > now - window], now)
        sends.append(now)
    assert all(later - first >= window for first, later in zip(sends, sends[per_window:], strict=False))
    assert all(later - first >= gap for first, later in pairwise(sends))


@pytest.mark.parametrize(
    ("past", "waits"), [(0, 10), (3.5, 6.5), (10, 0), (1799, 0), (1800, 10), (-1, 0)], ids="{} s past the hour".format
)
def test_nothing_goes_out_in_a_busy_instant(past: float, waits: float) -> None:
    now = NOW + dt.timedelta(seconds=past)
    assert (Pace(20, busy_s=10).earliest((), now) - now).total_seconds() == waits
    assert Pace(20).earliest((), now) == now


def test_a_wait_for_the_window_does_not_end_in_a_busy_instant() -> None:
    now = NOW - dt.timedelta(seconds=1)
    assert Pace(1, 60, busy_s=10).earliest([now - dt.timedelta(seconds=55)], now) == NOW + dt.timedelta(seconds=10)


# ceilings


@given(
    per_minute=st.integers(1, 5_000),
    waits=st.lists(st.integers(0, 20_000_000), min_size=1, max_size=60),
    wanted=st.lists(st.integers(0, 200), min_size=60, max_size=60),
)
def test_no_minute_ever_holds_more_than_its_ceiling(per_minute: int, waits: list[int], wanted: list[int]) -> None:
    """Any number wanted at any times; what there is room for goes, and every window of the run is looked at."""
    ceiling, free_at, now = Ceiling(per_minute), None, NOW
    sends: list[dt.datetime] = []
    for wait, want in zip(waits, wanted, strict=False):
        now += dt.timedelta(microseconds=wait)
        going = min(want, ceiling.room(free_at, now))
        free_at = ceiling.after(free_at, now, going)
        sends += [now] * going
    minute = dt.timedelta(seconds=60)
    assert all(later - first >= minute for first, later in zip(sends, sends[per_minute:], strict=False))


@pytest.mark.parametrize("per_minute", [1, 2, 20, 59, 60, 600, 100_000])
def test_under_a_ceiling_as_much_goes_out_as_it_allows_and_evenly(per_minute: int) -> None:
    ceiling, free_at, counts = Ceiling(per_minute), None, list[int]()
    for tick in range(2400):
        now = NOW + dt.timedelta(seconds=tick / 20)
        counts.append(ceiling.room(free_at, now))
        free_at = ceiling.after(free_at, now, counts[-1])
    assert 0.95 * 2 * per_minute <= sum(counts) <= 2 * per_minute
    assert max(counts[1:]) <= per_minute / 600 + 1


def test_a_clock_set_back_by_a_day_does_not_close_a_ceiling_for_a_day() -> None:
    ceiling = Ceiling(60)
    free_at = ceiling.after(None, NOW + dt.timedelta(days=1), 1)
    assert ceiling.room(free_at, NOW) == 0
    assert ceiling.after(free_at, NOW, 0) == NOW + dt.timedelta(seconds=1)
