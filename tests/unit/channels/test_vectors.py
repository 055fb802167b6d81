"""Every row of the shared vectors that concerns what we send and how we read an answer."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.channels import CHANNELS, dingtalk, feishu, slack, teams, webhook, wecom, welink
from bot.domain.card import Message, Style
from bot.domain.channel import UNSIGNED, Signature, UnfitSecret
from bot.domain.delivery import MaybeArrived, NotSent, OutcomeClass, Reason, Replied
from bot.domain.secret import Secret
from bot.flows.sending import judge
from bot.transport import Timeouts

from . import sandboxed
from .samples import FARMHOUSES, WORDING, a_card

AT = dt.datetime(2026, 7, 29, 9, tzinfo=dt.UTC)
Vectors = Mapping[str, Any]


def signed(
    name: str, secret: str | None, at: dt.datetime, *, message_id: str = "jb-17", body: bytes = b"{}"
) -> Signature:
    return CHANNELS[name].sign(None if secret is None else Secret(secret), at, message_id=message_id, body=body)


@pytest.fixture(scope="session")
def vectors(shared: Path) -> Vectors:
    loaded: Vectors = json.loads((shared / "reference" / "vectors.json").read_text(encoding="utf-8"))
    return loaded


def replied(case: Mapping[str, Any]) -> Replied:
    body = case.get("body_text", "") if "body" not in case else json.dumps(case["body"])
    return Replied(case["http"], case.get("headers", {}), body.encode())


def response_cases(vectors: Vectors) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name in CHANNELS:
        for case in vectors.get(name, {}).get("response_cases", ()):
            yield name, case


def test_every_response_case_gets_its_class(vectors: Vectors) -> None:
    seen = 0
    for name, case in response_cases(vectors):
        verdict = CHANNELS[name].read_reply(replied(case), AT)
        assert verdict.outcome == case["class"], (name, case)
        assert verdict.wait_s >= case.get("min_wait_s", 0), (name, case)
        seen += 1
    assert seen >= 25


def test_response_cases_name_the_failed_security_check(vectors: Vectors) -> None:
    reasons = {"keyword": Reason.KEYWORD_MISSING, "sign": Reason.BAD_SIGNATURE}
    for name, case in response_cases(vectors):
        if "sub_reason" in case:
            assert CHANNELS[name].read_reply(replied(case), AT).reason is reasons[case["sub_reason"]]


CODE_FIELDS = {"wecom": "errcode", "dingtalk": "errcode", "feishu": "code", "lanxin": "errCode", "welink": "code"}


@pytest.mark.parametrize("name", CODE_FIELDS)
def test_every_error_code_gets_its_class_and_wait(vectors: Vectors, name: str) -> None:
    for code, row in vectors[name]["error_codes"].items():
        body = {CODE_FIELDS[name]: int(code), "errmsg": "ok" if code == "0" else "x", "msg": "x"}
        verdict = CHANNELS[name].read_reply(Replied(200, {}, json.dumps(body).encode()), AT)
        assert verdict.outcome == row["class"], (code, row)
        assert verdict.wait_s >= row.get("retry_after_s", 0), (code, row)


def test_messages_that_change_the_class(vectors: Vectors) -> None:
    for name, field in CODE_FIELDS.items():
        for code, row in vectors[name]["error_codes"].items():
            if override := row.get("override"):
                text = override.get("errmsg_contains") or "too many request"
                body = {field: int(code), "errmsg": text, "msg": text}
                verdict = CHANNELS[name].read_reply(Replied(200, {}, json.dumps(body).encode()), AT)
                assert verdict.outcome == override["class"], (name, code)


def test_teams_and_webhooks_are_judged_by_status(vectors: Vectors) -> None:
    standard = vectors["standard_webhooks"]["error_codes"]
    for name, rows in (("teams", vectors["teams"]["error_codes"]), ("webhook", standard)):
        for status, row in rows.items():
            number = int(status.replace("xx", "18" if status == "4xx" else "02"))
            assert CHANNELS[name].read_reply(Replied(number, {}, b""), AT).outcome == row["class"], (name, status)


def test_every_word_of_slack_gets_its_class(vectors: Vectors) -> None:
    for word, row in vectors["slack"]["error_codes"].items():
        status = 200 if word == "ok" else 403
        assert CHANNELS["slack"].read_reply(Replied(status, {}, word.encode()), AT).outcome == row["class"], word


# By status alone, a page or an empty body under 200 cannot be told from an acceptance: a webhook takes both, Teams the
# empty one, which is its usual answer.
ACCEPTED_BY_STATUS = {"webhook": {"<html>login</html>", ""}, "teams": {""}}


@pytest.mark.parametrize("name", CHANNELS)
def test_every_transport_case_with_an_answer_gets_its_class(vectors: Vectors, name: str) -> None:
    cases = [case for case in vectors["transport"]["cases"] if "http" in case]
    for case in cases:
        verdict = CHANNELS[name].read_reply(replied(case), AT)
        if case["http"] == 200 and case["body_text"] in ACCEPTED_BY_STATUS.get(name, ()):
            assert verdict.outcome is OutcomeClass.OK
        else:
            assert verdict.outcome == case["class"], case
            assert verdict.wait_s >= case.get("min_wait_s", 0), case
    assert len(cases) >= 7


@pytest.mark.parametrize("name", CHANNELS)
def test_every_transport_case_without_an_answer_gets_its_class(vectors: Vectors, name: str) -> None:
    before, after = (case["class"] for case in vectors["transport"]["cases"] if "http" not in case)
    for reason in (Reason.CONNECT_FAILED, Reason.DNS_FAILED, Reason.TLS_FAILED):
        assert judge(NotSent(reason), CHANNELS[name], AT, Secret(""), None).outcome == before
    assert judge(MaybeArrived(Reason.TIMEOUT_AFTER_SEND), CHANNELS[name], AT, Secret(""), None).outcome == after


@pytest.mark.parametrize("name", sandboxed.JUDGED)
def test_the_sandbox_refuses_every_invalid_payload_and_we_read_why(vectors: Vectors, name: str) -> None:
    for row in vectors[name]["invalid_payloads"]:
        verdict = CHANNELS[name].read_reply(sandboxed.answer_to(name, row["payload"], **row.get("bot", {})), AT)
        # Lanxin's codes were not found: every one is unknown to us.
        assert verdict.outcome == ("unknown" if name == "lanxin" else row["expected_class"]), row["name"]


@pytest.mark.parametrize("name", sandboxed.JUDGED)
def test_the_sandbox_accepts_every_valid_payload_and_we_read_that(vectors: Vectors, name: str) -> None:
    for row in vectors[name]["valid_payloads"]:
        reply = sandboxed.answer_to(name, row["payload"], media=["3aWebhookMediaIdShared0001"])
        assert CHANNELS[name].read_reply(reply, AT).outcome is OutcomeClass.OK, row["name"]


def test_where_there_is_no_sandbox_ours_has_the_form_of_the_valid_payloads(vectors: Vectors) -> None:
    """Every name that ours uses stands in the vector, at the same place."""
    for name in ("teams", "slack"):
        (row,) = vectors[name]["valid_payloads"]
        (message,) = CHANNELS[name].messages(a_card(), Style.CARD, WORDING)
        assert names(row["payload"]) >= names(message.payload) - {"attachments.content.body.size"}


def test_a_webhook_event_has_the_type_the_valid_payload_has(vectors: Vectors) -> None:
    (row,) = vectors["standard_webhooks"]["valid_payloads"]
    (message,) = CHANNELS["webhook"].messages(a_card(), Style.CARD, WORDING)
    assert message.payload["type"] == row["payload"]["type"]
    assert row["payload"]["data"].keys() - message.payload["data"].keys() == {"issue"}


def test_what_teams_and_slack_would_refuse_is_none_we_send(vectors: Vectors) -> None:
    (long,) = vectors["teams"]["invalid_payloads"]
    assert len(Message(1, 1, long["payload"]).body) > vectors["teams"]["limits"]["message_bytes"] >= 28_000
    assert CHANNELS["teams"].read_reply(Replied(long["expected_http"], {}, b""), AT).outcome == long["expected_class"]
    (empty,) = vectors["slack"]["invalid_payloads"]
    word = empty["expected_errcode"].encode()
    assert CHANNELS["slack"].read_reply(Replied(400, {}, word), AT).outcome == empty["expected_class"]
    for style in sorted(CHANNELS["slack"].STYLES):
        assert CHANNELS["slack"].messages(a_card(), style, WORDING)[0].payload["text"] != empty["payload"].get(
            "text", ""
        )


def test_the_limits_are_those_of_the_vectors_or_stricter(vectors: Vectors) -> None:
    office, ding, book = (vectors[name]["limits"] for name in ("wecom", "dingtalk", "feishu"))
    card, advice = office["template_card"], office["template_card"]["advisory_chars"]
    assert wecom.LIMITS["max_text_bytes"] == office["text_content_bytes_doc"]
    assert wecom.LIMITS["max_markdown_bytes"] == office["markdown_content_bytes"] == office["markdown_v2_content_bytes"]
    assert wecom.LIMITS["min_file_bytes"] == office["file_bytes"][0]
    assert wecom.LIMITS["max_file_bytes"] <= office["file_bytes"][1]
    assert wecom.LIMITS["max_file_days"] * 86_400 == office["media_id_ttl_s"]
    assert wecom.LIMITS["max_sends_per_minute"] == office["rate"]["per_key_per_minute"]
    assert wecom.LIMITS["max_news_articles"] == office["news_articles"][1]
    assert wecom.LIMITS["max_news_title_bytes"] == office["news_title_bytes_truncated"]
    assert wecom.LIMITS["max_card_rows"] == card["horizontal_content_list_max"]
    assert wecom.LIMITS["max_card_jumps"] == card["jump_list_max"]
    assert wecom.LIMITS["max_card_articles"] == card["vertical_content_list_max"]
    assert wecom.LIMITS["max_card_title_chars"] == advice["main_title.title"] == advice["vertical_content_list.title"]
    assert wecom.LIMITS["max_card_desc_chars"] == advice["main_title.desc"]
    assert wecom.LIMITS["max_card_body_chars"] == advice["sub_title_text"] == advice["vertical_content_list.desc"]
    assert wecom.LIMITS["max_card_source_chars"] == advice["source.desc"]
    assert wecom.LIMITS["max_card_row_value_chars"] == advice["horizontal_content_list.value"]
    assert dingtalk.LIMITS["max_message_bytes"] == ding["message_bytes"]
    assert dingtalk.LIMITS["max_sends_per_minute"] == ding["rate"]["per_robot_per_minute"]
    assert feishu.LIMITS["max_body_bytes"] == book["body_bytes_safe"]
    assert feishu.LIMITS["max_sends_per_minute"] == book["rate"]["per_bot_per_minute"]
    assert feishu.LIMITS["max_sends_per_second"] == book["rate"]["per_bot_per_second"]
    blocks, adaptive, hooks = (vectors[name]["limits"] for name in ("slack", "teams", "standard_webhooks"))
    assert slack.LIMITS["max_blocks"] == blocks["blocks"]
    assert slack.LIMITS["max_section_chars"] == blocks["section_text_chars"]
    assert slack.LIMITS["max_header_chars"] == blocks["header_text_chars"]
    assert slack.LIMITS["max_sends_per_second"] == blocks["rate_per_s"]
    assert teams.LIMITS["max_message_bytes"] <= adaptive["message_bytes"]
    assert teams.LIMITS["max_sends_per_second"] == adaptive["connector_rate_per_s"]
    assert webhook.LIMITS["max_body_bytes"] <= hooks["payload_bytes_advised"]
    assert hooks["timeout_s"][0] <= Timeouts().silence_s <= hooks["timeout_s"][1]
    assert welink.LIMITS["max_text_chars"] == vectors["welink"]["limits"]["text_chars"][1]


@pytest.mark.parametrize("name", [name for name in CHANNELS if name not in {"teams", "webhook"}])
def test_every_endpoint_is_recognised(vectors: Vectors, name: str) -> None:
    endpoint = vectors[name]["endpoint"]
    for url in (endpoint["url"], endpoint.get("lark_url", endpoint["url"])):
        assert CHANNELS[name].recognises(re.sub(r"\{\w+\}", "x", url)), url


def names(payload: object, at: str = "") -> set[str]:
    """Every field of `payload` by its path, list items under their list's."""
    if isinstance(payload, Mapping):
        paths = {f"{at}.{key}".lstrip("."): inner for key, inner in payload.items()}
        return set(paths).union(*(names(inner, path) for path, inner in paths.items()))
    if isinstance(payload, list):
        return set().union(*(names(inner, at) for inner in payload))
    return set()


def test_dingtalk_signatures(vectors: Vectors) -> None:
    for row in vectors["dingtalk"]["signature_vectors"]:
        at = dt.datetime.fromtimestamp(row["timestamp_ms"] / 1000, dt.UTC)
        signature = signed("dingtalk", row["secret"], at)
        assert signature.query == {"timestamp": str(row["timestamp_ms"]), "sign": row["sign_base64"]}
        url = signature.signed_url("https://oapi.dingtalk.com/robot/send?access_token=TOKEN")
        assert url == row["signed_url"]
        assert row["wrong_double_encoded"] not in url


def test_feishu_signatures(vectors: Vectors) -> None:
    for row in vectors["feishu"]["signature_vectors"]:
        at = dt.datetime.fromtimestamp(row["timestamp_s"], dt.UTC)
        signature = signed("feishu", row["secret"], at)
        assert signature.body == {"timestamp": str(row["timestamp_s"]), "sign": row["sign"]}
        assert signature.query == {}
        assert json.loads(signature.signed_body(b'{"msg_type":"text"}')) == {**signature.body, "msg_type": "text"}


def test_signatures_the_vendors_would_refuse_are_never_made(vectors: Vectors) -> None:
    for name, unit, field in (("dingtalk", "ms", "sign_base64"), ("feishu", "s", "sign")):
        for case in vectors[name]["signature_verify_cases"]:
            now = dt.datetime.fromtimestamp(case[f"now_{unit}"] / (1000 if unit == "ms" else 1), dt.UTC)
            made = signed(name, case["secret"], now)
            fields = {**made.query, **made.body}
            assert int(fields["timestamp"]) == case[f"now_{unit}"]
            if not case["accept"]:
                assert fields["sign"] != case[field], case["reason"]


def test_lanxin_signatures(vectors: Vectors) -> None:
    for row in vectors["lanxin"]["signature_vectors"]:
        signature = signed("lanxin", row["secret"], dt.datetime.fromtimestamp(row["timestamp_s"], dt.UTC))
        assert signature.body == {"timestamp": str(row["timestamp_s"]), "sign": row["sign"]}


@pytest.mark.parametrize("name", ["wecom", "teams", "slack"])
def test_where_the_url_is_the_credential_nothing_is_added(vectors: Vectors, name: str) -> None:
    assert vectors[name]["signature_vectors"] == []
    assert signed(name, "anything", AT) is UNSIGNED


@pytest.mark.parametrize("name", ["dingtalk", "feishu", "lanxin"])
def test_without_a_secret_nothing_is_added(name: str) -> None:
    assert signed(name, None, AT) is UNSIGNED


def test_standard_webhooks_signatures(vectors: Vectors) -> None:
    rows = vectors["standard_webhooks"]
    rotation = {**rows["rotation_vector"], "secret": ",".join(rows["rotation_vector"]["secrets"])}
    for row in (*rows["signature_vectors"], rotation):
        at = dt.datetime.fromtimestamp(row["webhook_timestamp"], dt.UTC)
        signature = signed("webhook", row["secret"], at, message_id=row["webhook_id"], body=row["body"].encode())
        assert signature.headers == {name: str(row[name.replace("-", "_")]) for name in rows["headers"]}


def test_an_unsigned_webhook_still_carries_its_id() -> None:
    headers = signed("webhook", None, AT).headers
    assert headers == {"webhook-id": "jb-17", "webhook-timestamp": str(int(AT.timestamp()))}


def test_a_retry_keeps_the_webhook_id_and_renews_time_and_signature(vectors: Vectors) -> None:
    secret = vectors["standard_webhooks"]["signature_vectors"][0]["secret"]
    first, again = (signed("webhook", secret, AT + dt.timedelta(minutes=n)).headers for n in (0, 5))
    assert [first[name] == again[name] for name in vectors["standard_webhooks"]["headers"]] == [True, False, False]


@pytest.mark.parametrize("text", ["not base64!", "", "c2hvcnQ=", "c2hvcnQ", "A" * 88, "QUJD中文"])
def test_a_webhook_secret_that_is_none_is_refused_without_naming_it(vectors: Vectors, text: str) -> None:
    good = vectors["standard_webhooks"]["signature_vectors"][0]["secret"]
    for secret in (f"whsec_{text}", text, f"{good},whsec_{text}"):
        with pytest.raises(UnfitSecret) as caught:
            signed("webhook", secret, AT)
        assert not text or text not in str(caught.value)
        assert good not in str(caught.value)


def test_welink_calls_carry_their_time_and_an_id_of_their_own(vectors: Vectors) -> None:
    wanted = vectors["welink"]["valid_payloads"][0]["payload"]
    at = dt.datetime.fromtimestamp(wanted["timeStamp"] / 1000, dt.UTC)
    first, again = (signed("welink", None, moment) for moment in (at, at + dt.timedelta(milliseconds=1)))
    assert first.body["timeStamp"] == wanted["timeStamp"]
    assert first.body["uuid"] != again.body["uuid"]
    assert signed("welink", None, at, message_id="jb-18").body["uuid"] != first.body["uuid"]
    (message,) = CHANNELS["welink"].messages(a_card(FARMHOUSES), Style.TEXT, WORDING)
    assert set(json.loads(first.signed_body(message.body))) == set(wanted)
