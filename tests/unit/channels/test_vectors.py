"""Every row of the shared vectors that concerns what we send and how we read an answer."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.channels import CHANNELS
from bot.domain.delivery import OutcomeClass, Reason, Replied
from bot.domain.secret import Secret

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
    for name in CHANNELS:
        for case in vectors[name]["response_cases"]:
            yield name, case


def test_every_response_case_gets_its_class(vectors: Vectors) -> None:
    seen = 0
    for name, case in response_cases(vectors):
        verdict = CHANNELS[name].read_reply(replied(case), AT)
        assert verdict.outcome == case["class"], (name, case)
        assert verdict.wait_s >= case.get("min_wait_s", 0), (name, case)
        seen += 1
    assert seen >= 16


def test_response_cases_name_the_failed_security_check(vectors: Vectors) -> None:
    reasons = {"keyword": Reason.KEYWORD_MISSING, "sign": Reason.BAD_SIGNATURE}
    for name, case in response_cases(vectors):
        if "sub_reason" in case:
            assert CHANNELS[name].read_reply(replied(case), AT).reason is reasons[case["sub_reason"]]


CODE_FIELDS = {"wecom": "errcode", "dingtalk": "errcode", "feishu": "code"}


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


@pytest.mark.parametrize("name", CODE_FIELDS)
def test_every_transport_case_gets_its_class(vectors: Vectors, name: str) -> None:
    cases = [case for case in vectors["transport"]["cases"] if "http" in case]
    for case in cases:
        verdict = CHANNELS[name].read_reply(replied(case), AT)
        assert verdict.outcome == case["class"], case
        assert verdict.outcome is not OutcomeClass.OK
        assert verdict.wait_s >= case.get("min_wait_s", 0), case
    assert len(cases) >= 7


def test_dingtalk_signatures(vectors: Vectors) -> None:
    for row in vectors["dingtalk"]["signature_vectors"]:
        at = dt.datetime.fromtimestamp(row["timestamp_ms"] / 1000, dt.UTC)
        signature = CHANNELS["dingtalk"].sign(Secret(row["secret"]), at)
        assert signature.query == {"timestamp": str(row["timestamp_ms"]), "sign": row["sign_base64"]}
        url = signature.signed_url("https://oapi.dingtalk.com/robot/send?access_token=TOKEN")
        assert url == row["signed_url"]
        assert row["wrong_double_encoded"] not in url


def test_feishu_signatures(vectors: Vectors) -> None:
    for row in vectors["feishu"]["signature_vectors"]:
        at = dt.datetime.fromtimestamp(row["timestamp_s"], dt.UTC)
        signature = CHANNELS["feishu"].sign(Secret(row["secret"]), at)
        assert signature.body == {"timestamp": str(row["timestamp_s"]), "sign": row["sign"]}
        assert signature.query == {}
        assert json.loads(signature.signed_body(b'{"msg_type":"text"}')) == {**signature.body, "msg_type": "text"}


def test_wecom_adds_no_signature() -> None:
    signature = CHANNELS["wecom"].sign(Secret("anything"), AT)
    assert (signature.query, signature.body) == ({}, {})


def test_signatures_the_vendors_would_refuse_are_never_made(vectors: Vectors) -> None:
    for name, unit, field in (("dingtalk", "ms", "sign_base64"), ("feishu", "s", "sign")):
        for case in vectors[name]["signature_verify_cases"]:
            now = dt.datetime.fromtimestamp(case[f"now_{unit}"] / (1000 if unit == "ms" else 1), dt.UTC)
            made = CHANNELS[name].sign(Secret(case["secret"]), now)
            fields = {**made.query, **made.body}
            assert int(fields["timestamp"]) == case[f"now_{unit}"]
            if not case["accept"]:
                assert fields["sign"] != case[field], case["reason"]
