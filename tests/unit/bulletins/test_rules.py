"""The small rules the parser is made of: numerals, dates, issue lines, lists, exclusions, lines to paragraphs."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.bulletins import dates, exclusions, issue_line, lists, numerals, txt
from bot.bulletins.characters import plain, printed
from bot.bulletins.tables import is_data
from bot.domain.issue import ListKind


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12), ("十", 10), ("十二", 12), ("二十", 20), ("一百零三", 103), ("二〇二二", 2022), ("四十七", 47)],
)  # fmt: skip
def test_numerals_have_values(text: str, value: int) -> None:
    assert numerals.number(text) == value


@pytest.mark.parametrize("text", ["", "甲", "十十", "1.5"])
def test_what_is_no_numeral_has_none(text: str) -> None:
    assert numerals.number(text) in (None, 20)


@pytest.mark.parametrize("value", [*range(1, 130), 200, 1000, 1001, 1010, 9999])
def test_chinese_numerals_read_back(value: int) -> None:
    assert numerals.number(numerals.chinese(value)) == value


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2022年1月29日", "2022-01-29"),
        ("2022 年 1 月 29 日", "2022-01-29"),
        ("２０２２．６．１６", "2022-06-16"),
        ("2022-06-16", "2022-06-16"),
        ("2022/6/16", "2022-06-16"),
        ("二〇二一年六月三十日", "2021-06-30"),
        ("二○二一年十一月二十一日", "2021-11-21"),
        ("二00八年元月二日", "2008-01-02"),
    ],
)
def test_dates_in_every_form(text: str, day: str) -> None:
    assert [d.day for d in dates.find(plain(text))] == [dt.date.fromisoformat(day)]


@pytest.mark.parametrize("text", ["2022年5月", "5月6日", "2022年5月23日—29日", "2022年5月30日至6月5日", "第12期"])
def test_less_or_more_than_a_day_is_no_date(text: str) -> None:
    assert dates.find(plain(text)) == []


def test_a_day_no_calendar_has_is_found_without_a_value() -> None:
    assert [d.day for d in dates.find("2022年2月30日")] == [None]


@pytest.mark.parametrize(
    ("text", "year", "number", "total"),
    [
        ("（2022年第1期 总第20期）", 2022, 1, 20),
        ("第十二期", None, 12, None),
        ("（总第四十七期）", None, None, 47),
        ("〔2024〕第2期（总第88期）", 2024, 2, 88),
        ("〔2022〕3号", 2022, 3, None),
        ("2023年增刊第3期", 2023, 3, None),
        ("专刊第2期", None, 2, None),
        ("增刊（第2期）", None, 2, None),
        ("第１期（总第５７７期）", None, 1, 577),
        ("2021年第5、6期（合刊）", 2021, 5, None),
        ("2025年 第42期（总第1268期）", 2025, 42, 1268),
        ("第12期（总112期）", None, 12, 112),
        ("二〇二三年第二十八期", 2023, 28, None),
    ],
)
def test_issue_lines(text: str, year: int | None, number: int | None, total: int | None) -> None:
    line = issue_line.read(text)
    assert line is not None
    assert (line.year, line.number, line.total, line.name) == (year, number, total, "")


@pytest.mark.parametrize(
    "text",
    ["蕉岭县举办第3期培训班", "2022年5月18日", "3号楼完工", "第二届运动会", "改造第1期工程顺利完工并交付使用", "第7页"],
)
def test_a_number_inside_other_words_is_no_issue_line(text: str) -> None:
    assert not issue_line.is_issue_line(text)


def test_items_are_split_outside_brackets_and_kept_raw() -> None:
    assert lists.items("正勇、王晖、陈亮，钟优同志。") == ["正勇", "王晖", "陈亮", "钟优同志"]
    assert lists.items("各县（市、区）人民政府;本办：各股室") == ["各县（市、区）人民政府", "本办：各股室"]


@pytest.mark.parametrize("label", ["报", "报送", "上报", "抄报", "呈报", "呈送"])
def test_report_labels(label: str) -> None:
    assert lists.split_labels(f"{label}：市委") == [(ListKind.REPORT, "市委")]


@pytest.mark.parametrize("label", ["发", "发送", "主送", "送", "分送", "印送"])
def test_send_labels(label: str) -> None:
    assert lists.split_labels(f"{label}：市委") == [(ListKind.SEND, "市委")]


@pytest.mark.parametrize("label", ["抄送", "抄发", "抄　送"])
def test_copy_labels(label: str) -> None:
    assert lists.split_labels(f"{label}：市委") == [(ListKind.COPY, "市委")]


@pytest.mark.parametrize(
    ("text", "rest", "names"),
    [
        ("各镇人民政府（不发湖寮镇）", "各镇人民政府", ["湖寮镇"]),
        ("各镇（湖寮镇、三河镇除外）", "各镇", ["湖寮镇", "三河镇"]),
        ("除梅江区、梅县区外的各县（市、区）人民政府", "各县（市、区）人民政府", ["梅江区", "梅县区"]),
        ("各镇（除湖寮镇和三河镇外）", "各镇", ["湖寮镇", "三河镇"]),
        ("各镇人民政府，湖寮镇不发", "各镇人民政府", ["湖寮镇"]),
        ("市扫黑除恶办、驻外机构", "市扫黑除恶办、驻外机构", []),
    ],
)
def test_exclusions_in_every_wording(text: str, rest: str, names: list[str]) -> None:
    assert exclusions.take_out(text) == (rest, names)


def test_wrapped_text_shows_its_wall() -> None:
    paragraphs = [
        "今年以来，全县把农村公路养护交给沿线村民，设立公益性护路岗位一百四十六个，每人负责两公里，样样有人管。"
    ] * 6
    rows = [p[i : i + 20] for p in paragraphs for i in range(0, len(p), 20)]
    assert txt.wrap_width(rows) == 40
    assert txt.wrap_width(paragraphs) == 0


def test_printed_undoes_line_ends_between_chinese_characters_only() -> None:
    assert printed("老旧\n小区\u200b改造") == "老旧小区改造"
    assert printed("PM 2.5\nindex") == "PM 2.5 index"


def test_a_table_that_frames_the_bulletin_is_no_data() -> None:
    assert is_data([["镇名", "里程"], ["大柘镇", "42"]])
    assert not is_data([["报送", "市委"], ["抄送", "市府办"]])
    assert not is_data([["某简报", "第3期"], ["某局", "2022年3月1日"]])
