"""The directory: lossless, with history, and imports that overwrite no state."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from bot.domain.delivery import DeliveryState
from bot.domain.directory import Directory, Recipient
from bot.domain.errors import ConfigError
from bot.store import Store

from .samples import (
    BAD_KEY,
    NOW,
    SECOND,
    answer,
    directory,
    import_all,
    opened,
    released,
    take_in,
    target,
    turn,
    unit,
    url_of,
)

ROSTER = directory(
    unit("meixian", target("b", secret="SEC-b"), target("a", label="")),
    unit("meijiang", target("c", enabled=False)),
    unit("wuhua", enabled=False),
)


def test_an_import_comes_back_in_order_and_whole(store: Store) -> None:
    assert import_all(store, ROSTER) == {"added": 4, "changed": 0, "unchanged": 0, "absent": 0}
    assert store.directory() == ROSTER


def test_importing_again_changes_nothing_and_leaves_no_history(store: Store) -> None:
    import_all(store, ROSTER)
    before = list(store.history())
    assert import_all(store, ROSTER) == {"added": 0, "changed": 0, "unchanged": 4, "absent": 0}
    assert list(store.history()) == before


def test_a_new_order_is_kept_without_counting_as_a_change(store: Store) -> None:
    import_all(store, ROSTER)
    turned = Directory(ROSTER.recipients[::-1], ROSTER.groups)
    assert import_all(store, turned)["changed"] == 0
    assert store.directory() == turned


def test_what_the_file_does_not_name_is_left_alone(store: Store) -> None:
    import_all(store, ROSTER)
    counts = import_all(store, Directory((unit("new"),)))
    assert counts == {"added": 1, "changed": 0, "unchanged": 0, "absent": 4}
    assert [r.id for r in store.directory().recipients] == ["new", "meixian", "meijiang", "wuhua"]


def test_targets_are_the_enabled_ones_in_directory_order(store: Store) -> None:
    import_all(store, ROSTER)
    found = store.targets(["wuhua", "meijiang", "meixian"])
    assert [(t.recipient.id, t.target.url) for t in found] == [("meixian", url_of("b")), ("meixian", url_of("a"))]


def test_many_recipients_keep_directory_order_whatever_order_they_are_asked_in(store: Store) -> None:
    roster = directory(*(unit(f"u{n:04d}") for n in range(1100)))
    import_all(store, roster)
    names = [r.id for r in roster.recipients]
    assert [t.recipient.id for t in store.targets(names[::-1])] == names


def test_a_changed_url_is_a_new_target_and_the_old_one_leaves_with_history(store: Store) -> None:
    import_all(store, directory(unit("meijiang", target("old"))))
    (old,) = store.targets(["meijiang"])
    counts = import_all(store, directory(unit("meijiang", target("new"))))
    (new,) = store.targets(["meijiang"])
    assert counts["changed"] == 1
    assert new.id != old.id
    assert store.directory().by_id["meijiang"].targets == (target("new"),)
    assert [row.action for row in store.history(f"target:{old.id}")] == ["target.added", "target.removed"]

    import_all(store, directory(unit("meijiang", target("old"))))
    assert [t.id for t in store.targets(["meijiang"])] == [old.id], "the same URL is the same target"


def test_history_says_who_why_and_what_changed(store: Store) -> None:
    import_all(store, ROSTER)
    renamed = replace(ROSTER.recipients[1], name="梅江区政府")
    store.import_directory(Directory((renamed,)), who="赵六", why="改名", now=NOW + SECOND)
    row = list(store.history("recipient:meijiang"))[-1]
    assert (row.who, row.why, row.at, row.action) == ("赵六", "改名", NOW + SECOND, "recipient.changed")
    assert row.before is not None
    assert row.after is not None
    assert (row.before["name"], row.after["name"]) == ("meijiang区人民政府", "梅江区政府")


def test_a_changed_secret_is_on_record_without_the_secret(store: Store) -> None:
    import_all(store, directory(unit("meijiang", target("x", secret="SEC-old"))))
    import_all(store, directory(unit("meijiang", target("x", secret="SEC-new"))))
    assert store.targets(["meijiang"])[0].target == target("x", secret="SEC-new")
    row = list(store.history())[-1]
    assert row.after is not None
    assert row.after["secret"] == "（已更换）"
    assert "SEC" not in repr(list(store.history()))


async def test_a_suspension_survives_an_import(store: Store) -> None:
    released(store, "meijiang")
    await store.ledger().enlist("w1", now=NOW)
    (claimed,) = (await turn(store)).claimed
    await turn(store, [answer(claimed, BAD_KEY, NOW)])
    import_all(store, directory(unit("meijiang", target("meijiang", label="换了名字"))))
    (found,) = store.targets(["meijiang"])
    assert (found.suspended_at, found.suspended_reason, found.target.label) == (NOW, "bad_key", "换了名字")


@pytest.mark.parametrize("off", [unit("meijiang", target("meijiang", enabled=False)), unit("meijiang", enabled=False)])
async def test_a_target_switched_off_keeps_its_delivery_waiting_until_it_is_on_again(
    store: Store, off: Recipient
) -> None:
    stored = released(store, "meijiang")
    await store.ledger().enlist("w1", now=NOW)
    import_all(store, directory(off))
    assert (await turn(store)).claimed == ()
    assert store.counts(stored.id) == {DeliveryState.PENDING: 1}
    assert await store.ledger().unsettled(stored.id) == (0, 1)

    import_all(store, directory(unit("meijiang")))
    assert await store.ledger().unsettled(stored.id) == (1, 1)
    assert len((await turn(store)).claimed) == 1


def test_one_bad_target_leaves_nothing_half_imported(store: Store) -> None:
    twice = unit("meijiang", target("x"), target("x"))
    with pytest.raises(ConfigError, match=r"meijiang.*写了两次") as caught:
        import_all(store, directory(unit("meixian"), twice))
    assert "693a91f6" not in str(caught.value)
    assert store.directory() == Directory()


def test_the_directory_is_read_again_only_after_something_of_it_was_changed(
    store: Store, url: str, tmp_path: Path
) -> None:
    import_all(store, ROSTER)
    read = store.directory()
    take_in(store)
    assert store.directory() is read
    assert store.directory() is read
    other = opened(url, tmp_path)
    import_all(other, directory(unit("meijiang", target("new"))))
    other.close()
    assert store.directory() is not read
    assert [t.url for t in store.directory().recipients[0].targets] == [url_of("new")]


def test_an_import_writes_only_the_rows_that_change(store: Store) -> None:
    names = [f"u{n}" for n in range(20)]
    import_all(store, directory(*map(unit, names)))
    written: list[int] = []

    @event.listens_for(store.db.engine, "after_cursor_execute")
    def count(connection: object, cursor: object, statement: str, given: Sized, context: object, many: bool) -> None:
        if statement.startswith("UPDATE recipient"):
            written.append(len(given) if many else 1)

    import_all(store, directory(replace(unit("u0"), name="新名"), *map(unit, names[1:])))
    assert written == [1]
    import_all(store, directory(replace(unit("u0"), name="新名"), *map(unit, names[1:])))
    assert written == [1]
