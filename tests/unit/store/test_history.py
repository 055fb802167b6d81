"""The audit trail: what is on record stays there, and a gap or a change shows."""

from __future__ import annotations

import pytest

from bot.store import Store
from bot.store.history import PAGE, Entry, record

from .samples import NOW, SECOND, directory, import_all, released, unit


def tamper(store: Store, *statements: str) -> None:
    """What someone with the file in hand could do: the triggers do not stop who can drop them."""
    with store.db.write() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER history_no_update")
            connection.exec_driver_sql("DROP TRIGGER history_no_delete")
        else:
            connection.exec_driver_sql("ALTER TABLE history DISABLE TRIGGER USER")
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_every_act_is_on_record_with_who_and_why(store: Store) -> None:
    stored = released(store, "meijiang")
    rows = list(store.history())
    assert [(row.who, row.action) for row in rows] == [
        ("李四", "recipient.added"),
        ("李四", "target.added"),
        ("李四", "group.added"),
        ("张三", "issue.received"),
        ("王五", "issue.released"),
    ]
    assert [row.subject for row in store.history(f"issue:{stored.id}")] == [f"issue:{stored.id}"] * 2
    assert rows[-1].why == "到时"
    assert store.verify_history() is None


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE history SET who = '某某' WHERE id = 2", 2),
        ("UPDATE history SET after = '{}' WHERE id = 4", 4),
        ("UPDATE history SET at = at + 1 WHERE id = 1", 1),
        ("DELETE FROM history WHERE id = 3", 3),
        ("DELETE FROM history WHERE id = 5", 5),
        ("DELETE FROM history", 1),
        ("UPDATE history SET hash = prev_hash WHERE id = 5", 5),
    ],
)
def test_a_changed_or_removed_row_shows(store: Store, statement: str, first_bad: int) -> None:
    released(store, "meijiang")
    tamper(store, statement)
    assert store.verify_history() == first_bad


def test_an_empty_trail_is_whole(store: Store) -> None:
    assert store.verify_history() is None
    assert list(store.history()) == []


def test_a_long_trail_is_read_whole(store: Store) -> None:
    import_all(store, directory(*(unit(f"u{n:04d}") for n in range(PAGE))))
    rows = list(store.history())
    assert [row.id for row in rows] == list(range(1, 2 * PAGE + 2))
    assert store.verify_history() is None


def test_an_act_that_fails_leaves_no_line(store: Store) -> None:
    class HalfwayError(Exception):
        pass

    def fail() -> None:
        with store.db.write() as connection:
            record(connection, [Entry("x", "y:1")], who="a", why="", now=NOW + SECOND)
            raise HalfwayError

    with pytest.raises(HalfwayError):
        fail()
    assert list(store.history()) == []
    assert store.verify_history() is None
