"""Each style is the message type it stands for, and where it cannot be had the next best, with the reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.cards import TemplateWording
from bot.channels import CHANNELS, objection_to_style
from bot.domain.card import COMMON_STYLES, Card, CardKind, Style
from bot.domain.issue import Article

from . import sandboxed
from .samples import FARMHOUSES, ROOT, SIGN_LINK, WORDING, a_card, many

LONG_TITLE = Article("关于" + "进一步" * 40 + "做好工作的通知", ("正文。",))


def made(channel: str, style: Style, card: Card) -> tuple[str, str | None]:
    """The message type, and the first note."""
    message = CHANNELS[channel].messages(card, style, WORDING)[0]
    kind = str(message.payload.get("msgtype") or message.payload.get("msg_type"))
    kind = message.payload.get("template_card", {}).get("card_type", kind)
    return kind, message.notes[0] if message.notes else None


@pytest.mark.parametrize(
    ("channel", "style", "kind"),
    [
        ("wecom", Style.CARD, "text_notice"),
        ("wecom", Style.NEWS_CARD, "news_notice"),
        ("wecom", Style.NEWS, "news"),
        ("wecom", Style.MARKDOWN, "markdown"),
        ("wecom", Style.MARKDOWN_V2, "markdown_v2"),
        ("wecom", Style.TEXT, "text"),
        ("dingtalk", Style.CARD, "actionCard"),
        ("dingtalk", Style.LINK, "link"),
        ("dingtalk", Style.NEWS, "feedCard"),
        ("dingtalk", Style.MARKDOWN, "markdown"),
        ("dingtalk", Style.TEXT, "text"),
        ("feishu", Style.CARD, "interactive"),
        ("feishu", Style.POST, "post"),
        ("feishu", Style.MARKDOWN, "interactive"),
        ("feishu", Style.TEXT, "text"),
    ],
)
def test_each_style_is_a_message_type(channel: str, style: Style, kind: str) -> None:
    assert made(channel, style, a_card(FARMHOUSES))[0] == kind


@pytest.mark.parametrize(
    ("channel", "style", "card", "kind", "note"),
    [
        ("wecom", Style.NEWS, a_card(link=None), "text", "图文列表改为纯文本：没有阅读链接"),
        ("wecom", Style.NEWS, a_card(*many(7)), "text", "图文列表改为纯文本：标题放不下"),
        ("wecom", Style.NEWS, a_card(LONG_TITLE), "text", "图文列表改为纯文本：标题放不下"),
        ("wecom", Style.NEWS_CARD, a_card(FARMHOUSES, pictures=None), "text_notice", "图文卡片改为卡片：没有封面图"),
        ("wecom", Style.NEWS_CARD, a_card(FARMHOUSES, link=None), "markdown", "图文卡片改为卡片：没有阅读链接"),
        ("wecom", Style.NEWS_CARD, a_card(*many(5)), "markdown", "图文卡片改为卡片：标题放不下"),
        ("dingtalk", Style.LINK, a_card(link=None), "markdown", "链接改为卡片：没有阅读链接"),
        ("dingtalk", Style.LINK, a_card(*many(8)), "actionCard", "链接改为卡片：标题放不下"),
        ("dingtalk", Style.NEWS, a_card(pictures=None), "actionCard", "图文列表改为卡片：没有封面图"),
        ("dingtalk", Style.NEWS, a_card(link=None), "markdown", "图文列表改为卡片：没有阅读链接"),
        ("dingtalk", Style.NEWS, a_card(*many(9)), "actionCard", "图文列表改为卡片：标题放不下"),
    ],
)
def test_what_cannot_be_had_falls_back_with_the_reason(
    channel: str, style: Style, card: Card, kind: str, note: str
) -> None:
    assert made(channel, style, card) == (kind, note)


def test_news_needs_no_picture_on_wecom() -> None:
    assert made("wecom", Style.NEWS, a_card(pictures=None))[0] == "news"


@pytest.mark.parametrize(
    ("channel", "style", "fullest", "kind", "otherwise"),
    [
        # `1. ` before it: 112 characters, 128 bytes, and with list, date and issuer 200 characters.
        ("wecom", Style.CARD, "简" * 109, "text_notice", "markdown"),
        ("wecom", Style.NEWS, "简" * 41 + "ab", "news", "text"),
        ("dingtalk", Style.LINK, "简" * 171, "link", "actionCard"),
        # Below its number: 112 characters.
        ("wecom", Style.NEWS_CARD, "简" * 112, "news_notice", "markdown"),
    ],
)
def test_a_title_fills_its_place_to_the_last_character(
    channel: str, style: Style, fullest: str, kind: str, otherwise: str
) -> None:
    assert made(channel, style, a_card(Article(fullest, ())))[0] == kind
    assert made(channel, style, a_card(Article(fullest + "c", ())))[0] == otherwise


def test_a_row_of_a_news_card_has_26_characters_and_so_has_its_head() -> None:
    def shown(title: str, masthead: str) -> tuple[str, str]:
        card = replace(a_card(Article(title, ())), masthead=masthead)
        template = CHANNELS["wecom"].messages(card, Style.NEWS_CARD, WORDING)[0].payload["template_card"]
        return template["vertical_content_list"][0]["title"], template["main_title"]["title"]

    assert shown("简" * 23, "报" * 26) == ("1. " + "简" * 23, "报" * 26)
    row, head = shown("简" * 24, "报" * 27)
    assert row == "第1篇"
    assert len(head) <= 26
    assert head != "报" * 26


def test_an_own_template_cannot_break_the_limits_of_a_card(tmp_path: Path) -> None:
    own = tmp_path / "wecom" / "issue.card.j2"
    own.parent.mkdir()
    rows = "\n".join(f"- 第{n}行: {'值' * 27}" for n in range(1, 8))
    own.write_text(
        f"source: {'源' * 14}\ntitle: 标题\ndesc: {'述' * 31}\n{rows}\nopen: 查看\nsign: 签收\n", encoding="utf-8"
    )
    wording = TemplateWording([tmp_path, ROOT / "templates"])
    (message,) = CHANNELS["wecom"].messages(a_card(Article("标题", ())), Style.CARD, wording)
    card = message.payload["template_card"]
    assert [row["keyname"] for row in card["horizontal_content_list"]] == [f"第{n}行" for n in range(1, 7)]
    assert {len(row["value"]) for row in card["horizontal_content_list"]} == {26}
    assert (len(card["source"]["desc"]), len(card["main_title"]["desc"])) == (13, 30)
    assert sandboxed.verdict("wecom", message).accepted


def test_a_full_news_list_is_still_one() -> None:
    assert made("wecom", Style.NEWS, a_card(*many(6), sign_link=SIGN_LINK))[0] == "news"
    assert made("dingtalk", Style.NEWS, a_card(*many(8), sign_link=SIGN_LINK))[0] == "feedCard"


def test_the_rows_of_a_news_card_are_titles_and_leads_when_every_title_is_short() -> None:
    short = Article("石门镇清淤41公里", ("石门镇清淤灌渠。",))
    (message,) = CHANNELS["wecom"].messages(a_card(short), Style.NEWS_CARD, WORDING)
    rows = message.payload["template_card"]["vertical_content_list"]
    assert rows == [{"title": "1. 石门镇清淤41公里", "desc": "石门镇清淤灌渠。"}]
    assert "quote_area" not in message.payload["template_card"]
    assert message.notes == ()


def test_a_link_for_one_who_is_to_sign_opens_the_place_for_it() -> None:
    card = a_card(kind=CardKind.REMINDER, sign_link=SIGN_LINK)
    (message,) = CHANNELS["dingtalk"].messages(card, Style.LINK, WORDING)
    assert message.payload["link"]["messageUrl"] == SIGN_LINK


def test_a_style_of_another_vendor_is_refused_and_the_allowed_are_named() -> None:
    assert objection_to_style("feishu", Style.NEWS) == (
        "飞书没有“图文列表”样式，可用：卡片（card）、Markdown（markdown）、纯文本（text）、富文本（post）"
    )
    for name, channel in CHANNELS.items():
        allowed = {style for style in Style if objection_to_style(name, style) is None}
        assert allowed == COMMON_STYLES | channel.STYLES


def test_every_particular_style_is_some_channels() -> None:
    assert set(Style) == {style for channel in CHANNELS.values() for style in channel.STYLES}
