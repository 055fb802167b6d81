"""Any issue, any channel, any style: within the limit, every title there, nothing smuggled in, always the same.

`JIANBAO_EXAMPLES=5000` runs that many issues a channel; without it a sample that keeps the suite quick.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.cards import make_card
from bot.channels import CHANNELS
from bot.domain.card import Card, CardKind, Message
from bot.domain.directory import NOBODY
from bot.domain.issue import Article, Issue, IssueNumber, ListKind

from . import sandboxed
from .facts import FACTS
from .samples import CALLED, LINK, PICTURES, SIGN_LINK, WORDING

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("JIANBAO_EXAMPLES", "40"))
SETTINGS = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)

HOSTILE = (
    *("[点我](https://evil.example)", "![图](https://evil.example/a.png)", "<https://evil.example|看>", "<a href='x'>"),
    *("<at id=all></at>", '<at user_id="all">所有人</at>', "<@zhangsan>", "<!channel>", "@all", "@所有人"),
    *('<font color="warning">', "**粗**", "__下划线__", "~~删~~", "```\ncode\n```", "\\*", "&lt;@all&gt;"),
    *("# 标题", "> 引用", "- 列表", "| a | b |", "{{ card.link }}", "{% raw %}", "%(x)s", "${x}"),
    *("{{DATE(2026-07-29T01:00:00Z, SHORT)}}", ":tada:", "12:30:45"),
    *("\u202e倒序\u202c", "零\u200b宽", "\ufeff", "\x00", "\r\n", "\u2028", "e\u0301", "\U00020bb7"),
    *("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd", "\U0001f1e8\U0001f1f3" * 2),
    *("“引号”", '"', "'", "\\", "/", "3#楼", "（一）", "A&B", "5～10月", "《意见》"),
)
CHINESE = st.text("关于推进城镇老旧小区改造工作情况的通报和乡村振兴简报，：、—0123456789", min_size=1)
ANY = st.text(st.characters(codec="utf-8"), min_size=1)
PIECE = st.one_of(st.sampled_from(HOSTILE), CHINESE, ANY)
LINE = st.lists(PIECE, min_size=1, max_size=6).map("".join)
LONGEST_TITLE, ALL_TITLES = 6_000, 30_000
"""In characters: several times what any message holds. More would only be more parts of the same kind."""
TITLE = st.one_of(LINE, st.builds(lambda text, times: (text * times)[:LONGEST_TITLE], LINE, st.integers(1, 300)))
SENTENCE = LINE.map(lambda text: text + "。")
BODY = st.one_of(
    st.lists(st.lists(SENTENCE, max_size=5).map("".join), max_size=4),
    st.builds(lambda text, times: [text * times], SENTENCE, st.integers(1, 300)),
)
VISIBLE_TITLE = TITLE.filter(lambda text: bool(seen(text)))
ARTICLE = st.builds(lambda title, body: Article(title, tuple(body)), VISIBLE_TITLE, BODY)
ARTICLES = st.one_of(
    st.lists(ARTICLE, min_size=1, max_size=6),
    st.builds(lambda one, count: [one] * min(count, 1 + ALL_TITLES // len(one.title)), ARTICLE, st.integers(1, 60)),
    st.builds(lambda title: [Article(title, ("全市上下真抓实干。" * 22_223,))], VISIBLE_TITLE),
)


@st.composite
def cards(draw: st.DrawFn) -> Card:
    issue = Issue(
        masthead=draw(LINE),
        issue=IssueNumber(label=draw(st.one_of(st.just(""), LINE))),
        issuer=tuple(draw(st.lists(LINE, max_size=3))),
        date=draw(st.one_of(st.none(), st.dates(dt.date(1990, 1, 1), dt.date(2050, 1, 1)))),
        articles=tuple(draw(ARTICLES)),
    )
    link = draw(st.sampled_from([None, LINK]))
    return make_card(
        issue,
        kind=draw(st.sampled_from(CardKind)),
        list_kind=draw(st.one_of(st.none(), st.sampled_from(ListKind))),
        link=link,
        sign_link=draw(st.sampled_from([None, SIGN_LINK])) if link else None,
        changes=draw(st.lists(LINE, max_size=4)),
        pictures=draw(st.sampled_from([None, PICTURES])) if link else None,
    )


UNSEEN = "".join(c for c in map(chr, range(0x110000)) if unicodedata.category(c) in ("Cc", "Cf", "Zs", "Zl", "Zp"))
INVISIBLE = re.compile(f"[{re.escape(UNSEEN)}\u034f]+")
FULL_WIDTH = re.compile("[\uff01-\uff5e]")


def seen(text: str) -> str:
    """What a person sees of `text`: full and half width alike, white space and invisible characters gone."""
    return FULL_WIDTH.sub(lambda found: chr(ord(found[0]) - 0xFEE0), INVISIBLE.sub("", text))


def titles_of(name: str, messages: tuple[Message, ...], card: Card) -> list[str]:
    """The titles as shown, pieces of one joined again, found by their numbers at the start of a line."""
    found = [""] * len(card.items)
    number = 0
    for message in messages:
        for line in FACTS[name].texts(message.payload).split("\n"):
            head, dot, rest = re.sub(r"^(\*\*|\*)(.*)\1$", r"\2", line).partition(". ")
            if not dot or not head.isdecimal():
                continue
            if rest.startswith("（接上一部分）") and int(head) == number:
                found[number - 1] += seen(rest.removeprefix("（接上一部分）"))
            elif (
                int(head) == number + 1
                and number < len(found)
                and seen(card.items[number].title).startswith(seen(rest))
            ):
                number += 1
                found[number - 1] = seen(rest)
    return found


@pytest.mark.timeout(max(120, EXAMPLES))
@pytest.mark.parametrize("name", list(CHANNELS))
@given(data=st.data())
@SETTINGS
def test_any_issue_is_shown_right(name: str, data: st.DataObject) -> None:
    card = data.draw(cards())
    style = data.draw(st.sampled_from(sorted(CHANNELS[name].STYLES)))
    mention = data.draw(st.sampled_from([NOBODY, CALLED.get(name, NOBODY)]))
    messages = CHANNELS[name].messages(card, style, WORDING, mention)
    assert messages == CHANNELS[name].messages(card, style, WORDING, mention)
    assert [(m.part, m.parts) for m in messages] == [(n, len(messages)) for n in range(1, len(messages) + 1)]
    for message in messages:
        assert FACTS[name].size(message) <= FACTS[name].most(message.payload)
        if name in sandboxed.JUDGED:
            assert sandboxed.verdict(name, message).accepted
        assert not re.search(r"\\u(?!00[01])", message.body.decode("utf-8").replace("\\\\", ""))
    assert titles_of(name, messages, card) == [seen(item.title) for item in card.items]
    if not FACTS[name].is_data:
        _check_omissions_are_said(name, messages, card)
        _check_nothing_acts(name, messages, called=mention != NOBODY)


def _check_omissions_are_said(name: str, messages: tuple[Message, ...], card: Card) -> None:
    text = "\n".join(FACTS[name].texts(m.payload) for m in messages)
    shown = seen(text)
    whole = all(seen("".join(item.lead)) in shown for item in card.items)
    mark, untrue = ("全文见链接", "全文见原件") if card.link else ("全文见原件", "全文见链接")
    assert untrue not in text or untrue in repr(card)
    if not whole or len(messages) > 1:
        assert all(mark in FACTS[name].texts(m.payload) for m in messages)
        assert all(m.notes for m in messages)


OURS = re.compile(
    r"\[(查看全文|签收)\]\(https://jianbao\.example\.gov\.cn/r/[\w/-]+\)"
    r'|<font color="(info|comment|warning)">|</font>'
    r"|(查看全文|签收)：https://jianbao\.example\.gov\.cn/r/[\w/-]+"
    r"|^[*_]全文见(链接|原件)[*_]$|^#{2,3} |^> ",
    re.MULTILINE,
)
OUR_CALL = re.compile(
    r"\n+( ?(<@zhang\.wei>|<@U024BE7LH>|<!channel>|@manager4220|@13800000001"
    r'|<at (user_id="|id=)(all|ou_\w+)"?></at>))+\Z'
)
"""Whom we call, always at the very end of a first part."""
OUR_BOLD = re.compile(r"^(\*\*|\*)(\d+\. .*|【(更正|催办)】.*|本期.*)\1$", re.MULTILINE)
ACTS = re.compile(r"[<>@\u200b\u202a-\u202e\u2066-\u2069\ufeff\x00]|://|~~|&(#?[A-Za-z0-9]+);")
ACTS_THERE = {"teams": re.compile(r"\{\{"), "slack": re.compile(r"(?<!\d):[\w+'-]{1,100}:")}
ACTS_IN_MARKUP = re.compile(r"[*_`\[\]\\]|^[#|]", re.MULTILINE)


def _check_nothing_acts(name: str, messages: tuple[Message, ...], *, called: bool) -> None:
    for message in messages:
        text = FACTS[name].texts(message.payload)
        if called and message.part == 1:
            text = OUR_CALL.sub("", text)
        text = OURS.sub("", text)
        rest = OUR_BOLD.sub(r"\2", text)
        assert not ACTS.search(rest), ACTS.search(rest)
        assert name not in ACTS_THERE or not ACTS_THERE[name].search(rest), rest
        if rest != text:
            assert not ACTS_IN_MARKUP.search(rest), ACTS_IN_MARKUP.search(rest)
