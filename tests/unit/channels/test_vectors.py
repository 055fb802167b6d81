"""Every row of the shared vectors that concerns what we send and how we read an answer."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.channels import webhook, welink
from bot.domain.card import Style
from bot.domain.delivery import OutcomeClass, Reason, Replied
from bot.domain.secret import Secret

from .facts import ALL
from .samples import FARMHOUSES, WORDING, a_card

AT = dt.datetime(2026, 7, 29, 9, tzinfo=dt.UTC)
Vectors = Mapping[str, Any]


@pytest.fixture(scope="session")
def vectors(shared: Path) -> Vectors:
    loaded: Vectors = json.loads((shared / "reference" / "vectors.json").read_text(encoding="utf-8"))
    return loaded


def replied(case: Mapping[str, Any]) -> Replied:
    body = case.get("body_text", "") if "body" not in case else json.dumps(case["body"])
    return Replied(case["http"], case.get("headers", {}), body.encode())


def response_cases(vectors: Vectors) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name in ALL:
        for case in vectors.get(name, {}).get("response_cases", ()):
            yield name, case


def test_every_response_case_gets_its_class(vectors: Vectors) -> None:
    seen = 0
    for name, case in response_cases(vectors):
        verdict = ALL[name].read_reply(replied(case), AT)
        assert verdict.outcome == case["class"], (name, case)
        assert verdict.wait_s >= case.get("min_wait_s", 0), (name, case)
        seen += 1
    assert seen >= 25


def test_response_cases_name_the_failed_security_check(vectors: Vectors) -> None:
    reasons = {"keyword": Reason.KEYWORD_MISSING, "sign": Reason.BAD_SIGNATURE}
    for name, case in response_cases(vectors):
        if "sub_reason" in case:
            assert ALL[name].read_reply(replied(case), AT).reason is reasons[case["sub_reason"]]


CODE_FIELDS = {"wecom": "errcode", "dingtalk": "errcode", "feishu": "code", "lanxin": "errCode", "welink": "code"}


@pytest.mark.parametrize("name", CODE_FIELDS)
def test_every_error_code_gets_its_class_and_wait(vectors: Vectors, name: str) -> None:
    for code, row in vectors[name]["error_codes"].items():
        body = {CODE_FIELDS[name]: int(code), "errmsg": "ok" if code == "0" else "x", "msg": "x"}
        verdict = ALL[name].read_reply(Replied(200, {}, json.dumps(body).encode()), AT)
        assert verdict.outcome == row["class"], (code, row)
        assert verdict.wait_s >= row.get("retry_after_s", 0), (code, row)


def test_messages_that_change_the_class(vectors: Vectors) -> None:
    for name, field in CODE_FIELDS.items():
        for code, row in vectors[name]["error_codes"].items():
            if override := row.get("override"):
                text = override.get("errmsg_contains") or "too many request"
                body = {field: int(code), "errmsg": text, "msg": text}
                verdict = ALL[name].read_reply(Replied(200, {}, json.dumps(body).encode()), AT)
                assert verdict.outcome == override["class"], (name, code)


def test_teams_and_webhooks_are_judged_by_status(vectors: Vectors) -> None:
    standard = vectors["standard_webhooks"]["error_codes"]
    for name, rows in (("teams", vectors["teams"]["error_codes"]), ("webhook", standard)):
        for status, row in rows.items():
            number = int(status.replace("xx", "18" if status == "4xx" else "02"))
            assert ALL[name].read_reply(Replied(number, {}, b""), AT).outcome == row["class"], (name, status)


def test_every_word_of_slack_gets_its_class(vectors: Vectors) -> None:
    for word, row in vectors["slack"]["error_codes"].items():
        status = 200 if word == "ok" else 403
        assert ALL["slack"].read_reply(Replied(status, {}, word.encode()), AT).outcome == row["class"], word


@pytest.mark.parametrize("name", [name for name in ALL if name not in {"teams", "webhook"}])
def test_every_transport_case_gets_its_class(vectors: Vectors, name: str) -> None:
    cases = [case for case in vectors["transport"]["cases"] if "http" in case]
    for case in cases:
        verdict = ALL[name].read_reply(replied(case), AT)
        assert verdict.outcome == case["class"], case
        assert verdict.outcome is not OutcomeClass.OK
        assert verdict.wait_s >= case.get("min_wait_s", 0), case
    assert len(cases) >= 7


def test_dingtalk_signatures(vectors: Vectors) -> None:
    for row in vectors["dingtalk"]["signature_vectors"]:
        at = dt.datetime.fromtimestamp(row["timestamp_ms"] / 1000, dt.UTC)
        signature = ALL["dingtalk"].sign(Secret(row["secret"]), at)
        assert signature.query == {"timestamp": str(row["timestamp_ms"]), "sign": row["sign_base64"]}
        url = signature.signed_url("https://oapi.dingtalk.com/robot/send?access_token=TOKEN")
        assert url == row["signed_url"]
        assert row["wrong_double_encoded"] not in url


def test_feishu_signatures(vectors: Vectors) -> None:
    for row in vectors["feishu"]["signature_vectors"]:
        at = dt.datetime.fromtimestamp(row["timestamp_s"], dt.UTC)
        signature = ALL["feishu"].sign(Secret(row["secret"]), at)
        assert signature.body == {"timestamp": str(row["timestamp_s"]), "sign": row["sign"]}
        assert signature.query == {}
        assert json.loads(signature.signed_body(b'{"msg_type":"text"}')) == {**signature.body, "msg_type": "text"}


def test_wecom_adds_no_signature() -> None:
    signature = ALL["wecom"].sign(Secret("anything"), AT)
    assert (signature.query, signature.body) == ({}, {})


def test_signatures_the_vendors_would_refuse_are_never_made(vectors: Vectors) -> None:
    for name, unit, field in (("dingtalk", "ms", "sign_base64"), ("feishu", "s", "sign")):
        for case in vectors[name]["signature_verify_cases"]:
            now = dt.datetime.fromtimestamp(case[f"now_{unit}"] / (1000 if unit == "ms" else 1), dt.UTC)
            made = ALL[name].sign(Secret(case["secret"]), now)
            fields = {**made.query, **made.body}
            assert int(fields["timestamp"]) == case[f"now_{unit}"]
            if not case["accept"]:
                assert fields["sign"] != case[field], case["reason"]


def test_lanxin_signatures(vectors: Vectors) -> None:
    for row in vectors["lanxin"]["signature_vectors"]:
        signature = ALL["lanxin"].sign(Secret(row["secret"]), dt.datetime.fromtimestamp(row["timestamp_s"], dt.UTC))
        assert signature.body == {"timestamp": str(row["timestamp_s"]), "sign": row["sign"]}


def test_standard_webhooks_signatures(vectors: Vectors) -> None:
    rows = vectors["standard_webhooks"]
    rotation = {**rows["rotation_vector"], "secret": " ".join(rows["rotation_vector"]["secrets"])}
    for row in (*rows["signature_vectors"], rotation):
        at = dt.datetime.fromtimestamp(row["webhook_timestamp"], dt.UTC)
        signature = webhook.sign(Secret(row["secret"]), at, message_id=row["webhook_id"], body=row["body"].encode())
        assert signature.headers == {name: str(row[name.replace("-", "_")]) for name in rows["headers"]}


def test_an_unsigned_webhook_still_carries_its_id() -> None:
    headers = webhook.sign(None, AT, message_id="d-17").headers
    assert headers == {"webhook-id": "d-17", "webhook-timestamp": str(int(AT.timestamp()))}


def test_a_webhook_secret_that_is_no_base64_is_refused_without_naming_it() -> None:
    with pytest.raises(ValueError, match="is base64") as caught:
        webhook.sign(Secret("whsec_not base64!"), AT)
    assert "not base64!" not in str(caught.value)


def test_welink_calls_carry_their_time_and_an_id_of_their_own(vectors: Vectors) -> None:
    wanted = vectors["welink"]["valid_payloads"][0]["payload"]
    at = dt.datetime.fromtimestamp(wanted["timeStamp"] / 1000, dt.UTC)
    first, again = (welink.sign(None, moment, message_id="d-17") for moment in (at, at + dt.timedelta(milliseconds=1)))
    assert first.body["timeStamp"] == wanted["timeStamp"]
    assert first.body["uuid"] != again.body["uuid"]
    assert welink.sign(None, at, message_id="d-18").body["uuid"] != first.body["uuid"]
    (message,) = welink.messages(a_card(FARMHOUSES), Style.TEXT, WORDING)
    assert set(json.loads(first.signed_body(message.body))) == set(wanted)
