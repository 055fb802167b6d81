"""A database that is locked, full, read-only, damaged or not one at all: said plainly, and nothing half-written."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bot.domain.delivery import DeliveryState
from bot.domain.errors import ConfigError, DiskFull, StoreError
from bot.domain.faultpoints import Point
from bot.store import Store, open_store
from bot.store.dialect import explain

from .samples import KEY, NOW, OK, SECOND, answer, bulletin, opened, released, take_in, turn


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jianbao.db"


def sqlite(path: Path, busy_timeout_s: float = 0.05) -> Store:
    return opened(f"sqlite:///{path}", path.parent, busy_timeout_s=busy_timeout_s)


async def test_locked_by_another_program(path: Path) -> None:
    store = sqlite(path)
    stored = released(store, "meijiang")
    await store.ledger().enlist("w1", now=NOW)
    (claimed,) = (await turn(store)).claimed
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    settled = [answer(claimed, OK, NOW)]
    with pytest.raises(StoreError, match=r"占用.*重试"):
        await turn(store, settled)
    with pytest.raises(StoreError, match="占用"):
        take_in(store, bulletin(number=2))
    assert store.counts(stored.id) == {DeliveryState.SENDING: 1}, "reading goes on"
    other.execute("ROLLBACK")
    other.close()

    await turn(store, settled)
    assert store.counts(stored.id) == {DeliveryState.ACCEPTED: 1}
    store.close()


class _LostAnswer:
    """A connection that breaks once, after the turn was on disk and before the answer that says so is in."""

    broken = False

    def __call__(self, point: Point) -> None:
        if point is Point.CLAIM_COMMITTED and not self.broken:
            self.broken = True
            raise StoreError("与数据库的连接中断。")


async def test_what_was_claimed_when_the_answer_was_lost_is_handed_out_once_by_the_next_turn(
    url: str, tmp_path: Path
) -> None:
    store = open_store(url, secret_key=KEY, data_dir=tmp_path, hook=_LostAnswer())
    stored = released(store, "meijiang", "meixian", "wuhua")
    await store.ledger().enlist("w1", now=NOW)
    with pytest.raises(StoreError, match="中断"):
        await turn(store, limit=2)

    claimed = (await turn(store, limit=3, now=NOW + SECOND)).claimed
    assert sorted((one.delivery_id, one.number) for one in claimed) == [(1, 1), (2, 1), (3, 1)]
    assert (await turn(store, now=NOW + SECOND)).claimed == ()
    await turn(store, [answer(one, OK, NOW + SECOND) for one in claimed])
    assert store.counts(stored.id) == {DeliveryState.ACCEPTED: 3}
    assert [row.attempts for row in store.receipts(stored.id)] == [1, 1, 1]
    store.close()


def test_locked_while_opening(path: Path) -> None:
    sqlite(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="占用"):
        sqlite(path)
    other.close()


async def test_a_full_disk_stops_the_turn_and_nothing_is_half_written(path: Path) -> None:
    store = sqlite(path)
    names = [f"u{n:03d}" for n in range(300)]
    stored = released(store, *names)
    await store.ledger().enlist("w1", now=NOW)

    def most_pages(limit: str) -> None:
        # Of the one connection that the pool keeps, and every call takes.
        with store.db.read() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={limit.format(pages=pages)}")

    most_pages("{pages}")
    with pytest.raises(DiskFull, match=r"磁盘已满.*清理"):
        await turn(store, limit=300)
    assert store.counts(stored.id) == {DeliveryState.PENDING: 300}
    with pytest.raises(DiskFull):
        take_in(store, bulletin(number=2), original=b"x" * 1_000_000)

    assert not store.look_for_room(now=NOW)
    most_pages("1000000")
    with pytest.raises(DiskFull):
        await turn(store, limit=300)
    assert store.look_for_room(now=NOW)
    assert len((await turn(store, limit=300)).claimed) == 300
    store.close()


def test_a_read_only_database(path: Path) -> None:
    store = sqlite(path)
    with store.db.read() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
    with pytest.raises(StoreError, match=r"只读.*权限"):
        take_in(store)
    store.close()


def test_a_damaged_file(path: Path) -> None:
    store = sqlite(path)
    released(store, *(f"u{n:03d}" for n in range(300)))
    store.close()
    data = bytearray(path.read_bytes())
    data[4096 * 3 :] = b"\xff" * (len(data) - 4096 * 3)
    path.write_bytes(data)

    def use() -> None:
        store = sqlite(path)
        try:
            list(store.receipts())
        finally:
            store.close()

    with pytest.raises(StoreError, match=r"损坏.*备份"):
        use()


def test_a_file_that_is_no_database(path: Path) -> None:
    path.write_text("不是数据库" * 1000)
    with pytest.raises(StoreError, match="不是简报的数据库"):
        sqlite(path)


def test_a_place_where_no_file_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="目录"):
        sqlite(tmp_path / "file" / "jianbao.db")
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StoreError, match="打不开"):
        sqlite(tmp_path / "folder.db")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite://", "必须是文件"),
        ("sqlite:///:memory:", "必须是文件"),
        ("mysql://localhost/x", "mysql 不受支持"),
        ("jianbao.db", "写法不对"),
    ],
)
def test_an_address_that_cannot_serve(tmp_path: Path, url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        opened(url, tmp_path)


def test_a_fault_of_the_program_is_not_explained_away() -> None:
    assert explain(ValueError("x")) is None
    assert explain(sqlite3.IntegrityError("UNIQUE constraint failed")) is None
