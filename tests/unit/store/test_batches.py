"""Batches: what is due by neighbourhood, handed to a worker, tried in vain, set aside, handed out again."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.errors import ConfigError
from bot.store import Store
from bot.store.batches import MOST_TRIES, SIZE, span

from .samples import FREE, NOW, OK, SECOND, answer, released


def units(count: int) -> list[str]:
    return [f"u{n:03d}" for n in range(count)]


async def test_a_worker_claims_from_the_batches_it_holds_and_from_no_other(store: Store) -> None:
    released(store, *units(SIZE + 50))
    assert store.due_batches(now=NOW) == [0, 1]
    assert store.due_batches(now=NOW - SECOND) == []
    ledger = store.batch_ledger()
    await ledger.enlist("w1", now=NOW)
    idle = await ledger.turn([], worker="w1", now=NOW, limit=500, paces=FREE)
    assert (idle.claimed, idle.next_due) == ((), None)

    through = ledger.hold(1)
    turn = await ledger.turn([], worker="w1", now=NOW, limit=500, paces=FREE)
    assert {c.delivery_id for c in turn.claimed} == set(range(SIZE, SIZE + 51))
    assert not through.done()
    await ledger.turn([answer(c, OK, NOW) for c in turn.claimed], worker="w1", now=NOW, limit=500, paces=FREE)
    assert through.done()
    assert store.due_batches(now=NOW) == [0]


async def test_a_batch_with_nothing_due_is_through_at_once(store: Store) -> None:
    ledger = store.batch_ledger()
    await ledger.enlist("w1", now=NOW)
    through = ledger.hold(7)
    await ledger.turn([], worker="w1", now=NOW, limit=10, paces=FREE)
    assert through.done()


async def test_a_batch_that_gets_nowhere_is_set_aside_and_told(store: Store) -> None:
    released(store, *units(3))
    ledger = store.batch_ledger()
    for tried in range(MOST_TRIES):
        assert await ledger.tries(0) == tried
        assert await ledger.begin(0, now=NOW)
    assert not await ledger.begin(0, now=NOW)
    assert not await ledger.begin(0, now=NOW)

    assert store.due_batches(now=NOW) == []
    assert store.batches_set_aside() == [(0, 3, NOW)]
    (told,) = store.history("batch:0")
    assert (told.action, told.after) == ("batch.set_aside", {"tries": MOST_TRIES, "deliveries": list(span(0))})

    store.batch_again(0, who="李四", why="已修好", now=NOW)
    assert store.due_batches(now=NOW) == [0]
    with pytest.raises(ConfigError, match="批次 0 没有被搁置"):
        store.batch_again(0, who="李四", why="", now=NOW)


async def test_a_batch_that_gets_somewhere_may_be_interrupted_any_number_of_times(store: Store) -> None:
    released(store, *units(MOST_TRIES + 2))
    ledger = store.batch_ledger()
    await ledger.enlist("w1", now=NOW)
    for _ in range(MOST_TRIES + 2):
        assert await ledger.begin(0, now=NOW)
        ledger.hold(0)
        claimed = (await ledger.turn([], worker="w1", now=NOW, limit=1, paces=FREE)).claimed
        assert len(claimed) == 1
        assert await ledger.tries(0) == 0
        ledger.release(0)


async def test_a_batch_that_ended_well_is_forgotten(store: Store) -> None:
    released(store, *units(3))
    ledger = store.batch_ledger()
    assert await ledger.begin(0, now=NOW)
    await ledger.finish(0)
    assert await ledger.tries(0) == 0


async def test_holding_and_turning_at_the_same_time_harms_neither(store: Store) -> None:
    released(store, *units(10))
    ledger = store.batch_ledger()
    await ledger.enlist("w1", now=NOW)
    turns = [ledger.turn([], worker="w1", now=NOW, limit=1, paces=FREE) for _ in range(5)]
    work = asyncio.gather(*turns)
    for number in range(100):
        ledger.hold(number)
    assert sum(len(turn.claimed) for turn in await work) == 5
