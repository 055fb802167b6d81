"""Dated changes in the store: sealed, carried out once, held when they no longer fit."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.dated import DatedState, carry_out, steps_between
from bot.domain.directory import Directory, Group
from bot.store import Store

from .samples import NOW, SECOND, directory, import_all, opened, target, unit

DAY = dt.date(2022, 4, 1)
ROSTER = directory(unit("meijiang"), unit("meixian"))
WANTED = Directory((unit("meijiang", target("new", secret="SEC-new")), unit("meixian")), ROSTER.groups)


def enter(store: Store, wanted: Directory = WANTED, on: dt.date = DAY) -> int:
    steps = steps_between(store.directory(), wanted)
    return store.add_dated(steps, on, {"changes": ["换群机器人"]}, who="张三", why="机构改革", now=NOW)


def apply(store: Store, change_id: int) -> DatedState | None:
    (change,) = [change for change in store.dated_changes(tuple(DatedState)) if change.id == change_id]
    return store.apply_dated(
        change_id, lambda now: carry_out(now, change.steps), who=change.who, why=change.why, now=NOW + SECOND
    )


def test_a_change_is_kept_whole_and_listed_until_its_day(store: Store) -> None:
    import_all(store, ROSTER)
    enter(store)
    (change,) = store.dated_changes()
    assert carry_out(store.directory(), change.steps) == WANTED
    assert (change.effective_on, change.state, change.who, change.why) == (DAY, DatedState.WAITING, "张三", "机构改革")
    assert store.dated_changes(until=DAY - dt.timedelta(days=1)) == []
    assert store.dated_changes(until=DAY) == [change]
    assert store.directory() == ROSTER


def test_it_takes_effect_once_with_its_lines_in_the_history(store: Store) -> None:
    import_all(store, ROSTER)
    number = enter(store)
    assert apply(store, number) is DatedState.APPLIED
    assert apply(store, number) is None
    assert store.directory() == WANTED
    assert store.dated_changes() == []
    lines = [row for row in store.history() if row.who == "张三"]
    assert [row.action for row in lines] == [
        "directory.dated",
        "target.removed",
        "target.added",
        "directory.dated_applied",
    ]
    assert {row.why for row in lines} == {"机构改革"}


def test_of_two_schedulers_one_carries_it_out(store: Store, url: str, tmp_path: Path) -> None:
    import_all(store, ROSTER)
    number = enter(store)
    second = opened(url, tmp_path)
    begin, found = threading.Barrier(2), []

    def run(one: Store) -> None:
        begin.wait(timeout=30)
        found.append(apply(one, number))

    threads = [threading.Thread(target=run, args=(one,)) for one in (store, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.close()
    assert sorted(found, key=str) == [None, DatedState.APPLIED]
    assert [row.action for row in store.history()].count("directory.dated_applied") == 1


def test_a_conflict_changes_nothing_and_is_held_until_somebody_tries_again(store: Store) -> None:
    import_all(store, ROSTER)
    number = enter(store, Directory((replace(unit("meijiang"), name="新名称"), unit("meixian")), ROSTER.groups))
    import_all(store, Directory((replace(unit("meijiang"), name="又一个名称"),)))
    before = store.directory()
    assert apply(store, number) is DatedState.HELD
    assert store.directory() == before
    (held,) = store.dated_changes((DatedState.HELD,))
    assert "又一个名称" in held.trouble
    assert apply(store, number) is None, "a held one waits for a person"

    import_all(store, Directory((unit("meijiang"),)))
    assert store.retry_dated(number, who="李四", now=NOW)
    assert apply(store, number) is DatedState.APPLIED
    assert store.directory().by_id["meijiang"].name == "新名称"


def test_a_withdrawn_change_never_takes_effect(store: Store) -> None:
    import_all(store, ROSTER)
    number = enter(store)
    assert store.withdraw_dated(number, who="李四", now=NOW)
    assert not store.withdraw_dated(number, who="李四", now=NOW)
    assert not store.retry_dated(number, who="李四", now=NOW)
    assert apply(store, number) is None
    assert store.directory() == ROSTER


def test_what_it_holds_is_sealed(store: Store) -> None:
    import_all(store, ROSTER)
    enter(store)
    with store.db.read() as connection:
        (steps,) = connection.exec_driver_sql("SELECT steps FROM dated_change").scalars()
    assert b"SEC-new" not in bytes(steps)
    assert b"qyapi" not in bytes(steps)
    assert "SEC-new" not in repr(list(store.history()))
    assert store.open_everything() == 3


def test_a_group_left_out_of_an_edit_is_deleted_and_one_left_out_of_a_file_is_not(store: Store) -> None:
    extra = Group("pair", "两区", ("两区政府",), ("meijiang", "meixian"))
    import_all(store, replace(ROSTER, groups=(*ROSTER.groups, extra)))
    import_all(store, ROSTER)
    assert [g.id for g in store.directory().groups] == ["all", "pair"]
    store.edit_directory(lambda now: replace(now, groups=ROSTER.groups), who="张三", why="撤销", now=NOW)
    assert store.directory() == ROSTER
    (row,) = [row for row in store.history("group:pair") if row.action == "group.removed"]
    assert row.before == {"name": "两区", "phrases": ["两区政府"], "members": ["meijiang", "meixian"]}


def test_edits_at_once_in_two_processes_lose_nothing(store: Store, url: str, tmp_path: Path) -> None:
    import_all(store, directory(*(unit(f"u{n}") for n in range(8))))
    second = opened(url, tmp_path)
    begin = threading.Barrier(8)

    def rename(number: int) -> None:
        def change(now: Directory) -> Directory:
            units = (replace(u, name=f"新{number}") if u.id == f"u{number}" else u for u in now.recipients)
            return replace(now, recipients=tuple(units))

        begin.wait(timeout=30)
        one = (store, second)[number % 2]
        one.edit_directory(change, who="张三", why="更名", now=NOW)

    threads = [threading.Thread(target=rename, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.close()
    assert [u.name for u in store.directory().recipients] == [f"新{n}" for n in range(8)]


@pytest.mark.parametrize("until", [DAY, dt.date(2023, 1, 1)])
def test_days_that_were_missed_are_made_up_in_order(store: Store, until: dt.date) -> None:
    import_all(store, ROSTER)
    later = enter(store, on=DAY)
    earlier = enter(store, on=DAY - dt.timedelta(days=3))
    assert [change.id for change in store.dated_changes(until=until)] == [earlier, later]
