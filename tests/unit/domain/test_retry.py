"""When a failed delivery is tried again."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.retry import JITTER, SCHEDULE_S, next_try

NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)


def wait(number: int, seed: str = "1/1", wait_s: float = 0.0) -> float:
    due = next_try(number, NOW, seed=seed, wait_s=wait_s)
    assert due is not None
    return (due - NOW).total_seconds()


def test_the_schedule_is_the_promised_one() -> None:
    assert SCHEDULE_S == (5, 300, 1800, 7200, 18000, 36000, 36000)


@given(number=st.integers(1, len(SCHEDULE_S)), seed=st.text())
def test_a_wait_is_the_schedules_within_the_jitter(number: int, seed: str) -> None:
    step = SCHEDULE_S[number - 1]
    # half a microsecond: a datetime holds no more
    assert step * (1 - JITTER) - 1e-6 <= wait(number, seed) <= step * (1 + JITTER) + 1e-6


def test_after_the_last_try_there_is_none() -> None:
    assert next_try(len(SCHEDULE_S), NOW, seed="1/7") is not None
    assert next_try(len(SCHEDULE_S) + 1, NOW, seed="1/8") is None


@given(seed=st.text(), wait_s=st.floats(0, 1000))
def test_the_vendors_cool_down_is_never_shortened(seed: str, wait_s: float) -> None:
    assert wait(1, seed, wait_s) >= wait_s - 1e-6


def test_a_short_cool_down_does_not_shorten_the_schedule() -> None:
    assert wait(3, wait_s=60) == wait(3)


def test_the_same_failure_is_always_due_at_the_same_time() -> None:
    assert wait(2, "17/2") == wait(2, "17/2")


def test_a_wave_of_failures_does_not_come_back_as_a_wave() -> None:
    waits = [wait(2, f"{delivery}/2") for delivery in range(1000)]
    assert len({round(w) for w in waits}) > 80, "spread over the seconds of ±20 % of 300"
    assert 290 < sum(waits) / len(waits) < 310


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        next_try(1, NOW.replace(tzinfo=None), seed="1/1")
