"""Workers that die: noticed at once on this host, by silence elsewhere; the living are never touched."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.delivery import DeliveryState, Reason
from bot.domain.errors import StoreError
from bot.store import Store
from bot.store.schema import worker

from .samples import NOW, OK, SECOND, answer, directory, import_all, opened, planned, released, take_in, turn, unit

pytestmark = pytest.mark.slow

DAY = dt.timedelta(days=1)

CHILD = """
import asyncio, pathlib, sys
from tests.unit.store.samples import NOW, OK, SECOND, answer, opened, turn

async def main():
    store = opened(sys.argv[1], pathlib.Path(sys.argv[2]))
    await store.ledger().enlist("child", now=NOW)
    settled, now = [], NOW
    for _ in range(int(sys.argv[3])):
        now += SECOND
        claimed = (await turn(store, settled, worker="child", now=now, limit=7)).claimed
        settled = [answer(c, OK, now) for c in claimed]
        print("turned", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


def child(url: str, data_dir: Path, turns: int) -> subprocess.Popen[bytes]:
    """Another process that has made so many turns, holds what it claimed last, and waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, url, str(data_dir), str(turns)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    for _ in range(turns):
        assert process.stdout.readline() == b"turned\n"
    return process


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()


async def test_after_kill_9_what_was_in_flight_is_in_doubt_at_once(store: Store, url: str, tmp_path: Path) -> None:
    stored = released(store, *(f"u{n:02d}" for n in range(20)))
    process = child(url, tmp_path, turns=2)
    assert store.counts(stored.id) == {"accepted": 7, "sending": 7, "pending": 6}
    assert await store.ledger().recover(now=NOW + DAY) == 0, "it lives, whatever its heartbeat says"

    kill(process)
    assert await store.ledger().recover(now=NOW + 2 * SECOND) == 7
    assert store.counts(stored.id) == {"accepted": 7, "in_doubt": 7, "pending": 6}
    assert {r.reason for r in store.receipts(states=[DeliveryState.IN_DOUBT])} == {Reason.INTERRUPTED}
    assert await store.ledger().recover(now=NOW + 2 * SECOND) == 0
    assert not (tmp_path / "workers" / "child.lock").exists()
    (row,) = store.history("worker:child")
    assert row.after == {"in_doubt": 7}

    await store.ledger().enlist("w1", now=NOW + 2 * SECOND)
    rest = (await turn(store, now=NOW + 2 * SECOND)).claimed
    assert len(rest) == 6, "nothing lost, nothing claimed twice"


@pytest.mark.parametrize("turns", [1, 2, 4])
def test_a_file_left_by_kill_9_is_whole(url: str, tmp_path: Path, turns: int) -> None:
    store = opened(url, tmp_path)
    stored = released(store, *(f"u{n:02d}" for n in range(20)), parts=2)
    store.close()
    kill(child(url, tmp_path, turns))

    again = opened(url, tmp_path)
    with again.db.read() as connection:
        orphans = "SELECT count(*) FROM {} WHERE NOT EXISTS ({})"
        sending = "SELECT count(*) FROM delivery d WHERE state = 'sending' AND NOT EXISTS "
        attempt_of = "(SELECT 1 FROM attempt a WHERE a.delivery_id = d.id AND a.number = d.attempts)"
        assert connection.exec_driver_sql(sending + attempt_of).scalar() == 0
        receipt_of = "SELECT 1 FROM receipt r WHERE r.delivery_id = d.id AND r.number = d.attempts"
        settled = orphans.format("delivery d", receipt_of) + " AND d.state = 'accepted'"
        assert connection.exec_driver_sql(settled).scalar() == 0
    assert sum(again.counts(stored.id).values()) == 40
    assert again.counts(stored.id)[DeliveryState.SENDING] == 7
    assert again.verify_history() is None
    again.close()


async def test_own_rows_are_not_touched(store: Store) -> None:
    stored = released(store, "meijiang")
    await store.ledger().enlist("w1", now=NOW)
    await turn(store)
    assert await store.ledger().recover(now=NOW + DAY) == 0
    assert store.counts(stored.id) == {DeliveryState.SENDING: 1}


async def test_on_another_host_silence_for_15_seconds_is_death(store: Store) -> None:
    released(store, "meijiang")
    await store.ledger().enlist("w1", now=NOW)
    await turn(store)
    with store.db.write() as connection:
        connection.execute(sa.update(worker).values(host="elsewhere"))
    assert await store.ledger().recover(now=NOW + 15 * SECOND) == 0
    await store.ledger().heartbeat("w1", now=NOW + 10 * SECOND)
    assert await store.ledger().recover(now=NOW + 25 * SECOND) == 0
    assert await store.ledger().recover(now=NOW + 26 * SECOND) == 1


async def test_a_worker_given_up_for_dead_that_returns_works_on(store: Store) -> None:
    stored = released(store, "meijiang", "meixian")
    await store.ledger().enlist("w1", now=NOW)
    (claimed,) = (await turn(store, limit=1)).claimed
    with store.db.write() as connection:
        connection.execute(sa.update(worker).values(host="elsewhere"))
    await store.ledger().recover(now=NOW + 20 * SECOND)
    back = await turn(store, [answer(claimed, OK, NOW + 21 * SECOND)], now=NOW + 21 * SECOND)
    assert [c.recipient_id for c in back.claimed] == ["meixian"]
    assert await store.ledger().recover(now=NOW + 22 * SECOND) == 0
    assert store.counts(stored.id) == {DeliveryState.IN_DOUBT: 1, DeliveryState.SENDING: 1}


async def test_what_a_retired_worker_left_is_recovered(store: Store, tmp_path: Path) -> None:
    released(store, "meijiang")
    await store.ledger().enlist("w1", now=NOW)
    await turn(store)
    await store.ledger().retire("w1")
    assert list((tmp_path / "workers").iterdir()) == []
    assert await store.ledger().recover(now=NOW) == 1


async def test_a_name_used_again_after_a_crash_inherits_nothing(store: Store, url: str, tmp_path: Path) -> None:
    stored = released(store, "meijiang")
    kill(child(url, tmp_path, turns=1))
    await store.ledger().enlist("child", now=NOW + SECOND)
    assert store.counts(stored.id) == {DeliveryState.IN_DOUBT: 1}


async def test_a_name_in_use_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "workers").mkdir()
    handle = os.open(tmp_path / "workers" / "w1.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(StoreError, match="w1 的工作进程已在运行"):
        await store.ledger().enlist("w1", now=NOW)
    os.close(handle)


async def test_two_workers_share_the_work_and_never_a_delivery(store: Store, url: str, tmp_path: Path) -> None:
    stored = released(store, *(f"u{n:02d}" for n in range(30)))
    other = opened(url, tmp_path)
    await store.ledger().enlist("w1", now=NOW)
    await other.ledger().enlist("w2", now=NOW)
    seen: list[int] = []
    while len(seen) < 30:
        for one, name in ((store, "w1"), (other, "w2")):
            claimed = (await turn(one, worker=name, limit=4)).claimed
            seen += [c.delivery_id for c in claimed]
    assert len(set(seen)) == 30
    assert store.counts(stored.id) == {DeliveryState.SENDING: 30}
    other.close()


def test_two_processes_release_at_once_and_publish_once(store: Store, url: str, tmp_path: Path) -> None:
    roster = directory(unit("meijiang"))
    import_all(store, roster)
    stored = take_in(store)
    plan = planned(store, stored, roster)
    other = opened(url, tmp_path)
    counts = [
        one.release(plan, who="a", why="", now=NOW, expected_revision=stored.revision_id) for one in (store, other)
    ]
    other.close()
    assert counts == [1, 0]


async def test_workers_long_gone_are_forgotten_and_living_ones_never(store: Store) -> None:
    ledger = store.ledger()
    await ledger.enlist("old", now=NOW)
    await ledger.retire("old")
    await ledger.enlist("new", now=NOW)
    assert store.housekeep(now=NOW + dt.timedelta(days=6)) == 0
    assert store.housekeep(now=NOW + dt.timedelta(days=8)) == 1
    assert store.housekeep(now=NOW + dt.timedelta(days=400)) == 0
