"""Reading replies: the parts all channels share, and the text that is kept of them."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from bot.channels import dingtalk, feishu, wecom
from bot.channels.http_status import MAX_RETRY_AFTER_S, by_status, retry_after_s
from bot.channels.reply import MAX_MESSAGE_CHARS, clean_message
from bot.domain.delivery import OutcomeClass, Reason, Replied, Verdict

AT = dt.datetime(2026, 7, 29, 9, tzinfo=dt.UTC)
OK, LATER, UNKNOWN = OutcomeClass.OK, OutcomeClass.RETRY_LATER, OutcomeClass.UNKNOWN
CONFIG, CONTENT = OutcomeClass.PERMANENT_CONFIG, OutcomeClass.PERMANENT_CONTENT


def body(**fields: object) -> Replied:
    return Replied(200, {}, json.dumps(fields, ensure_ascii=False).encode())


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        *((s, CONTENT, Reason.BAD_PARAMETER) for s in (400, 405, 415, 422)),
        *((s, CONFIG, Reason.HTTP_REFUSED) for s in (401, 403, 404, 407, 410)),
        *((s, CONFIG, Reason.REDIRECTED) for s in (300, 301, 302, 303, 304, 307, 308)),
        *((s, LATER, Reason.SERVER_ERROR) for s in (500, 502, 503)),
        *((s, LATER, Reason.BUSY) for s in (408, 425)),
        (429, LATER, Reason.RATE_LIMITED),
        (413, CONTENT, Reason.TOO_LONG),
        (504, UNKNOWN, Reason.GATEWAY_TIMEOUT),
        *((s, UNKNOWN, Reason.NOT_JSON) for s in (200, 202, 204, 206, 418, 451, 501, 520, 524)),
    ],
)
def test_the_status_decides_when_the_body_does_not(status: int, outcome: OutcomeClass, reason: Reason) -> None:
    assert by_status(Replied(status, {}, b""), AT, otherwise=Reason.NOT_JSON) == Verdict(outcome, reason, status)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("-5", 0.0),
        ("soon", 0.0),
        ("", 0.0),
        ("999999999999", MAX_RETRY_AFTER_S),
        ("Wed, 29 Jul 2026 09:00:30 GMT", 30.0),
        ("Wed, 29 Jul 2026 17:00:30 +0800", 30.0),
        ("Wed, 29 Jul 2026 09:00:30 -0000", 30.0),
        ("Wed, 29 Jul 2026 08:00:00 GMT", 0.0),
        ("Wed, 99 Jul 2026 08:00:00 GMT", 0.0),
    ],
)
def test_retry_after(header: str, seconds: float) -> None:
    assert retry_after_s({"RETRY-after": header}, AT) == seconds


def test_the_longer_of_cool_down_and_retry_after_counts() -> None:
    reply = Replied(429, {"Retry-After": "5"}, b'{"errcode":45009,"errmsg":"freq"}')
    assert wecom.read_reply(reply, AT).wait_s == 60
    assert wecom.read_reply(Replied(429, {"Retry-After": "90"}, reply.body), AT).wait_s == 90


def test_a_permanent_refusal_asks_for_no_wait() -> None:
    assert wecom.read_reply(Replied(404, {"Retry-After": "90"}, b""), AT).wait_s == 0


@pytest.mark.parametrize("said", ["Warning: wrong json format.", "OK", "", None])
def test_wecom_zero_with_any_other_text_is_not_a_delivery(said: str | None) -> None:
    verdict = wecom.read_reply(body(errcode=0, errmsg=said), AT)
    assert (verdict.outcome, verdict.reason) == (UNKNOWN, Reason.ACCEPTED_WITH_WARNING)


def test_wecom_length_hides_behind_other_codes() -> None:
    for code in (40058, 93000):
        verdict = wecom.read_reply(body(errcode=code, errmsg="markdown.content exceed max length 4096."), AT)
        assert (verdict.outcome, verdict.reason) == (CONTENT, Reason.TOO_LONG)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("keywords not in content", Reason.KEYWORD_MISSING),
        ("description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词;link:请参考;", Reason.KEYWORD_MISSING),
        ("sign not match", Reason.BAD_SIGNATURE),
        ("description:签名不匹配;solution:请检查", Reason.BAD_SIGNATURE),
        ("invalid timestamp", Reason.BAD_SIGNATURE),
        ("ip 203.0.113.7 not in whitelist", Reason.IP_NOT_ALLOWED),
        ("description:ip不在白名单", Reason.IP_NOT_ALLOWED),
        ("something new", Reason.NOT_PERMITTED),
    ],
)
def test_dingtalk_tells_its_security_checks_apart_by_text(text: str, reason: Reason) -> None:
    verdict = dingtalk.read_reply(body(errcode=310000, errmsg=text), AT)
    assert (verdict.outcome, verdict.reason) == (CONFIG, reason)


@pytest.mark.parametrize(
    "page", [b'{"status":1111,"wait":5,"source":"x5","punish":"deny"}', b'<p>{"punish" : "deny"}</p>']
)
def test_dingtalk_bans_a_whole_address_without_a_code(page: bytes) -> None:
    verdict = dingtalk.read_reply(Replied(200, {}, page), AT)
    assert (verdict.outcome, verdict.reason, verdict.wait_s) == (LATER, Reason.RATE_LIMITED, 300)


def test_feishu_code_wins_over_the_old_status_code() -> None:
    assert feishu.read_reply(body(StatusCode=0, StatusMessage="success", code=9499, msg="Bad"), AT).outcome is CONTENT
    assert feishu.read_reply(body(StatusCode=0, code=None), AT).reason is Reason.NO_CODE
    assert feishu.read_reply(body(StatusCode=0, StatusMessage="success"), AT).outcome is OK
    assert feishu.read_reply(body(StatusCode=19001, StatusMessage="x"), AT).outcome is CONFIG


def test_feishu_throttling_hides_behind_a_bad_request() -> None:
    verdict = feishu.read_reply(body(code=9499, msg="too many request"), AT)
    assert (verdict.outcome, verdict.wait_s) == (LATER, 60)


def test_a_code_is_never_searched_in_the_raw_text() -> None:
    reply = body(code=12345, msg="x", data={"log_id": "19001"})
    assert feishu.read_reply(reply, AT).reason is Reason.UNKNOWN_CODE


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (
            "api freq out of limit, hint: [17000000001], from ip: 203.0.113.7, more info at https://a.example/query?e=1",
            "api freq out of limit",
        ),
        ("sign not match, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]", "sign not match"),
        (
            "description:机器人不存在;solution:请检查;link:https://open.dingtalk.com/x?a=1;",
            "description:机器人不存在;solution:请检查",
        ),
        ("ip 203.0.113.7 not in whitelist", "ip not in whitelist"),
        ("from ip: 2001:db8::1, bad", "bad"),
        ("peer 2001:db8:0:1::7 refused", "peer refused"),
        ("key=693a91f6-7xxx-4bc4-97a0 is wrong", "is wrong"),
        ("token 66ab0000aa11bb22cc33dd44 expired", "token expired"),
        ("第一行\n第二行\x00\u202e", "第一行 第二行"),
        ("invalid webhook url", "invalid webhook url"),
        ("markdown.content exceed max length 4096", "markdown.content exceed max length 4096"),
        ("frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]",) * 2,
    ],
)
def test_only_what_a_person_needs_is_kept_of_the_text(raw: str, kept: str) -> None:
    assert clean_message(raw) == kept


@pytest.mark.timeout(2)
@pytest.mark.parametrize("piece", ["a", "-", " ", ":", "1.", "http://", "hint:[", "more ", "key=", "a1", ",;"])
def test_no_text_is_slow_to_clean(piece: str) -> None:
    assert len(clean_message(piece * 100_000)) <= MAX_MESSAGE_CHARS


def test_the_text_kept_is_bounded() -> None:
    assert len(clean_message("简" * 10_000)) == MAX_MESSAGE_CHARS


def test_the_receipt_holds_code_and_text() -> None:
    verdict = wecom.read_reply(body(errcode=93000, errmsg="invalid webhook url, hint: [1]"), AT)
    assert (verdict.vendor_code, verdict.vendor_message, verdict.suspends) == ("93000", "invalid webhook url", True)
