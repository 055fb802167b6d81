"""Ceilings: over every channel and over one, kept by all workers together and across restarts, on both databases."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.directory import Recipient, Target
from bot.domain.pacing import ALL_CHANNELS as ALL
from bot.domain.pacing import Ceiling
from bot.domain.plan import Claimed, Turn
from bot.domain.secret import Secret
from bot.store import Store
from bot.store.ceilings import LOOK_AGAIN
from bot.store.schema import attempt, delivery

from .samples import FREE, NOW, OK, SECOND, answer, directory, import_all, opened, planned, take_in

pytestmark = pytest.mark.slow

URLS = {
    "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=",
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=",
}


def robot(number: int, channel: str) -> Recipient:
    name = f"{channel}-{number:03d}"
    return Recipient(name, f"{name}区", targets=(Target(channel, Secret(URLS[channel] + name)),))


def release(store: Store, **channels: int) -> None:
    """An issue to so many robots of each channel, the first channel's first in line."""
    roster = directory(*(robot(n, channel) for channel, count in channels.items() for n in range(count)))
    import_all(store, roster)
    stored = take_in(store)
    plan = planned(store, stored, roster)
    store.release(plan, who="a", why="", now=NOW, expected_revision=stored.revision_id)


async def claim(
    store: Store,
    ceilings: Mapping[str, Ceiling],
    settled: tuple[Claimed, ...] = (),
    *,
    now: dt.datetime = NOW,
    worker: str = "w1",
    limit: int = 50,
) -> Turn:
    receipts = [answer(one, OK, now) for one in settled]
    return await store.ledger().turn(receipts, worker=worker, now=now, limit=limit, paces=FREE, ceilings=ceilings)


def starts(store: Store) -> list[dt.datetime]:
    with store.db.read() as connection:
        return list(connection.execute(sa.select(attempt.c.started_at).order_by(attempt.c.started_at)).scalars())


def most_in_a_minute(times: list[dt.datetime]) -> int:
    minute = dt.timedelta(seconds=60)
    return max(sum(first <= later < first + minute for later in times) for first in times)


@pytest.mark.parametrize("name", [ALL, "wecom"])
async def test_two_workers_and_a_restart_keep_a_ceiling_together(
    name: str, store: Store, url: str, tmp_path: Path
) -> None:
    release(store, wecom=250)
    workers = {"w1": store, "w2": opened(url, tmp_path)}
    flying: dict[str, tuple[Claimed, ...]] = {"w1": (), "w2": ()}
    for key, one in workers.items():
        await one.ledger().enlist(key, now=NOW)
    for tick in range(240):
        now = NOW + tick * SECOND / 2
        if tick == 100:
            await workers["w2"].ledger().retire("w2")
            workers["w2"].close()
            workers["w2"] = opened(url, tmp_path)
            await workers["w2"].ledger().enlist("w2", now=now)
        for key, one in workers.items():
            turn = await claim(one, {name: Ceiling(120)}, flying[key], now=now, worker=key)
            flying[key] = turn.claimed
    workers["w2"].close()
    assert most_in_a_minute(starts(store)) <= 120
    assert len(starts(store)) >= 230


async def test_two_workers_at_the_same_moment_do_not_take_the_same_room(store: Store, url: str, tmp_path: Path) -> None:
    release(store, wecom=100)
    other = opened(url, tmp_path)
    for one, name in ((store, "w1"), (other, "w2")):
        await one.ledger().enlist(name, now=NOW)
    both = [claim(one, {ALL: Ceiling(600)}, worker=name) for one, name in ((store, "w1"), (other, "w2"))]
    turns = await asyncio.gather(*both)
    other.close()
    assert sum(len(turn.claimed) for turn in turns) == 10


async def test_a_channel_at_its_ceiling_keeps_nobody_else_waiting(store: Store) -> None:
    release(store, wecom=300, dingtalk=50)
    await store.ledger().enlist("w1", now=NOW)
    turn = await claim(store, {"wecom": Ceiling(60)}, limit=51)
    assert Counter(one.channel for one in turn.claimed) == {"wecom": 1, "dingtalk": 50}


async def test_what_a_ceiling_puts_off_is_spread_and_looked_at_again_within_a_minute(store: Store) -> None:
    release(store, wecom=300)
    await store.ledger().enlist("w1", now=NOW)
    turn = await claim(store, {"wecom": Ceiling(120)})
    assert len(turn.claimed) == 2
    with store.db.read() as connection:
        due = list(connection.execute(sa.select(delivery.c.next_try_at).where(delivery.c.state == "pending")).scalars())
    assert NOW < min(due) == turn.next_due
    assert max(due) < NOW + LOOK_AGAIN + SECOND
    assert max(Counter(due).values()) <= 3


async def test_a_full_ceiling_over_all_says_when_to_come_again_and_puts_nothing_off(store: Store) -> None:
    release(store, wecom=10)
    await store.ledger().enlist("w1", now=NOW)
    assert len((await claim(store, {ALL: Ceiling(1)})).claimed) == 1
    turn = await claim(store, {ALL: Ceiling(1)}, now=NOW + SECOND)
    assert turn.claimed == ()
    assert turn.next_due == NOW + 60 * SECOND
    assert len((await claim(store, {ALL: Ceiling(1)}, now=turn.next_due)).claimed) == 1


async def test_without_ceilings_nothing_is_kept_of_them(store: Store) -> None:
    release(store, wecom=10)
    await store.ledger().enlist("w1", now=NOW)
    assert len((await claim(store, {})).claimed) == 10
    with store.db.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM ceiling")).scalar_one() == 0
