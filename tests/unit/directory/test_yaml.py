"""YAML directory files: read, or refused with line and key and without a word of any credential."""

from __future__ import annotations

import pytest

from bot.directory import dump_yaml
from bot.domain.card import Style
from bot.domain.directory import RecipientKind
from bot.domain.errors import DirectoryError

from .build import GOOD, KEY, SAMPLE, SIGNING, URL, read, refused, spoiled


def test_a_good_file_is_read_with_its_defaults() -> None:
    meijiang, meixian, _ = read(GOOD).directory.recipients
    assert meijiang.kind is RecipientKind.COUNTY_GOVERNMENT
    assert meijiang.aliases == ("梅江区", "梅江区政府")
    assert meijiang.targets[0].url.reveal() == URL
    assert meijiang.targets[0].style is Style.CARD
    assert (meixian.kind, meixian.enabled, meixian.targets) == (RecipientKind.OTHER, True, ())


PLACED = [
    ("id: xingning", "id: meijiang", 15, "recipients[2].id", "编号重复，与第 2 行的相同"),
    ("梅县区人民政府", "梅江区 人民政府", 14, "recipients[1].name", "名称重复，与第 3 行的相同"),
    ("    aliases:", "    alias:", 5, "recipients[0].alias", "没有这一项；是不是“aliases”？"),
    ("        label:", "        lable:", 9, "recipients[0].targets[0].lable", "没有这一项；是不是“label”？"),
    ("    name: 梅县区人民政府\n", "", 13, "recipients[1].name", "缺少这一项（全称）"),
    (f"        url: {URL}\n", "", 8, "recipients[0].targets[0].url", "缺少这一项（地址）"),
    ("wecom", "wecon", 8, "recipients[0].targets[0].channel", "是不是“wecom”？"),
    ("county_government", "county_goverment", 4, "recipients[0].kind", "是不是“county_government”？"),
    ("style: card", "style: cards", 12, "recipients[0].targets[0].style", "是不是“card”？"),
    ("id: xingning", "id: 001", 15, "recipients[2].id", "被当成了数字"),
    ("id: xingning", "id: 2022-01-05", 15, "recipients[2].id", "被当成了日期"),
    ("id: xingning", "id: yes", 15, "recipients[2].id", "请加上引号"),
    ("id: xingning", "id:", 15, "recipients[2].id", "不能为空"),
    ("id: xingning", "id: 'mei xian'", 15, "recipients[2].id", "编号只能用"),
    ("[梅江区, 梅江区政府]", "梅江区", 5, "recipients[0].aliases", "这里要写成列表"),
    ("[梅江区, 梅江区政府]", "[梅江区, 。]", 5, "recipients[0].aliases[1]", "不能只有标点"),
    ("[梅江区, 梅江区政府]", "[梅江区, [甲]]", 5, "recipients[0].aliases[1]", "不能是列表"),
    ("enabled: true", "enabled: 启用", 6, "recipients[0].enabled", "true 或 false"),
    (f"url: {URL}", f"url: '{URL} '", 10, "recipients[0].targets[0].url", "开头或末尾有多余的空格"),
    (f"url: {URL}", f"url: '{URL[:40]} {URL[40:]}'", 10, "recipients[0].targets[0].url", "中间有多余的空格"),
    (f"url: {URL}", f'url: "{URL}\\n"', 10, "recipients[0].targets[0].url", "有换行"),
    (f"url: {URL}", f"url: '{URL}\u3000'", 10, "recipients[0].targets[0].url", "多余的空格"),
    (f"url: {URL}", f"url: {URL}\u200b", 10, "recipients[0].targets[0].url", "多余的空格或不可见字符"),
    (f"url: {URL}", f"url: {URL}。", 10, "recipients[0].targets[0].url", "含有汉字、全角符号"),
    (f"url: {URL}", f"url: {URL}&{'x' * 2000}", 10, "recipients[0].targets[0].url", "太长"),
    (f"url: {URL}", f"url: {URL}&evil", 10, "recipients[0].targets[0].url", "（地址） 的主机不在允许范围"),
    (f"secret: {SIGNING}", f"secret: ' {SIGNING}'", 11, "recipients[0].targets[0].secret", "开头或末尾"),
    (f"secret: {SIGNING}", "secret: 12345678", 11, "recipients[0].targets[0].secret", "被当成了数字"),
    ("label: 政务公开群", f"label: {URL}", 9, "recipients[0].targets[0].label", "这里不能写网址"),
    ("label: 政务公开群", f"label: {'群' * 201}", 9, "recipients[0].targets[0].label", "太长：201 个字"),
    ("meixian]", "meixan]", 21, "groups[0].members[1]", "没有编号是这个的单位；是不是“meixian”？"),
    ("meixian]", "meijiang]", 21, "groups[0].members[1]", "同一个成员写了两次"),
    ("[meijiang, meixian]", "[]", 21, "groups[0].members", "至少要有一个成员"),
    ("    members: [meijiang, meixian]\n", "", 18, "groups[0].members", "缺少这一项（成员）"),
    ("groups:", "group:", 17, "group", "没有这一项；是不是“groups”？"),
]


@pytest.mark.parametrize(("before", "after", "line", "key", "message"), PLACED)
def test_a_problem_names_line_and_key(before: str, after: str, line: int, key: str, message: str) -> None:
    (problem,) = refused(spoiled(before, after))
    assert (problem.line, problem.key) == (line, key)
    assert message in problem.message


def test_every_problem_is_told_at_once_in_the_order_of_the_file() -> None:
    text = spoiled("wecom", "wechat").replace("id: xingning", "id: 7").replace("meixian]", "nobody]")
    assert [p.line for p in refused(text)] == [8, 15, 21]


NOT_YAML = [
    ("name: 梅县区人民政府", "name: 梅县区: 人民政府", 14, "冒号"),
    ("    kind:", "\tkind:", 4, "Tab"),
    ("aliases: [梅江区, 梅江区政府]", "aliases: [梅江区, 梅江区政府", 6, ""),
    ("label: 政务公开群", 'label: "政务公开群', None, "引号"),
    ("label: 政务公开群", "label: @政务公开群", 9, "引号"),
    ("name: 梅县区人民政府", "name: &a 梅县区人民政府\n    kind: *a", 15, "* 引用"),
    ("name: 梅县区人民政府", "name: *nobody", 14, "* 引用"),
    ("name: 梅县区人民政府", "name: !!python/object/apply:os.getcwd []", 14, "! 标签"),
    ("name: 梅县区人民政府", "name: 梅县\x07区人民政府", 14, "控制字符"),
    ("groups:\n", "---\ngroups:\n", 17, "---"),
    ("name: 梅县区人民政府", "? [a]\n    : b", 14, "冒号前只能是一个词"),
    ("[梅江区, 梅江区政府]", "[" * 30 + "]" * 30, 5, "嵌套"),
]


@pytest.mark.parametrize(("before", "after", "line", "message"), NOT_YAML)
def test_bad_yaml_is_refused_with_its_line(before: str, after: str, line: int | None, message: str) -> None:
    (problem,) = refused(spoiled(before, after))
    assert message in problem.message
    assert line is None or problem.line == line


def test_a_key_written_twice_is_refused() -> None:
    (problem,) = refused(spoiled("    enabled: true\n", "    enabled: true\n    enabled: false\n"))
    assert (problem.line, problem.key, problem.message) == (7, "recipients[0]", "同一项写了两次，第一次在第 6 行")


def test_a_url_in_a_key_is_not_repeated() -> None:
    """`url:https://…` without the space is one long key."""
    problems = refused(spoiled(f"        url: {URL}\n", "").replace("style: card", f"{{url:{URL}: 1}}: card"))
    assert problems
    assert refused(f"recipients: [{{id: a, name: b, targets: [{{channel: wecom, 'url:{URL}': 1}}]}}]")


@pytest.mark.parametrize("field", ["id", "name", "kind", "enabled", "aliases", "targets"])
def test_a_url_in_any_wrong_field_is_not_repeated(field: str) -> None:
    assert refused(f"recipients:\n  - id: a\n    name: 甲\n    kind: other\n    {field}: {URL}\n")


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]", "梅江区", "recipients: 5", "recipients: {a: b}", "- a\n- b"])
def test_a_file_that_is_no_directory_is_refused(text: str) -> None:
    assert refused(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_encodings_of_windows_are_read(encoding: str) -> None:
    assert read(GOOD.replace("\n", "\r\n").encode(encoding)).directory == read(GOOD).directory


def test_bytes_that_are_no_text_are_refused() -> None:
    (problem,) = refused(b"recipients:\n  - id: \xff\xff\n")
    assert (problem.line, problem.key) == (2, "文件")


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    (problem,) = refused(b"#" * 5_000_001)
    assert "太大" in problem.message


def test_blanks_around_names_are_taken_off_and_inside_are_kept() -> None:
    directory = read(spoiled("梅县区人民政府", "'\u3000梅县区 人民政府\u200b '")).directory
    assert directory.recipients[1].name == "梅县区 人民政府"


def test_a_phrase_of_two_groups_is_a_warning() -> None:
    more = "  - {id: zone, name: 梅州, phrases: [各成员单位], members: [meixian]}\n"
    loaded = read(spoiled("[各县(市、区)人民政府]", "[各成员单位]") + more)
    (warning,) = loaded.warnings
    assert warning.key == "各成员单位"
    assert "不会自动选择" in warning.message


def test_an_alias_that_is_another_units_name_is_a_warning_that_says_which_wins() -> None:
    (warning,) = read(spoiled("[梅江区, 梅江区政府]", "[梅县区人民政府]")).warnings
    assert "按单位全称理解" in warning.message


def test_a_robot_shared_by_two_units_is_a_warning() -> None:
    shared_robot = f"name: 梅县区人民政府\n    targets: [{{channel: wecom, url: '{URL}'}}]"
    (warning,) = read(spoiled("name: 梅县区人民政府", shared_robot)).warnings
    assert "共用同一个群机器人" in warning.message
    assert KEY not in str(warning)


def test_the_same_robot_twice_for_one_unit_is_refused() -> None:
    (problem,) = refused(spoiled("style: card\n", f"style: card\n      - {{channel: wecom, url: '{URL}'}}\n"))
    assert (problem.line, problem.key) == (13, "recipients[0].targets[1].url")


def test_a_masked_copy_shows_no_credential_and_is_refused() -> None:
    copy = dump_yaml(read(GOOD).directory, mask=True).decode()
    assert KEY not in copy
    assert SIGNING not in copy
    assert [p.key for p in refused(copy)] == ["recipients[0].targets[0].url", "recipients[0].targets[0].secret"]


def test_an_error_names_the_file() -> None:
    with pytest.raises(DirectoryError, match="名录"):
        read("[]")


def test_the_sample_is_clean_and_serves_the_demo() -> None:
    loaded = read(SAMPLE.read_bytes())
    targets = [t for r in loaded.directory.recipients for t in r.targets]
    assert len(loaded.directory.recipients) == 45
    assert len(targets) == 46
    assert {t.channel for t in targets} == {"wecom", "dingtalk", "feishu"}
    assert {t.style for t in targets} == set(Style)
    assert all("de30" in t.url.reveal() for t in targets), "a sample must not hold anything like a real key"
    assert [w.key for w in loaded.warnings] == ["各成员单位"]
    assert all(r.reachable for r in loaded.directory.recipients)
