"""The preview: every payload of the vectors as a phone shows it, and anything at all without harm."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox import PREVIEW_CSS, render_html
from bot.sandbox.exchange import words
from bot.sandbox.platforms import PLATFORMS
from bot.sandbox.preview import excerpt

EVIL = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"
ALLOWED_TAGS = words(
    "div p span a strong b em del code pre blockquote ul li hr br table tr th td dl dt dd i img svg font"
)
ALLOWED_ATTRIBUTES = words("class href rel target src alt loading referrerpolicy viewbox aria-hidden color")


CHANNELS = [*PLATFORMS, "teams", "slack"]


class Sieve(HTMLParser):
    """Fails on a tag or attribute the preview never writes."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED_TAGS, tag
        for name, value in attrs:
            assert name in ALLOWED_ATTRIBUTES, name
            if name == "href":
                assert re.match(r"https?://", value or ""), value
            if name == "src":
                assert re.match(r"https?://|data:image/(png|jpeg);base64,", value or ""), value


def sieve(html: str) -> None:
    html.encode()
    parser = Sieve()
    parser.feed(html)
    parser.close()


def everything(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in everything(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in everything(inner)]
    return [value] if isinstance(value, str) else []


def plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_valid_payload_has_a_picture(channel: str, vectors: Any, subtests: pytest.Subtests) -> None:
    for row in vectors[channel]["valid_payloads"]:
        with subtests.test(row["name"]):
            html = render_html(channel, row["payload"])
            name = "plain" if channel in ("lanxin", "welink") else channel
            assert html.startswith(f'<div class="pv pv-{name}">')
            assert "pv-raw" not in html
            assert excerpt(channel, row["payload"])
            sieve(html)


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_invalid_payload_can_be_shown(channel: str, vectors: Any, subtests: pytest.Subtests) -> None:
    for row in vectors[channel]["invalid_payloads"]:
        with subtests.test(row["name"]):
            sieve(render_html(channel, row["payload"]))
            excerpt(channel, row["payload"])


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_hostile_text_in_every_place_stays_text(channel: str, vectors: Any, subtests: pytest.Subtests) -> None:
    def poison(value: object, name: str = "") -> object:
        if isinstance(value, dict):
            return {key: poison(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [poison(inner, name) for inner in value]
        kinds = ("msgtype", "msg_type", "msgType", "messageType", "tag", "card_type", "schema")
        return value + EVIL if isinstance(value, str) and name not in kinds else value

    for row in vectors[channel]["valid_payloads"]:
        with subtests.test(row["name"]):
            html = render_html(channel, poison(row["payload"]))
            sieve(html)
            assert "<script" not in html
            assert "<img src=x" not in html


def test_a_text_notice_shows_what_the_card_says(vectors: Any) -> None:
    rows = vectors["wecom"]["valid_payloads"]
    card = next(row["payload"] for row in rows if row["name"] == "template_card text_notice")
    shown = plain(render_html("wecom", card))
    for text in (
        "云岭市乡村振兴局",
        "青溪县：党建引领盘活闲置农房",
        "312套",
        "期号",
        "第18期",
        "点击查看",
        "查看本期全文",
    ):
        assert text in shown


def test_a_card_is_cut_where_the_client_cuts_it() -> None:
    card = {"card_type": "text_notice", "main_title": {"title": "长" * 27}, "sub_title_text": "文" * 113}
    shown = plain(render_html("wecom", {"msgtype": "template_card", "template_card": card}))
    assert "长" * 26 + "…" in shown
    assert "文" * 112 + "…" in shown


def test_wecom_markdown_shows_a_table_raw_and_v2_draws_it() -> None:
    content = {"content": "|甲|乙|\n|-|-|\n|1|2|"}
    assert "|甲|乙|" in render_html("wecom", {"msgtype": "markdown", "markdown": content})
    assert "<th>甲</th>" in render_html("wecom", {"msgtype": "markdown_v2", "markdown_v2": content})


def test_a_single_button_hides_the_others_and_two_may_stand_side_by_side() -> None:
    buttons = [{"title": "阅读", "actionURL": "https://a.cn"}, {"title": "签收", "actionURL": "https://a.cn"}]
    card: dict[str, Any] = {"title": "t", "text": "x", "btns": buttons, "btnOrientation": "1"}
    both = render_html("dingtalk", {"msgtype": "actionCard", "actionCard": card})
    assert "pv-beside" in both
    assert "签收" in both
    single = {**card, "singleTitle": "全文", "singleURL": "https://a.cn"}
    html = render_html("dingtalk", {"msgtype": "actionCard", "actionCard": single})
    assert "全文" in html
    assert "签收" not in html


def test_feishu_1_shows_headings_raw_and_2_renders_them() -> None:
    element = {"tag": "markdown", "content": "# 标题"}
    one = render_html("feishu", {"msg_type": "interactive", "card": {"elements": [element]}})
    two = render_html("feishu", {"msg_type": "interactive", "card": {"schema": "2.0", "body": {"elements": [element]}}})
    assert "# 标题" in one
    assert '<p class="pv-h pv-h1">标题</p>' in two


def test_an_excerpt_is_plain_words() -> None:
    said = '\n<font color="warning">【更正】</font>[全文](https://a.cn) **粗**\n后文'
    assert excerpt("wecom", {"msgtype": "markdown", "markdown": {"content": said}}) == "【更正】全文 粗"
    assert excerpt("dingtalk", {"msgtype": "markdown", "markdown": {"text": "#### 标题"}}) == "标题"


def test_slack_markup_is_slacks_own() -> None:
    said = "*粗* _斜_ ~删~ `码` <https://a.cn|全文> <!here> 2*3*4 &lt;b&gt; **双** <javascript:x|y> https://b.cn/?x=1&amp;y=2"
    block = {"type": "section", "text": {"type": "mrkdwn", "text": said}}
    html = render_html("slack", {"text": "简报", "blocks": [block]})
    for shown in ("<strong>粗</strong>", "<em>斜</em>", "<del>删</del>", "<code>码</code>", ">全文</a>", "@here"):
        assert shown in html
    for shown in ("2*3*4", "&lt;b&gt;", "**双**", "&lt;javascript:x|y&gt;", 'href="https://b.cn/?x=1&amp;y=2"'):
        assert shown in html


def test_teams_text_without_wrap_is_one_line() -> None:
    def card(**block: object) -> str:
        content = {"type": "AdaptiveCard", "body": [{"type": "TextBlock", "text": "**标题**\n# 原样", **block}]}
        return render_html("teams", {"attachments": [{"content": content}]})

    assert "pv-one-line" in card()
    assert "pv-one-line" not in card(wrap=True)
    assert "<strong>标题</strong>" in card()
    assert "# 原样" in card()


def test_teams_slants_words_between_low_lines_and_wecom_does_not() -> None:
    content = {"type": "AdaptiveCard", "body": [{"type": "TextBlock", "text": "_全文见链接_ a_b_c", "wrap": True}]}
    html = render_html("teams", {"attachments": [{"content": content}]})
    assert "<em>全文见链接</em> a_b_c" in html
    assert "_斜_" in render_html("wecom", {"msgtype": "markdown", "markdown": {"content": "_斜_"}})


def test_a_picture_is_made_anew_from_its_bytes(vectors: Any) -> None:
    png = vectors["wecom"]["image_md5_vectors"][0]["png_base64"]
    assert f"data:image/png;base64,{png}" in render_html("wecom", {"msgtype": "image", "image": {"base64": png}})
    svg = "PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+"
    assert "data:" not in render_html("wecom", {"msgtype": "image", "image": {"base64": svg}})


def test_an_unknown_channel_or_type_is_shown_as_it_is() -> None:
    assert "pv-raw" in render_html("teams", {"type": "message"})
    assert "pv-raw" in render_html("webhook", {"type": "bulletin.published"})
    assert "&#34;msgtype&#34;: &#34;hologram&#34;" in render_html("wecom", {"msgtype": "hologram"})
    odds: list[object] = [None, [], "text", 5]
    for odd in odds:
        assert "pv-raw" in render_html("dingtalk", odd)


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert "a?" in render_html("wecom", {"msgtype": "text", "text": {"content": "a\ud83d"}})


NAMES = words(
    "msgtype msg_type msgType messageType msgData content text title card elements tag markdown url btns news articles "
    "links template_card card_type main_title horizontal_content_list schema body columns header post zh_cn at type "
    "attachments blocks facts mentioned_list isAtAll atMobiles actionCard feedCard behaviors actions fields image "
    "base64 desc_color source"
)
VALUES = words(
    "text markdown markdown_v2 news template_card text_notice news_notice interactive post actionCard feedCard 2.0 "
    "image column_set table div note button AdaptiveCard TextBlock FactSet Container header section context actions"
)
PAYLOADS = st.recursive(
    st.none() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(sorted(VALUES)) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(NAMES)), inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=400, deadline=None)
@given(channel=st.sampled_from(CHANNELS), payload=PAYLOADS)
def test_any_payload_can_be_shown(channel: str, payload: object) -> None:
    sieve(render_html(channel, payload))
    excerpt(channel, payload)


def test_every_rule_of_the_style_sheet_is_below_pv() -> None:
    css = re.sub(r"/\*.*?\*/", "", PREVIEW_CSS.read_text(encoding="utf-8"), flags=re.S)
    for selectors in re.findall(r"([^{}]+)\{", css):
        for selector in selectors.split(","):
            assert selector.strip().startswith(".pv"), selector


def test_a_news_card_shows_what_it_quotes() -> None:
    card = {
        "card_type": "news_notice",
        "main_title": {"title": "简报"},
        "card_image": {"url": "https://a.example/c.png", "aspect_ratio": 2.25},
        "quote_area": {"type": 0, "title": "更正", "quote_text": "第1篇有更正。"},
        "vertical_content_list": [{"title": "第1篇", "desc": "标题"}],
        "card_action": {"type": 1, "url": "https://a.example"},
    }
    shown = plain(render_html("wecom", {"msgtype": "template_card", "template_card": card}))
    assert re.sub(r"\s+", " ", shown).index("更正第1篇有更正。") < shown.index("标题")


@pytest.mark.parametrize(
    ("channel", "payload", "called"),
    [
        ("dingtalk", {"msgtype": "text", "text": {"content": "简报"}, "at": {"atUserIds": ["m1"]}}, ["@m1"]),
        ("dingtalk", {"msgtype": "text", "text": {"content": "简报 @m1"}, "at": {"atUserIds": ["m1"]}}, ["@m1"]),
        ("dingtalk", {"msgtype": "markdown", "markdown": {"text": "@m1 @m2"}, "at": {"atMobiles": ["m1"]}}, ["@m1"]),
        ("dingtalk", {"msgtype": "text", "text": {"content": "简报"}, "at": {"isAtAll": True}}, ["@所有人"]),
        (
            "welink",
            {"content": {"text": "简报"}, "isAt": True, "isAtAll": True, "atAccounts": ["a"]},
            ["@所有人", "@a"],
        ),
        ("welink", {"content": {"text": "简报"}, "isAt": False, "atAccounts": ["a"]}, []),
        ("slack", {"text": "简报 <@U024BE7LH> <!channel>"}, ["@U024BE7LH", "@channel"]),
        ("wecom", {"msgtype": "markdown", "markdown": {"content": "简报 <@zhang>"}}, ["@zhang"]),
        ("wecom", {"msgtype": "markdown_v2", "markdown_v2": {"content": "简报 <@zhang>"}}, []),
    ],
)
def test_whoever_is_called_stands_out(channel: str, payload: dict[str, Any], called: list[str]) -> None:
    html = render_html(channel, payload)
    assert re.findall(r'<span class="pv-at">([^<]*)</span>', html) == called
    sieve(html)
