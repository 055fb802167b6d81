"""Directory files that wait for a yes: for their owner alone, for a while, in any process, sealed."""

from __future__ import annotations

from pathlib import Path

from bot.domain.pages import Upload
from bot.domain.people import Role
from bot.store import Store
from bot.store.uploads import KEPT, MOST_OF_ONE

from .samples import NOW, SECOND, directory, opened, target, unit

UPLOAD = Upload("名录.yaml", directory(unit("meijiang", target("a", secret="SEC-a"))), ("提醒",), "seen")


def account(store: Store, name: str) -> int:
    new = store.add_account(name, name, Role.EDITOR, password_hash=None, first=False, who="测试", now=NOW)
    assert new is not None
    return new


def test_it_is_given_to_its_owner_once_by_any_process(store: Store, url: str, tmp_path: Path) -> None:
    mine, other = account(store, "mine"), account(store, "other")
    store.keep_upload("k" * 64, mine, UPLOAD, now=NOW)
    second = opened(url, tmp_path)
    assert second.upload("k" * 64, mine, now=NOW) == UPLOAD
    assert second.upload("k" * 64, other, now=NOW) is None
    assert second.take_upload("k" * 64, other, now=NOW) is None
    assert second.take_upload("k" * 64, mine, now=NOW) == UPLOAD
    assert store.take_upload("k" * 64, mine, now=NOW) is None
    second.close()


def test_it_is_forgotten_after_a_while_and_swept_away(store: Store) -> None:
    mine = account(store, "mine")
    store.keep_upload("k" * 64, mine, UPLOAD, now=NOW)
    assert store.take_upload("k" * 64, mine, now=NOW + KEPT) is None
    store.housekeep(now=NOW + KEPT)
    with store.db.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM directory_upload").scalar_one() == 0


def test_one_person_keeps_few_and_leaves_those_of_others(store: Store) -> None:
    mine, other = account(store, "mine"), account(store, "other")
    store.keep_upload("o" * 64, other, UPLOAD, now=NOW)
    for number in range(MOST_OF_ONE + 1):
        store.keep_upload(str(number) * 64, mine, UPLOAD, now=NOW + (number + 1) * SECOND)
    later = NOW + 10 * SECOND
    assert store.upload("0" * 64, mine, now=later) is None
    assert store.upload("1" * 64, mine, now=later) == UPLOAD
    assert store.upload("o" * 64, other, now=later) == UPLOAD


def test_it_is_sealed(store: Store) -> None:
    store.keep_upload("k" * 64, account(store, "mine"), UPLOAD, now=NOW)
    with store.db.read() as connection:
        (kept,) = connection.exec_driver_sql("SELECT upload FROM directory_upload").scalars()
    assert b"SEC-a" not in bytes(kept)
    assert b"qyapi" not in bytes(kept)
