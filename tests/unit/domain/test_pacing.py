"""How fast one robot may be sent to: the vendor's window is never exceeded, whatever the history."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.pacing import Pace

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
