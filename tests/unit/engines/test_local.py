"""The loop of one process: what it changes about the interpreter it gives back."""

from __future__ import annotations

import gc
import sys

import pytest

from bot.engines import local


async def _looked_at() -> tuple[int, int]:
    return gc.get_freeze_count(), gc.get_threshold()[0]


def test_what_start_up_made_is_left_alone_while_the_loop_runs() -> None:
    before = gc.get_threshold()

    frozen, threshold = local.run(_looked_at())

    assert frozen > 0
    assert threshold == local.NEW_OBJECTS
    assert (gc.get_freeze_count(), gc.get_threshold()) == (0, before)


def test_threads_change_over_sooner_while_the_loop_runs() -> None:
    async def interval() -> float:
        return sys.getswitchinterval()

    usual = sys.getswitchinterval()
    assert local.run(interval()) == pytest.approx(local.SWITCH_S)
    assert sys.getswitchinterval() == pytest.approx(usual) != pytest.approx(local.SWITCH_S)


def test_the_collector_is_given_back_when_the_loop_fails() -> None:
    async def fail() -> None:
        raise ValueError

    before = gc.get_threshold()

    with pytest.raises(ValueError):
        local.run(fail())

    assert (gc.get_freeze_count(), gc.get_threshold()) == (0, before)
