"""What every channel must do, whatever its vendor: one suite over all of them."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from bot.channels import CHANNELS
from bot.channels.http_status import Outcome
from bot.domain.card import CardKind, Style
from bot.domain.channel import Channel
from bot.domain.delivery import OutcomeClass, Reason, Replied
from bot.domain.issue import Article

from . import paper, sandboxed
from .facts import FACTS as OWN_FACTS
from .facts import Facts, answer
from .samples import LINK, SIGN_LINK, WORDING, a_card

SUITE: dict[str, Channel] = {**CHANNELS, paper.NAME: paper}
"""Every channel, and one the product has never heard of."""

FACTS: dict[str, Facts] = {
    **OWN_FACTS,
    paper.NAME: Facts(
        ok=answer({"done": 0}),
        coded=lambda code: answer({"done": code}),
        texts=lambda payload: str(payload["telex"]),
        size=lambda message: len(message.payload["telex"]),
        most=lambda _: 600,
        url="https://telex.example.com/telex?line=3",
    ),
}

AT = dt.datetime(2026, 7, 29, 9, tzinfo=dt.UTC)
JSON_SPEAKERS = [name for name, facts in FACTS.items() if facts.speaks_json]
STYLED = [(name, style) for name, module in SUITE.items() for style in sorted(module.STYLES)]
FOR_PEOPLE = [(name, style) for name, style in STYLED if not FACTS[name].is_data]


def outcomes(channel: Channel) -> dict[int | str, Outcome]:
    return dict(channel.OUTCOMES)  # type: ignore[attr-defined]  # each module's own table, not part of the Protocol


@pytest.fixture(params=list(SUITE))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def channel(name: str) -> Channel:
    return SUITE[name]


@pytest.fixture
def facts(name: str) -> Facts:
    return FACTS[name]


def test_the_channel_says_who_it_is(channel: Channel) -> None:
    assert SUITE[channel.NAME] is channel
    assert channel.CHINESE
    assert channel.PACE.per_window >= 1
    assert channel.STYLES


def test_its_own_webhook_is_recognised_and_no_other_vendors(channel: Channel, facts: Facts) -> None:
    assert channel.recognises(facts.url)
    if channel.HOSTS:
        others = [f.url for f in FACTS.values() if f.url != facts.url]
        assert not any(channel.recognises(url) for url in others)


@pytest.mark.parametrize("spoil", ["{} ", " {}", "{}\n", "ftp://example.com/", "", "not a url", "https://[bad"])
def test_a_spoiled_url_is_not_recognised(channel: Channel, facts: Facts, spoil: str) -> None:
    assert not channel.recognises(spoil.format(facts.url))


def test_only_its_success_is_accepted(channel: Channel, facts: Facts) -> None:
    verdict = channel.read_reply(facts.ok, AT)
    assert (verdict.outcome, verdict.reason) == (OutcomeClass.OK, Reason.ACCEPTED)


def test_every_row_of_its_table_is_read_as_it_stands(channel: Channel, facts: Facts) -> None:
    for code, row in outcomes(channel).items():
        verdict = channel.read_reply(facts.coded(code), AT)
        assert (verdict.outcome, verdict.reason, verdict.wait_s) == (row.outcome, row.reason, row.wait_s), code
        assert verdict.outcome is not OutcomeClass.OK


def test_an_unknown_code_is_unknown(channel: Channel, facts: Facts) -> None:
    verdict = channel.read_reply(facts.coded(facts.unknown_code), AT)
    assert verdict.outcome in (OutcomeClass.UNKNOWN, OutcomeClass.PERMANENT_CONFIG, OutcomeClass.PERMANENT_CONTENT)
    if facts.speaks_json:
        assert (verdict.outcome, verdict.reason) == (OutcomeClass.UNKNOWN, Reason.UNKNOWN_CODE)


NO_VERDICT = [b"", b"null", b"[]", b"0", b'"ok"', b"true", b"{}", b"<html>login</html>", b'{"errcode":0,"err', b"\xff"]


@pytest.mark.parametrize("name", JSON_SPEAKERS)
@pytest.mark.parametrize("body", [*NO_VERDICT, b"[" * 100_000, '{"errcode":0}'.encode("utf-16")])
def test_a_body_without_a_verdict_is_never_success(channel: Channel, body: bytes) -> None:
    verdict = channel.read_reply(Replied(200, {}, body), AT)
    assert verdict.outcome is OutcomeClass.UNKNOWN
    assert verdict.reason in (Reason.NOT_JSON, Reason.NO_CODE)


@pytest.mark.parametrize("name", JSON_SPEAKERS)
def test_a_byte_order_mark_is_tolerated(channel: Channel, facts: Facts) -> None:
    marked = Replied(200, {}, b"\xef\xbb\xbf" + facts.ok.body)
    assert channel.read_reply(marked, AT).outcome is OutcomeClass.OK


@pytest.mark.parametrize("name", JSON_SPEAKERS)
def test_a_code_may_be_a_string_but_never_a_bool_or_a_float(channel: Channel, facts: Facts) -> None:
    field = next(iter(json.loads(facts.ok.body)))
    body = {**json.loads(facts.ok.body), field: "0"}
    assert channel.read_reply(Replied(200, {}, json.dumps(body).encode()), AT).outcome is OutcomeClass.OK
    wrongs: tuple[object, ...] = (False, True, 0.0, None, "", " 0", "00", "-0", [], {})
    for wrong in wrongs:
        body[field] = wrong
        verdict = channel.read_reply(Replied(200, {}, json.dumps(body).encode()), AT)
        assert (verdict.outcome, verdict.reason) == (OutcomeClass.UNKNOWN, Reason.NO_CODE), wrong


@pytest.mark.parametrize("status", [400, 404, 429, 500, 502, 504])
def test_success_under_a_failing_status_is_not_success(channel: Channel, facts: Facts, status: int) -> None:
    verdict = channel.read_reply(Replied(status, {}, facts.ok.body), AT)
    assert verdict.outcome is not OutcomeClass.OK
    if facts.speaks_json:
        assert (verdict.outcome, verdict.reason) == (OutcomeClass.UNKNOWN, Reason.CODE_CONTRADICTS_STATUS)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_refusal_whatever_it_says(channel: Channel, facts: Facts, status: int) -> None:
    verdict = channel.read_reply(Replied(status, {"Location": "https://elsewhere.example"}, facts.ok.body), AT)
    assert (verdict.outcome, verdict.reason) == (OutcomeClass.PERMANENT_CONFIG, Reason.REDIRECTED)


def test_retry_after_is_honoured_in_seconds_and_as_a_date(channel: Channel) -> None:
    for header in ("120", "Wed, 29 Jul 2026 09:02:00 GMT"):
        verdict = channel.read_reply(Replied(429, {"retry-after": header}, b""), AT)
        assert (verdict.outcome, verdict.wait_s) == (OutcomeClass.RETRY_LATER, 120.0)


def test_the_receipt_keeps_the_status(channel: Channel, facts: Facts) -> None:
    assert channel.read_reply(facts.ok, AT).http_status == facts.ok.status
    assert channel.read_reply(Replied(502, {}, b"<html>"), AT).http_status == 502


@pytest.mark.parametrize(("name", "style"), STYLED)
@pytest.mark.slow
def test_the_limit_is_met_and_never_passed(channel: Channel, facts: Facts, style: Style) -> None:
    """One title grows by a character at a time across the edge where one message becomes two."""
    for letter in ("简", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "e\u0301", '"', "<"):
        low, high = 1, 30_000 // len(letter.encode())
        while high - low > 1:
            middle = (low + high) // 2
            grown = channel.messages(a_card(Article(letter * middle)), style, WORDING)
            low, high = (middle, high) if len(grown) == 1 else (low, middle)
        for count in (low, high):
            messages = channel.messages(a_card(Article(letter * count)), style, WORDING)
            assert len(messages) == (1 if count == low else 2)
            assert all(facts.size(m) <= facts.most(m.payload) for m in messages)
            assert "".join(facts.texts(m.payload) for m in messages).count("\ufffd") == 0
        fullest = channel.messages(a_card(Article(letter * low)), style, WORDING)[0]
        assert facts.most(fullest.payload) - facts.size(fullest) < 80
        if channel.NAME in sandboxed.JUDGED:
            assert sandboxed.verdict(channel.NAME, fullest).accepted


@pytest.mark.parametrize(("name", "style"), FOR_PEOPLE)
def test_a_card_shows_what_a_recipient_needs(channel: Channel, facts: Facts, style: Style) -> None:
    for kind in CardKind:
        card = a_card(kind=kind, sign_link=SIGN_LINK, changes=("第1篇有更正。",))
        body = channel.messages(card, style, WORDING)[0].body.decode()
        needed = [card.masthead, card.label, "2026年7月29日", "发送", LINK, SIGN_LINK, *(i.title for i in card.items)]
        assert all(text in body for text in needed)
        for word, told in (
            ("更正", CardKind.CORRECTION),
            ("催办", CardKind.REMINDER),
            ("第1篇有更正", CardKind.CORRECTION),
        ):
            assert (word in body) == (kind is told)


@pytest.mark.parametrize(("name", "style"), STYLED)
def test_without_a_link_nothing_points_anywhere(channel: Channel, facts: Facts, style: Style) -> None:
    (message,) = channel.messages(a_card(link=None), style, WORDING)
    body = message.body.decode()
    assert "查看全文" not in body
    assert "全文见链接" not in body
    assert "签收" not in body


@pytest.mark.parametrize(("name", "style"), STYLED)
def test_a_template_may_not_be_left_half_filled(channel: Channel, style: Style) -> None:
    body = channel.messages(a_card(), style, WORDING)[0].body.decode()
    assert "{{" not in body
    assert "None" not in body


@pytest.mark.parametrize("style", Style)
def test_any_style_may_be_asked_for(channel: Channel, style: Style) -> None:
    assert len(channel.messages(a_card(), style, WORDING)) == 1
