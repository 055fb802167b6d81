"""Dated changes: only what they were to change is changed, and only while it is as they counted on."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from bot.domain.dated import DatedChange, DatedState, carry_out, projected, steps_between
from bot.domain.directory import Directory, Group, Recipient, Target
from bot.domain.errors import Conflict
from bot.domain.secret import Secret

DAY = dt.date(2027, 1, 1)


def robot(key: str, **values: object) -> Target:
    return replace(Target("wecom", Secret(f"https://x.test/?key={key}"), label=f"群{key}"), **values)  # type: ignore[arg-type]  # any field


A = Recipient("a", "甲局", aliases=("甲",), targets=(robot("1"),))
B = Recipient("b", "乙局")
C = Recipient("c", "丙局")
GROUP = Group("g", "各局", ("各市局",), ("a", "b"))
BASE = Directory((A, B, C), (GROUP,))


def with_unit(unit: Recipient, base: Directory = BASE) -> Directory:
    return replace(base, recipients=tuple(unit if u.id == unit.id else u for u in base.recipients))


def with_group(**values: object) -> Directory:
    return replace(BASE, groups=(replace(GROUP, **values),))  # type: ignore[arg-type]  # any field


def test_what_others_changed_meanwhile_stays() -> None:
    steps = steps_between(BASE, with_unit(replace(A, name="甲委", aliases=("甲", "甲局"))))
    meanwhile = with_unit(replace(A, enabled=False, aliases=("甲", "老甲"), targets=(robot("1"), robot("2"))))
    after = carry_out(meanwhile, steps).by_id["a"]
    assert (after.name, after.enabled, after.aliases) == ("甲委", False, ("甲", "老甲", "甲局"))
    assert after.targets == (robot("1"), robot("2"))


def test_members_come_and_go_one_by_one() -> None:
    steps = steps_between(BASE, with_group(members=("b", "c")))
    assert carry_out(with_group(members=("a", "b", "c")), steps).groups[0].members == ("b", "c")
    assert carry_out(with_group(members=("b", "a")), steps).groups[0].members == ("b", "c")


def test_what_is_done_already_is_not_a_conflict() -> None:
    wanted = with_unit(replace(A, name="甲委", targets=()))
    assert carry_out(wanted, steps_between(BASE, wanted)) == wanted


@pytest.mark.parametrize(
    ("wanted", "meanwhile", "said"),
    [
        (with_unit(replace(A, name="甲委")), with_unit(replace(A, name="甲办")), "甲办.*名称.*甲局.*甲办.*甲委"),
        (with_unit(replace(A, enabled=False)), Directory((B, C), ()), "甲局.*不在名录里"),
        (with_unit(replace(A, name="乙局二")), with_unit(replace(B, name="乙局二")), "已经有名为“乙局二”的单位"),
        (with_unit(replace(A, targets=())), with_unit(replace(A, targets=(robot("1", label="新"),))), "群1.*有过改动"),
        (replace(BASE, groups=()), with_group(members=("a", "b", "c")), "各局.*有过改动，没有删除"),
        (with_group(members=("b",)), with_group(members=("a",)), "没有成员"),
        (with_group(name="各委局"), replace(BASE, groups=()), "各局.*不在名录里"),
        (
            with_group(members=("a", "b", "c")),
            Directory((A, B), (GROUP,)),
            "成员 c 不在名录里",
        ),
    ],
)
def test_a_directory_that_is_not_as_counted_on_is_left_as_it_is(
    wanted: Directory, meanwhile: Directory, said: str
) -> None:
    with pytest.raises(Conflict, match=said):
        carry_out(meanwhile, steps_between(BASE, wanted))


def test_a_new_group_must_not_meet_another_of_its_name() -> None:
    steps = steps_between(BASE, replace(BASE, groups=(GROUP, Group("h", "各委", (), ("c",)))))
    assert [g.id for g in carry_out(BASE, steps).groups] == ["g", "h"]
    with pytest.raises(Conflict, match="已经有名为“各委”的分组"):
        carry_out(replace(BASE, groups=(GROUP, Group("i", "各委", (), ("b",)))), steps)


def test_the_directory_of_a_day_counts_everything_until_then_in_order() -> None:
    first = with_unit(replace(A, name="甲委"))
    second = with_unit(replace(first.by_id["a"], name="甲办"))
    third = steps_between(BASE, with_unit(replace(A, name="甲院")))
    changes = [
        DatedChange(number, DAY, DatedState.WAITING, steps, "张三", "", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        for number, steps in enumerate((steps_between(BASE, first), steps_between(first, second), third))
    ]
    after, failed = projected(BASE, changes)
    assert after.by_id["a"].name == "甲办"
    assert failed.keys() == {2}
    assert "甲院" in failed[2]
