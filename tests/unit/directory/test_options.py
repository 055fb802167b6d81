"""What only some targets have: whom they mention, their own CA, the original after the card."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace

import pytest
from openpyxl import load_workbook

from bot.channels import CHANNELS as ALL
from bot.channels import objection_to_mention
from bot.directory import Change, FieldChange, diff, dump_xlsx, dump_yaml
from bot.domain.directory import NOBODY, Directory, Mention, Target

from .build import CHANNELS, GOOD, KEY, read, refused, spoiled

STYLE = "style: card\n"
OLD = read(GOOD).directory


def with_option(text: str) -> str:
    return spoiled(STYLE, f"{STYLE}        {text}\n")


def target(text: str) -> Target:
    return read(with_option(text)).directory.recipients[0].targets[0]


def only(directory: Directory, **options: object) -> Directory:
    """The directory with these options at its one robot."""
    first, *rest = directory.recipients
    robot = replace(first.targets[0], **options)  # type: ignore[arg-type]  # whichever options the caller names
    return replace(directory, recipients=(replace(first, targets=(robot,)), *rest))


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("mention: all", Mention(everyone=True)),
        ("mention: 所有人", Mention(everyone=True)),
        ('mention: "@all"', Mention(everyone=True)),
        ("mention: [all]", Mention(everyone=True)),
        ('mention: [zhangsan, "13800000000"]', Mention(members=("zhangsan", "13800000000"))),
        ("mention: [all, zhangsan]", Mention(True, ("zhangsan",))),
        ("mention: []", NOBODY),
        ("mention:", NOBODY),
        ("enabled: true", NOBODY),
    ],
)
def test_a_target_mentions_everyone_or_members_or_nobody(text: str, mention: Mention) -> None:
    assert target(text).mention == mention


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("mention: zhangsan", "mention", "列表"),
        ("mention: {a: b}", "mention", "列表"),
        ("mention: true", "mention", "列表"),
        ("mention: [13800000000]", "mention[0]", "数字"),
        ("mention: [a, b, a]", "mention[2]", "两次"),
        ('mention: ["https://a/b"]', "mention[0]", "网址"),
        ("attach_original: 是", "attach_original", "true"),
        ("ca_file: [own.pem]", "ca_file", "列表"),
        ("ca-file: own.pem", "…", "没有这一项"),
    ],
)
def test_what_is_neither_is_refused_with_line_and_key(text: str, key: str, said: str) -> None:
    (problem,) = refused(with_option(text))
    assert problem.line == 13
    assert problem.key == f"recipients[0].targets[0].{key}"
    assert said in problem.message


def test_a_file_without_the_options_is_read_as_before() -> None:
    robot = OLD.recipients[0].targets[0]
    assert (robot.mention, robot.ca_file, robot.attach_original) == (NOBODY, None, False)
    book = load_workbook(io.BytesIO(dump_xlsx(OLD, channels=CHANNELS)))
    book["群机器人"].delete_cols(8, 3)
    out = io.BytesIO()
    book.save(out)
    assert read(out.getvalue()).directory == OLD


def test_few_targets_have_options_and_only_they_write_them() -> None:
    assert all(word not in dump_yaml(OLD).decode() for word in ("mention", "ca_file", "attach_original"))
    text = dump_yaml(only(OLD, mention=Mention(everyone=True), ca_file="own.pem", attach_original=True)).decode()
    assert "mention: all\n" in text
    assert "ca_file: own.pem\n" in text
    assert "attach_original: true\n" in text


def test_staff_write_the_options_in_their_own_words() -> None:
    mention = Mention(True, ("zhangsan",))
    data = dump_xlsx(only(OLD, mention=mention, ca_file="own.pem", attach_original=True), channels=CHANNELS)
    sheet = load_workbook(io.BytesIO(data))["群机器人"]
    assert [c.value for c in sheet[1]][7:] == ["提醒", "证书文件", "附原文"]
    assert [c.value for c in sheet[2]][7:] == ["所有人\nzhangsan", "own.pem", "是"]


def test_a_masked_copy_hides_telephone_numbers_too() -> None:
    roster = only(OLD, mention=Mention(members=("zhangsan", "13812345678")))
    assert "mention: [zhangsan, 138…78]" in dump_yaml(roster, mask=True).decode()
    sheet = load_workbook(io.BytesIO(dump_xlsx(roster, channels=CHANNELS, mask=True)))["群机器人"]
    assert sheet["H2"].value == "zhangsan\n138…78"
    assert "13812345678" in dump_yaml(roster).decode()


def against(found: Target) -> Mapping[str, str]:
    """What the rest of the house may say."""
    sentences = {"mention": objection_to_mention(found.channel, found.mention), "ca_file": None}
    if found.ca_file == "gone.pem":
        sentences["ca_file"] = "找不到证书文件"
    return {key: said for key, said in sentences.items() if said is not None}


def test_the_houses_objections_name_their_place_in_both_formats() -> None:
    bad = only(OLD, mention=Mention(members=(f"no id {KEY}",)), ca_file="gone.pem")
    yaml = refused(dump_yaml(bad), against)
    assert [(p.key.rpartition(".")[2], p.message[:4]) for p in yaml] == [
        ("mention", "@的成员"),
        ("ca_file", "找不到证"),
    ]
    xlsx = refused(dump_xlsx(bad, channels=CHANNELS), against)
    assert [p.key for p in xlsx] == ["群机器人!H2（提醒）", "群机器人!I2（证书文件）"]


@pytest.mark.parametrize("channel", sorted(ALL))
def test_a_mention_the_channel_does_not_have_is_refused(channel: str) -> None:
    rule = ALL[channel].MENTIONS
    assert (objection_to_mention(channel, Mention(everyone=True)) is None) == rule.everyone
    assert objection_to_mention(channel, NOBODY) is None
    too_many = Mention(members=tuple(f"id{n}" for n in range(rule.most + 1)))
    assert objection_to_mention(channel, too_many) is not None


def test_a_comparison_tells_each_option_in_words() -> None:
    new = only(OLD, mention=Mention(True, ("zhangsan",)), ca_file="own.pem", attach_original=True)
    (entry,) = (e for e in diff(OLD, new).entries if e.change is Change.CHANGED)
    title = "群机器人“政务公开群”的"
    assert entry.fields == (
        FieldChange(f"{title}提醒", "（无）", "所有人、zhangsan"),
        FieldChange(f"{title}证书文件", "（无）", "own.pem"),
        FieldChange(f"{title}附原文", "否", "是"),
    )
