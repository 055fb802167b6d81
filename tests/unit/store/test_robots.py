"""A robot that several targets share has one pace and one cool-down, as its platform counts, and is broken for all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.delivery import DeliveryState, OutcomeClass, Reason, Verdict
from bot.domain.directory import Recipient
from bot.domain.pacing import Pace
from bot.domain.plan import Turn
from bot.store import Store
from bot.store.claiming import _SHARED_STARTS

from .samples import (
    BAD_KEY,
    LIMITED,
    NOW,
    OK,
    SECOND,
    answer,
    directory,
    import_all,
    opened,
    planned,
    take_in,
    target,
    turn,
    unit,
)

PACE = Pace(per_window=20, window_s=60, gap_s=3)
FEW = Pace(per_window=2, window_s=60)


@pytest.fixture
async def shared(store: Store) -> Store:
    """a, b and c share a robot, d has one of its own; an issue is released to all."""
    await enrol(store, unit("a", target("r")), unit("b", target("r")), unit("c", target("r")), unit("d"))
    return store


async def enrol(store: Store, *units: Recipient) -> None:
    roster = directory(*units)
    import_all(store, roster)
    stored = take_in(store)
    plan = planned(store, stored, roster)
    store.release(plan, who="王五", why="到时", now=NOW, expected_revision=stored.revision_id)
    await store.ledger().enlist("w1", now=NOW)


def units(of: Turn) -> list[str]:
    return sorted(claimed.recipient_id for claimed in of.claimed)


async def test_a_gap_is_kept_between_the_units_that_share_a_robot(shared: Store) -> None:
    first = await turn(shared, pace=PACE)
    assert units(first) == ["a", "d"]
    assert first.next_due == NOW + 3 * SECOND
    settled = [answer(one, OK, NOW + SECOND) for one in first.claimed]
    early = await turn(shared, settled, now=NOW + 2.9 * SECOND, pace=PACE)
    assert units(early) == []
    assert units(await turn(shared, now=NOW + 3 * SECOND, pace=PACE)) == ["b"]
    assert units(await turn(shared, now=NOW + 6 * SECOND, pace=PACE)) == ["c"]


async def test_a_window_is_the_robots_and_not_the_units(shared: Store) -> None:
    assert units(await turn(shared, pace=FEW)) == ["a", "b", "d"]
    assert units(await turn(shared, now=NOW + 59 * SECOND, pace=FEW)) == []
    assert units(await turn(shared, now=NOW + 60 * SECOND, pace=FEW)) == ["c"]


async def test_a_pace_survives_the_robots_move_to_another_unit(store: Store) -> None:
    await enrol(store, unit("a", target("r")), unit("b", target("own")))
    one, *_ = (await turn(store, limit=1, pace=FEW)).claimed
    assert one.recipient_id == "a"
    import_all(store, directory(unit("a", target("other")), unit("b", target("r"))))
    second = take_in(store, now=NOW + SECOND)
    plan = planned(store, second, store.directory())
    store.release(plan, who="王五", why="补", now=NOW + SECOND, expected_revision=second.revision_id)
    strict = Pace(per_window=1, window_s=60)
    assert "b" not in units(await turn(store, now=NOW + 2 * SECOND, pace=strict))
    assert "b" in units(await turn(store, now=NOW + 60 * SECOND, pace=strict))


async def test_when_the_platform_asks_to_be_left_alone_all_who_share_the_robot_wait(shared: Store) -> None:
    first = await turn(shared, pace=PACE)
    one = next(claimed for claimed in first.claimed if claimed.recipient_id == "a")
    told = NOW + SECOND
    assert units(await turn(shared, [answer(one, LIMITED, told)], now=NOW + 30 * SECOND, pace=PACE)) == []
    free = told + dt.timedelta(seconds=LIMITED.wait_s)
    assert units(await turn(shared, now=free - SECOND, pace=PACE)) == []
    assert units(await turn(shared, now=free, pace=PACE)) in (["a"], ["b"], ["c"])


async def test_a_cool_down_of_one_robot_does_not_touch_another(shared: Store) -> None:
    first = await turn(shared, pace=PACE)
    one = next(claimed for claimed in first.claimed if claimed.recipient_id == "d")
    later = await turn(shared, [answer(one, LIMITED, NOW + SECOND)], now=NOW + 3 * SECOND, pace=PACE)
    assert units(later) == ["b"]


@pytest.fixture
def on_postgresql(postgres_database: str, tmp_path: Path) -> Iterator[Store]:
    store = opened(postgres_database, tmp_path)
    yield store
    store.close()


@pytest.mark.slow
async def test_two_workers_do_not_judge_one_robot_at_once(on_postgresql: Store) -> None:
    """Another worker has locked the first of the robot's targets, and is about to send to it."""
    store = on_postgresql
    await enrol(store, unit("a", target("r")), unit("b", target("r")), unit("d"))
    with store.db.engine.begin() as other:
        other.exec_driver_sql("SELECT id FROM target WHERE recipient_id = 'a' FOR NO KEY UPDATE")
        seen = await turn(store, pace=FEW)
        assert units(seen) == ["d"]
        assert seen.next_due == NOW, "what the other worker holds is its business; b is looked at again in a second"
    assert units(await turn(store, now=NOW + SECOND, pace=FEW)) == ["a", "b"]


def test_looking_a_shared_robot_up_takes_an_index_at_each_step(tmp_path: Path) -> None:
    store = opened(f"sqlite:///{tmp_path / 'jianbao.db'}", tmp_path)
    query = _SHARED_STARTS.params(robots=[1, 2], since=NOW, until=NOW)
    text = str(query.compile(store.db.engine, compile_kwargs={"literal_binds": True}))
    with store.db.read() as connection:
        steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    store.close()
    assert any("ix_target_robot_id" in step for step in steps)
    assert any("ix_attempt_target_id_started_at" in step for step in steps)
    assert not any(step.startswith("SCAN") for step in steps)


async def test_a_broken_robot_is_known_to_be_broken_for_all_who_share_it(shared: Store) -> None:
    first = await turn(shared, pace=PACE)
    (one,) = (claimed for claimed in first.claimed if claimed.recipient_id == "a")
    later = await turn(shared, [answer(one, BAD_KEY, NOW + SECOND)], now=NOW + 9 * SECOND, pace=PACE)
    assert units(later) == [], "b and c would only be told the same"
    stopped = shared.target_lines()
    assert [(line.recipient_id, line.suspended_reason) for line in stopped] == [
        (name, Reason.BAD_KEY) for name in ("a", "b", "c")
    ]
    assert [line.subject for line in shared.history() if line.action == "target.suspended"] == [
        f"target:{line.id}" for line in stopped
    ]
    assert shared.counts(1) == {DeliveryState.REFUSED: 1, DeliveryState.PENDING: 2, DeliveryState.SENDING: 1}


async def test_mended_for_one_it_is_mended_for_all_who_share_it(shared: Store) -> None:
    (one,) = (claimed for claimed in (await turn(shared, pace=PACE)).claimed if claimed.recipient_id == "a")
    await turn(shared, [answer(one, BAD_KEY, NOW + SECOND)], now=NOW + SECOND, pace=PACE)
    other = shared.target_lines()[1]
    assert shared.revive_target(other.id, replay=True, who="张三", why="", now=NOW + SECOND) == 1, "what a was refused"
    assert shared.target_lines() == []
    found: list[str] = []
    for after in range(1, 4):
        found += units(await turn(shared, now=NOW + 60 * after * SECOND, pace=PACE))
    assert sorted(found) == ["a", "b", "c"]


async def test_a_wrong_signature_may_be_of_one_targets_own_secret(shared: Store) -> None:
    (one,) = (claimed for claimed in (await turn(shared, pace=PACE)).claimed if claimed.recipient_id == "a")
    refused = Verdict(OutcomeClass.PERMANENT_CONFIG, Reason.BAD_SIGNATURE, 200, "19021", "sign match fail")
    later = await turn(shared, [answer(one, refused, NOW + SECOND)], now=NOW + 3 * SECOND, pace=PACE)
    assert units(later) == ["b"]
    assert [line.recipient_id for line in shared.target_lines()] == ["a"]
