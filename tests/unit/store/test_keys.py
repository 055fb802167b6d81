"""The master key changes: everything sealed anew, old reader links good, the old key alone of no use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.errors import ConfigError, WrongKey
from bot.domain.people import Role
from bot.domain.reader_token import read_token, reader_token
from bot.domain.secret import Secret
from bot.store import Store
from bot.store.keys import SEALED
from bot.store.schema import delivery, key_generation, metadata, target
from bot.store.vault import Vault

from .samples import KEY, NOW, bulletin, directory, import_all, opened, released, turn, unit
from .samples import target as robot

pytestmark = pytest.mark.slow

NEW = Secret("the key that comes after it")
PLAIN = {"original.content", "message.body"}
"""Columns of bytes that hold no secrets."""


@pytest.fixture
def rotated(store: Store, url: str, tmp_path: Path) -> Iterator[Store]:
    """An installation with two robots, one with a signing secret, and a one-time password, under the new key."""
    import_all(store, directory(unit("meijiang", robot("meijiang", secret="SEC123")), unit("meixian")))
    released(store, "wuhua")
    account = store.add_account("a", "甲", Role.EDITOR, password_hash="x", first=False, who="", now=NOW)
    assert account is not None
    store.set_totp(account, Secret("JBSWY3DP"), who="", now=NOW)
    assert store.rotate(Vault(NEW), who="测试", now=NOW) == 5
    renewed = opened(url, tmp_path, key=NEW)
    yield renewed
    renewed.close()


def test_every_sealed_column_is_known_to_the_rotation() -> None:
    kinds = {str(c) for t in metadata.sorted_tables for c in t.columns if isinstance(c.type, sa.LargeBinary)}
    assert kinds == PLAIN | {str(column) for column, _ in SEALED}


def test_addresses_secrets_and_one_time_passwords_open_with_the_new_key(rotated: Store) -> None:
    units = {one.id: one for one in rotated.directory().recipients}
    assert units["meijiang"].targets == (robot("meijiang", secret="SEC123"),)
    assert units["wuhua"].targets == (robot("wuhua"),)
    credentials = rotated.credentials("a")
    assert credentials is not None
    assert credentials.totp == Secret("JBSWY3DP")
    assert rotated.open_everything() == 6, "five values, and what verifies the old links"


async def test_every_target_can_be_sent_to(rotated: Store) -> None:
    await rotated.ledger().enlist("w1", now=NOW)
    assert [c.url for c in (await turn(rotated)).claimed] == [robot("wuhua").url]


def test_an_import_finds_every_robot_again(rotated: Store) -> None:
    before = [one.id for one in rotated.targets(["meijiang"])]
    again = import_all(rotated, directory(unit("meijiang", robot("meijiang", secret="SEC123"))))
    assert (again["added"], again["changed"]) == (0, 1), "the group alone has other members now"
    assert [one.id for one in rotated.targets(["meijiang"])] == before


def test_links_in_the_chats_still_open_and_new_ones_too(store: Store, rotated: Store) -> None:
    with rotated.db.read() as connection:
        (sent,) = connection.execute(sa.select(delivery.c.id)).scalars()
    keys = rotated.reader_keys()
    assert read_token(keys, reader_token(store.vault.reader_key, sent)) == sent
    assert read_token(keys, reader_token(rotated.vault.reader_key, sent + 1)) == sent + 1
    assert read_token(keys, reader_token(b"some other key", sent)) is None


def test_a_copy_of_the_old_key_opens_nothing_that_came_after_it(
    store: Store, rotated: Store, url: str, tmp_path: Path
) -> None:
    released(rotated, "fengshun", issue=bulletin(number=2))
    with rotated.db.read() as connection:
        new = connection.execute(sa.select(sa.func.max(delivery.c.id))).scalar_one()
        sealed = connection.execute(sa.select(target.c.url)).scalars().all()
        kept = connection.execute(sa.select(key_generation.c.reader_key).where(key_generation.c.id == 1)).scalar_one()
    assert read_token(rotated.reader_keys(), reader_token(store.vault.reader_key, new)) is None
    for value in (*sealed, kept):
        with pytest.raises(WrongKey):
            store.vault.open_bytes(value, column="target.url")
    with pytest.raises(WrongKey, match="最新的一把"):
        opened(url, tmp_path, key=KEY)


def test_links_of_two_keys_ago_still_open(store: Store, rotated: Store, url: str, tmp_path: Path) -> None:
    rotated.rotate(Vault(Secret("and a third one after that")), who="测试", now=NOW)
    third = opened(url, tmp_path, key=Secret("and a third one after that"))
    assert read_token(third.reader_keys(), reader_token(store.vault.reader_key, 1)) == 1
    assert third.open_everything() == 7
    generation = third.key_in_force()
    assert generation is not None
    assert generation.number == 3
    assert third.verify_history() is None
    third.close()


def test_a_process_that_still_has_the_old_key_notices_and_seals_nothing(store: Store, rotated: Store) -> None:
    assert store.key_in_force() is None
    with pytest.raises(WrongKey):
        import_all(store, directory(unit("xingning")))
    with pytest.raises(WrongKey):
        store.set_totp(1, Secret("OTHER"), who="", now=NOW)
    assert rotated.open_everything() == 6


async def test_it_is_refused_while_a_worker_runs_and_changes_nothing(store: Store, url: str, tmp_path: Path) -> None:
    released(store, "meijiang")
    await store.ledger().enlist("w1", now=NOW)
    with pytest.raises(ConfigError, match="服务还在运行"):
        store.rotate(Vault(NEW), who="测试", now=NOW)
    opened(url, tmp_path).close()


def test_a_key_that_was_in_use_before_is_refused(store: Store, rotated: Store) -> None:
    for key in (NEW, KEY):
        with pytest.raises(ConfigError, match="用过了"):
            rotated.rotate(Vault(key), who="测试", now=NOW)


def test_an_empty_database_knows_its_key_too(store: Store, url: str, tmp_path: Path) -> None:
    with pytest.raises(WrongKey):
        opened(url, tmp_path, key=NEW)
