"""Nothing from a document acts, and a person still reads what was written."""

from __future__ import annotations

import pytest

from bot.channels.escaping import MARKDOWN, SLACK, SLACK_TEXT, TEAMS, TEXT, plain

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    ("raw", "harmless"),
    [
        ("[点我](https://evil.example)", "［点我］(https：//evil.example)"),
        ("<@zhangsan> @all", "＜＠zhangsan＞ ＠all"),
        ('<at user_id="all"></at>', '＜at user＿id="all"＞＜/at＞'),
        ('<font color="red">', '＜font color="red"＞'),
        ("**粗**_斜_`码`", "＊＊粗＊＊＿斜＿｀码｀"),
        ("# 标题 #2", "＃ 标题 #2"),
        ("- 项", "－ 项"),
        ("&lt;@all&gt; A&B", "＆lt;＠all＆gt; A&B"),
        ("~~删~~ 3~5", "～～删～～ 3~5"),
        ("a\r\n# b\u2028c", "a # b c"),
        ("零\u200b宽\ufeff倒\u202e序\x00", "零宽倒序"),
        ("\ud800", "\ufffd"),
    ],
)
def test_markup_is_disarmed(raw: str, harmless: str) -> None:
    assert MARKDOWN(raw) == harmless


@pytest.mark.parametrize(
    "title",
    [
        "梅江区江南街道老旧小区改造案例获评“中国基层领导力典型案例征集”优秀案例",
        "关于印发《办法（试行）》的通知——2022年第1期",
        "3#楼、5-6月、A&B、100%、+8%、(一)",
        "党建引领　全角空格",
        FAMILY,
    ],
)
def test_ordinary_titles_pass_unchanged(title: str) -> None:
    assert MARKDOWN(title) == TEXT(title) == title


def test_plain_text_keeps_markup_that_means_nothing_there() -> None:
    assert TEXT("[a](b) *c* <at id=all>") == "[a](b) *c* ＜at id=all＞"


def test_a_date_function_of_an_adaptive_card_stays_text() -> None:
    assert TEAMS("{{DATE(2026-07-29T01:00:00Z)}} {一}") == "｛{DATE(2026-07-29T01:00:00Z)}} {一}"
    assert TEAMS("**粗**") == MARKDOWN("**粗**")


def test_a_code_for_a_picture_stays_text_in_slack_and_a_time_stays_a_time() -> None:
    for escape in (SLACK, SLACK_TEXT):
        assert escape(":tada: 完成:100: 12:30:45 08:30—09:00") == "：tada: 完成：100: 12:30:45 08:30—09:00"


def test_a_joiner_stays_only_inside_an_emoji() -> None:
    assert plain(f"{FAMILY}a\u200db\u200d") == f"{FAMILY}ab"


@pytest.mark.timeout(3)
@pytest.mark.parametrize("piece", [" ", "\n", "&", "\u200d", "\u2600\u200d", "~", "://", "{", ":", ":a"])
def test_no_text_is_slow_to_disarm(piece: str) -> None:
    for escape in (TEAMS, SLACK):
        escape(piece * 300_000)
