"""Backups and moves: whole, from one moment, between the two databases, proven row by row, refused when in doubt."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.domain.errors import ConfigError, StoreError
from bot.store import Store, transfer
from bot.store.database import Database, known, migrate
from bot.store.schema import metadata
from tests.conftest import database_on

from .samples import LOST, NOW, OK, answer, bulletin, import_all, opened, released, take_in, turn

pytestmark = pytest.mark.slow

KEY_ID = b"abcd"
DAY_LATER = NOW.replace(day=2)


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of another empty database, not yet touched by the program."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'elsewhere' / 'jianbao.db'}"
        return
    with database_on(
        request.getfixturevalue("postgres_server"), f"{request.getfixturevalue('postgres_template')}_2"
    ) as url:
        yield url


async def lived_in(store: Store) -> None:
    """Issues, targets with secrets, receipts, one in flight, history."""
    released(store, *(f"u{n:02d}" for n in range(30)), parts=2)
    await store.ledger().enlist("w1", now=NOW)
    claimed = (await turn(store, limit=25)).claimed
    await turn(store, [answer(c, OK if c.delivery_id % 3 else LOST, NOW) for c in claimed[:20]], limit=0)
    await store.ledger().retire("w1")
    take_in(store, bulletin(number=2))


def everything(store: Store) -> dict[str, list[list[object]]]:
    with store.db.snapshot() as connection:
        return {table: list(rows) for table, _, rows in transfer._tables(connection)}


async def test_a_backup_restored_elsewhere_is_the_same_row_by_row(store: Store, elsewhere: str, tmp_path: Path) -> None:
    await lived_in(store)
    file = tmp_path / "jianbao.backup"
    counts = transfer.write_backup(store.db, file, key_id=KEY_ID, now=NOW)
    assert counts["delivery"] == 60
    assert file.stat().st_mode & 0o077 == 0
    assert transfer.read_header(file) == transfer.Header(known()[-1], KEY_ID.hex(), NOW.isoformat())

    database = Database(elsewhere, busy_timeout_s=5)
    assert transfer.restore_backup(database, file) == counts
    database.close()
    restored = opened(elsewhere, tmp_path)
    assert everything(restored) == everything(store)
    assert restored.verify_history() is None
    assert restored.directory() == store.directory()
    assert released(restored, "new", issue=bulletin(number=3)).id > 2, "new rows get new numbers"
    restored.close()


async def test_a_move_copies_every_row_and_leaves_the_old_database_as_it_was(
    store: Store, elsewhere: str, tmp_path: Path
) -> None:
    await lived_in(store)
    before = everything(store)
    destination = Database(elsewhere, busy_timeout_s=5)
    transfer.copy(store.db, destination, now=DAY_LATER)
    with pytest.raises(ConfigError, match="已有数据"):
        transfer.copy(store.db, destination, now=DAY_LATER)
    destination.close()
    moved = opened(elsewhere, tmp_path)
    assert everything(moved) == before == everything(store)
    moved.close()


async def test_nothing_is_moved_from_under_a_worker(store: Store, elsewhere: str) -> None:
    await store.ledger().enlist("w1", now=NOW)
    destination = Database(elsewhere, busy_timeout_s=5)
    with pytest.raises(ConfigError, match="先停止"):
        transfer.copy(store.db, destination, now=NOW)
    destination.close()


def test_a_backup_taken_while_the_service_writes_is_of_one_moment(store: Store, tmp_path: Path) -> None:
    import_all(store, store.directory())
    done = threading.Event()

    def write() -> None:
        number = 1
        while not done.is_set():
            take_in(store, bulletin(number=number))
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for round_ in range(5):
            file = tmp_path / f"{round_}.backup"
            counts = transfer.write_backup(store.db, file, key_id=KEY_ID, now=NOW)
            assert counts["issue"] == counts["revision"] == counts["history"]
    finally:
        done.set()
        writer.join()
    fresh = Database(f"sqlite:///{tmp_path / 'fresh.db'}", busy_timeout_s=5)
    transfer.restore_backup(fresh, file)
    fresh.close()
    restored = opened(f"sqlite:///{tmp_path / 'fresh.db'}", tmp_path)
    assert restored.verify_history() is None
    restored.close()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    store = opened(f"sqlite:///{tmp_path / 'kept.db'}", tmp_path)
    released(store, "meijiang")
    transfer.write_backup(store.db, tmp_path / "kept.backup", key_id=KEY_ID, now=NOW)
    store.close()
    return tmp_path / "kept.backup"


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def without_its_end(data: bytes) -> bytes:
    return gzip.compress(b"".join(gzip.decompress(data).splitlines(keepends=True)[:-1]))


def flipped(data: bytes) -> bytes:
    return data[:-5] + bytes([data[-5] ^ 1]) + data[-4:]


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (cut, "不完整或已损坏"),
        (flipped, "不完整或已损坏"),
        (without_its_end, "没有写完"),
        (lambda _: b"not a backup", "不完整或已损坏"),
        (lambda _: gzip.compress(b"[1]\n"), "不是简报的备份"),
        (lambda _: gzip.compress(b""), "不是简报的备份"),
    ],
)
def test_a_damaged_backup_is_refused_before_anything_is_touched(
    kept: Path, tmp_path: Path, harm: object, says: str
) -> None:
    assert callable(harm)
    kept.write_bytes(harm(kept.read_bytes()))
    database = Database(f"sqlite:///{tmp_path / 'fresh.db'}", busy_timeout_s=5)
    with pytest.raises(StoreError, match=says):
        transfer.restore_backup(database, kept)
    with database.read() as connection:
        assert sa.inspect(connection).get_table_names() == []
    database.close()


def rewritten(kept: Path, schema: str, columns: dict[str, list[str]] | None = None) -> None:
    """The same backup as another version would have made it: with its number, and nothing but its tables' columns."""
    lines = [json.loads(line) for line in gzip.decompress(kept.read_bytes()).splitlines()]
    lines[0]["schema"] = schema
    kept.write_bytes(gzip.compress("\n".join(json.dumps(line) for line in _reduced(lines, columns)).encode()))


def _reduced(lines: list[Any], columns: dict[str, list[str]] | None) -> Iterator[Any]:
    places: list[int] | None = []
    for line in lines:
        if isinstance(line, list):
            if places is not None:
                yield [line[place] for place in places]
        elif "table" in line:
            names = line["columns"] if columns is None else columns.get(line["table"])
            places = None if names is None else [line["columns"].index(name) for name in names]
            if names is not None:
                yield {"table": line["table"], "columns": names}
        else:
            yield line


def columns_at(schema: str, folder: Path) -> dict[str, list[str]]:
    """The tables of that version, with their columns."""
    database = Database(f"sqlite:///{folder / f'{schema}.db'}", busy_timeout_s=5)
    with database.write() as connection:
        migrate(connection, schema)
        look = sa.inspect(connection)
        found = {table: [c["name"] for c in look.get_columns(table)] for table in look.get_table_names()}
    database.close()
    return found


def test_a_backup_of_an_older_version_is_brought_up_to_date(kept: Path, tmp_path: Path) -> None:
    rewritten(kept, "0004", columns_at("0004", tmp_path))
    database = Database(f"sqlite:///{tmp_path / 'fresh.db'}", busy_timeout_s=5)
    transfer.restore_backup(database, kept)
    database.close()
    store = opened(f"sqlite:///{tmp_path / 'fresh.db'}", tmp_path)
    assert len(store.issues()) == 1
    with store.db.read() as connection:
        assert set(metadata.tables) <= set(sa.inspect(connection).get_table_names())
    store.close()


def test_a_backup_of_a_newer_version_is_refused(kept: Path, tmp_path: Path) -> None:
    rewritten(kept, "9999")
    database = Database(f"sqlite:///{tmp_path / 'fresh.db'}", busy_timeout_s=5)
    with pytest.raises(StoreError, match=r"更新版本.*9999.*升级程序"):
        transfer.restore_backup(database, kept)
    database.close()


def test_a_backup_that_cannot_be_written_leaves_nothing_behind(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="写不进"):
        transfer.write_backup(store.db, tmp_path / "nowhere" / "x.backup", key_id=KEY_ID, now=NOW)
    (tmp_path / "taken").mkdir()
    with pytest.raises(StoreError, match="写不进"):
        transfer.write_backup(store.db, tmp_path / "taken", key_id=KEY_ID, now=NOW)
    assert not (tmp_path / "taken.partial").exists()
