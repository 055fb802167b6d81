"""What only some targets have, and which targets are one robot to their platform."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.directory import NOBODY, Mention
from bot.store import Store
from bot.store.database import Database, migrate
from bot.store.schema import target as table
from bot.store.vault import TARGET_URL, Vault
from tests.conftest import database_on

from .samples import KEY, directory, import_all, opened, target, unit, url_of

MENTION = Mention(True, ("zhangsan", "13800000000"))
FULL = replace(target("a"), mention=MENTION, ca_file="own.pem", attach_original=True)
PLAIN = replace(target("b"), mention=NOBODY)


def robots(store: Store) -> list[tuple[str, int | None]]:
    """(recipient, which robot) of each target, in the order of ids."""
    query = sa.select(table.c.recipient_id, table.c.robot_id).order_by(table.c.id)
    with store.db.read() as connection:
        return [(row[0], row[1]) for row in connection.execute(query)]


def test_options_come_back_as_they_were_imported(store: Store) -> None:
    roster = directory(unit("meijiang", FULL), unit("meixian", PLAIN))
    import_all(store, roster)
    assert store.directory() == roster
    assert [t.target for t in store.targets(["meijiang"])] == [FULL]
    (line,) = store.target_lines("meijiang")
    assert (line.mention, line.ca_file, line.attach_original) == (MENTION, "own.pem", True)


def test_a_changed_option_is_on_record_with_before_and_after(store: Store) -> None:
    import_all(store, directory(unit("meijiang", FULL)))
    changed = replace(FULL, mention=NOBODY, ca_file=None, attach_original=False)
    assert import_all(store, directory(unit("meijiang", changed)))["changed"] == 1
    assert import_all(store, directory(unit("meijiang", changed)))["changed"] == 0
    (row,) = [row for row in store.history() if row.action == "target.changed"]
    assert row.before is not None
    assert row.after is not None
    names = ("mention", "ca_file", "attach_original")
    assert [row.before[name] for name in names] == [["所有人", "zhangsan", "13800000000"], "own.pem", True]
    assert [row.after[name] for name in names] == [[], None, False]
    (added,) = [row for row in store.history() if row.action == "target.added"]
    assert added.after is not None
    assert added.after["ca_file"] == "own.pem"
    assert store.directory().recipients[0].targets == (changed,)


def test_targets_with_one_channel_and_address_are_one_robot_whenever_they_came(store: Store) -> None:
    import_all(store, directory(unit("a", target("shared"), target("own-a")), unit("b", target("own-b"))))
    assert robots(store) == [("a", None), ("a", None), ("b", None)]
    import_all(store, directory(unit("c", target("shared")), unit("d", target("shared"))))
    assert robots(store) == [("a", 1), ("a", None), ("b", None), ("c", 1), ("d", 1)]
    import_all(store, directory(unit("e", replace(target("shared"), channel="dingtalk"), target("shared"))))
    assert robots(store)[5:] == [("e", None), ("e", 1)]


def test_a_robot_that_moves_to_another_unit_is_still_the_same_robot(store: Store) -> None:
    """What it was sent from its old place counts in its window at the new one."""
    import_all(store, directory(unit("a", target("moving")), unit("b", target("own"))))
    import_all(store, directory(unit("a", target("other")), unit("b", target("own"), target("moving"))))
    assert robots(store) == [("a", 1), ("b", None), ("a", None), ("b", 1)]


def test_a_units_robots_say_with_whom_they_are_shared(store: Store) -> None:
    import_all(store, directory(unit("a", target("shared"), target("own-a")), unit("b", target("shared"))))
    import_all(store, directory(unit("c", target("shared")), unit("b", target("other"))))
    assert [line.shared_with for line in store.target_lines("a")] == [("c区人民政府",), ()]
    assert [line.shared_with for line in store.target_lines("b")] == [()]


OLD_UNIT = (
    "INSERT INTO recipient (id, name, kind, aliases, enabled, position) VALUES (:id, :id, 'other', '[]', :yes, 1)"
)
OLD_TARGET = """
INSERT INTO target (id, recipient_id, position, channel, label, style, enabled, url, fingerprint, masked)
VALUES (:number, :id, 0, 'wecom', '', 'card', :yes, :url, :fingerprint, '')
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'old.db'}"
        return
    with database_on(request.getfixturevalue("postgres_server"), f"jianbao_old_{os.getpid()}") as url:
        yield url


def test_targets_of_an_older_version_have_no_options_and_their_robots_are_told_apart(
    empty: str, tmp_path: Path
) -> None:
    old, vault = Database(empty, busy_timeout_s=1), Vault(KEY)
    with old.write() as connection:
        migrate(connection, "0006")
        for number, (name, robot) in enumerate([("a", "x"), ("b", "y"), ("c", "x")], 1):
            address = {
                "url": vault.seal(url_of(robot), column=TARGET_URL),
                "fingerprint": vault.fingerprint(url_of(robot)),
            }
            connection.execute(sa.text(OLD_UNIT), {"id": name, "yes": True})
            connection.execute(sa.text(OLD_TARGET), {"number": number, "id": name, "yes": True, **address})
    old.close()
    store = opened(empty, tmp_path)
    assert robots(store) == [("a", 1), ("b", None), ("c", 1)]
    (line,) = store.target_lines("a")
    assert (line.mention, line.ca_file, line.attach_original) == (NOBODY, None, False)
    store.close()
