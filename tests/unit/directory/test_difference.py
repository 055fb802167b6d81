"""What an import would change, as a person is asked to confirm it."""

from __future__ import annotations

from dataclasses import replace

from bot.directory import Change, FieldChange, diff
from bot.domain.card import Style
from bot.domain.directory import Directory, Recipient, Target
from bot.domain.secret import Secret

from .build import GOOD, KEY, SIGNING, URL, read

OLD = read(GOOD).directory
MEIJIANG, MEIXIAN, XINGNING = OLD.recipients
(COUNTIES,) = OLD.groups
(ROBOT,) = MEIJIANG.targets


def changes(recipient: Recipient) -> tuple[FieldChange, ...]:
    found = diff(OLD, Directory((recipient, MEIXIAN, XINGNING), OLD.groups))
    (entry,) = (e for e in found.entries if e.change is Change.CHANGED)
    assert not any(word in str(found) for word in (KEY, SIGNING, "other-key", "other-secret"))
    return entry.fields


def with_robot(target: Target) -> tuple[FieldChange, ...]:
    return changes(replace(MEIJIANG, targets=(target,)))


def test_the_same_directory_changes_nothing() -> None:
    found = diff(OLD, OLD)
    assert found.empty
    assert found.counts() == {Change.ADDED: 0, Change.CHANGED: 0, Change.UNCHANGED: 4, Change.ABSENT: 0}


def test_units_and_groups_are_added_or_absent() -> None:
    new = Directory((replace(MEIXIAN, id="new"), MEIJIANG), ())
    found = [(e.kind, e.id, e.change) for e in diff(OLD, new).entries]
    assert found == [
        ("recipient", "new", Change.ADDED),
        ("recipient", "meijiang", Change.UNCHANGED),
        ("recipient", "meixian", Change.ABSENT),
        ("recipient", "xingning", Change.ABSENT),
        ("group", "counties", Change.ABSENT),
    ]
    assert not diff(OLD, new).empty


def test_absent_things_alone_change_nothing() -> None:
    assert diff(OLD, Directory((MEIJIANG,), ())).empty


def test_a_changed_unit_tells_each_field_in_words() -> None:
    changed = changes(replace(MEIJIANG, name="梅江区政府", aliases=(), enabled=False))
    assert changed == (
        FieldChange("全称", "梅江区人民政府", "梅江区政府"),
        FieldChange("别名", "", "减少 梅江区、梅江区政府"),
        FieldChange("启用", "是", "否"),
    )


def test_a_changed_key_is_told_though_it_is_not_shown() -> None:
    (change,) = with_robot(replace(ROBOT, url=Secret(URL.replace(KEY, "other-key" + KEY[-2:]))))
    assert change.field == "群机器人“政务公开群”的地址"
    assert change.after.endswith("（已更换）")


def test_a_changed_secret_is_told_though_it_is_not_shown() -> None:
    assert with_robot(replace(ROBOT, secret=Secret("other-secret"))) == (
        FieldChange("群机器人“政务公开群”的签名密钥", "有", "已更换"),
    )
    assert with_robot(replace(ROBOT, secret=None))[0].after == "无"


def test_a_renamed_robot_is_the_same_robot() -> None:
    assert with_robot(replace(ROBOT, label="值班群", style=Style.TEXT)) == (
        FieldChange("群机器人“值班群”的群名称", "政务公开群", "值班群"),
        FieldChange("群机器人“值班群”的样式", "卡片", "纯文本"),
    )


def test_robots_come_go_and_change_places() -> None:
    second = Target("dingtalk", Secret("https://oapi.dingtalk.com/robot/send?access_token=other-key"), "二群")
    (added,) = changes(replace(MEIJIANG, targets=(ROBOT, second)))
    assert (added.before, added.after.split()[:2]) == ("（无）", ["dingtalk", "二群"])
    (removed,) = changes(replace(MEIJIANG, targets=()))
    assert removed.after == "删去"
    old = Directory((replace(MEIJIANG, targets=(ROBOT, second)),))
    new = Directory((replace(MEIJIANG, targets=(second, ROBOT)),))
    assert diff(old, new).entries[0].fields == (FieldChange("群机器人", "原顺序", "顺序有调整"),)


def test_a_changed_group_tells_who_comes_and_goes() -> None:
    new = replace(COUNTIES, members=("meijiang", "xingning"), phrases=())
    (entry,) = (e for e in diff(OLD, Directory(OLD.recipients, (new,))).entries if e.kind == "group")
    assert entry.fields == (
        FieldChange("名单用语", "", "减少 各县(市、区)人民政府"),
        FieldChange("成员", "", "增加 xingning；减少 meixian"),
    )
