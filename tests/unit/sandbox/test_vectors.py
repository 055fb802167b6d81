"""Every row of the shared vectors: what the vendor takes, what it refuses with which code, which signatures hold."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus

import pytest

from bot.sandbox import dingtalk, feishu, feishu_card, lanxin, wecom, wecom_card, welink
from bot.sandbox.exchange import Request, Verdict
from bot.sandbox.platforms import PLATFORMS
from bot.sandbox.robots import MOST_RULES, RatePolicy, Registry, Robot

NOW = {
    "wecom": 1_767_240_000.0,
    "dingtalk": 1_767_240_000.0,
    "feishu": 1_761_523_200.0,
    "lanxin": 1_599_360_473.0,
    "welink": 1_761_523_200.0,
}
KEY = {"wecom": "key=K", "dingtalk": "access_token=K", "lanxin": "hook_token=K", "welink": "token=K&channel=standard"}
# Lanxin's codes are not known: the sandbox answers with its own.
DOCUMENTED = ("wecom", "dingtalk", "feishu", "welink")


def robot(channel: str, **settings: Any) -> Robot:
    registry = Registry(
        {name: platform.RATE for name, platform in PLATFORMS.items()}, open_mode=False, rate_limits=True
    )
    return registry.register({"channel": channel, "key": "K", **settings}, media_expires=4e9)


def judge(channel: str, robot_: Robot, payload: object, *, query: str = "", now: float | None = None) -> Verdict:
    body = json.dumps(payload, ensure_ascii=False).encode()
    request = Request("POST", PLATFORMS[channel].ROUTES[0], query or KEY.get(channel, ""), "application/json", body)
    return PLATFORMS[channel].judge(robot_, request, NOW[channel] if now is None else now)


@pytest.mark.parametrize("channel", list(NOW))
def test_every_valid_payload_is_accepted(channel: str, vectors: Any, subtests: pytest.Subtests) -> None:
    for row in vectors[channel]["valid_payloads"]:
        with subtests.test(row["name"]):
            verdict = judge(channel, robot(channel, media=["3aWebhookMediaIdShared0001"]), row["payload"])
            assert verdict.accepted, verdict.message
            assert verdict.status == 200


@pytest.mark.parametrize("channel", list(NOW))
def test_every_invalid_payload_is_refused_with_its_code(channel: str, vectors: Any, subtests: pytest.Subtests) -> None:
    for row in vectors[channel]["invalid_payloads"]:
        with subtests.test(row["name"]):
            verdict = judge(channel, robot(channel, **row.get("bot", {})), row["payload"])
            assert not verdict.accepted
            assert verdict.status == 200
            if row["expected_errcode"] is not None:
                assert str(verdict.code) == str(row["expected_errcode"]), verdict.message
            known = vectors[channel]["error_codes"].get(str(verdict.code))
            if channel in DOCUMENTED:
                assert known["class"] == row["expected_class"]
            else:
                assert known is None
            if "inner_code" in row:
                assert f"ErrCode: {row['inner_code']};" in verdict.message


@pytest.mark.parametrize("channel", ["wecom", "dingtalk", "feishu"])
def test_success_has_the_documented_body(channel: str, vectors: Any) -> None:
    row = next(row for row in vectors[channel]["valid_payloads"] if row["name"].startswith("text"))
    documented = vectors[channel]["success"]["body"]
    assert judge(channel, robot(channel), row["payload"]).body.items() >= documented.items()


def test_every_code_the_sandbox_answers_with_is_documented(vectors: Any) -> None:
    ours = {(channel, code) for channel in DOCUMENTED for code in PLATFORMS[channel].EXPLANATIONS}
    documented = {(channel, code) for channel in DOCUMENTED for code in vectors[channel]["error_codes"]}
    assert ours - documented == {("wecom", "43002")}


def test_every_limit_is_the_documented_one(vectors: Any) -> None:
    office, ding, book, link = (vectors[channel]["limits"] for channel in DOCUMENTED)
    card = office["template_card"]
    assert (
        office["text_content_bytes_doc"],
        office["text_content_bytes_observed_server"],
    ) == (wecom.MAX_TEXT_BYTES, wecom.MAX_TEXT_BYTES_OBSERVED)
    assert wecom.MAX_MARKDOWN_BYTES == office["markdown_content_bytes"] == office["markdown_v2_content_bytes"]
    assert office["image_bytes_before_base64"] == wecom.MAX_IMAGE_BYTES
    assert office["news_articles"] == [1, wecom.MAX_ARTICLES]
    assert office["file_bytes"] == [wecom.MIN_FILE_BYTES, wecom.MAX_FILE_BYTES]
    assert office["media_id_ttl_s"] == wecom.MEDIA_SECONDS
    assert RatePolicy(office["rate"]["per_key_per_minute"], lockout=office["rate"]["backoff_s"]) == wecom.RATE
    assert card["horizontal_content_list_max"] == wecom_card.MAX_ROWS
    assert card["jump_list_max"] == wecom_card.MAX_JUMPS
    assert card["vertical_content_list_max"] == wecom_card.MAX_VERTICAL
    assert list(wecom_card.ASPECT_RATIO) == card["aspect_ratio"]
    assert ding["message_bytes"] == dingtalk.MAX_BODY_BYTES
    assert RatePolicy(ding["rate"]["per_robot_per_minute"], lockout=ding["rate"]["lockout_s"]) == dingtalk.RATE
    assert ding["timestamp_tolerance_s"] * 1000 == dingtalk.TOLERANCE_MS
    assert [book["body_bytes"], book["body_bytes_safe"]] == [feishu.MAX_BODY_BYTES, feishu.MAX_BODY_BYTES_SAFE]
    assert RatePolicy(book["rate"]["per_bot_per_minute"], book["rate"]["per_bot_per_second"]) == feishu.RATE
    assert book["timestamp_tolerance_s"] == feishu.TOLERANCE_S
    assert book["card_tables_max"] == feishu_card.MAX_TABLES
    assert link["text_chars"][1] == welink.MAX_TEXT_UNITS
    assert link["at_accounts_max"] == welink.MAX_ACCOUNTS
    assert link["timestamp_tolerance_s"] * 1000 == welink.TOLERANCE_MS
    stated = {
        (channel, name): vectors[channel]["limits"].get(f"{field}_max")
        for channel in ("dingtalk", "feishu")
        for name, field in (("keywords", "keywords"), ("ips", "ip_rules"))
    }
    assert {key: most for key, most in stated.items() if most} == MOST_RULES


def test_dingtalk_signature_vectors(vectors: Any, subtests: pytest.Subtests) -> None:
    for row in vectors["dingtalk"]["signature_vectors"]:
        with subtests.test(row["secret"]):
            assert dingtalk.signature(row["secret"], str(row["timestamp_ms"])) == row["sign_base64"]
            signed = row["signed_url"].partition("?")[2]
            twice = signed.replace(row["sign_urlencoded"], row["wrong_double_encoded"])
            target = robot("dingtalk", secret=row["secret"])
            now = row["timestamp_ms"] / 1000
            assert judge("dingtalk", target, TEXT, query=signed, now=now).accepted
            assert judge("dingtalk", target, TEXT, query=twice, now=now).code == 310000


def test_dingtalk_signature_verify_cases(vectors: Any, subtests: pytest.Subtests) -> None:
    for row in vectors["dingtalk"]["signature_verify_cases"]:
        with subtests.test(str(row)):
            query = f"access_token=K&timestamp={row['timestamp_ms']}&sign={quote_plus(row['sign_base64'])}"
            verdict = judge(
                "dingtalk", robot("dingtalk", secret=row["secret"]), TEXT, query=query, now=row["now_ms"] / 1000
            )
            assert verdict.accepted == row["accept"], verdict.message
            assert verdict.code == (0 if row["accept"] else 310000)


def test_feishu_signature_vectors(vectors: Any, subtests: pytest.Subtests) -> None:
    for row in vectors["feishu"]["signature_vectors"]:
        with subtests.test(row["secret"]):
            assert feishu.signature(row["secret"], str(row["timestamp_s"])) == row["sign"]


def test_feishu_signature_verify_cases(vectors: Any, subtests: pytest.Subtests) -> None:
    for row in vectors["feishu"]["signature_verify_cases"]:
        with subtests.test(str(row)):
            payload = {"timestamp": str(row["timestamp_s"]), "sign": row["sign"], **FEISHU_TEXT}
            verdict = judge("feishu", robot("feishu", secret=row["secret"]), payload, now=row["now_s"])
            assert verdict.accepted == row["accept"], verdict.message
            assert verdict.code == (0 if row["accept"] else 19021)


def test_lanxin_signature_vectors(vectors: Any) -> None:
    (row,) = vectors["lanxin"]["signature_vectors"]
    assert lanxin.signature(row["secret"], str(row["timestamp_s"])) == row["sign"]
    signed = vectors["lanxin"]["valid_payloads"][0]["payload"]
    target = robot("lanxin", secret=row["secret"])
    assert judge("lanxin", target, signed).accepted
    assert not judge(
        "lanxin", target, {**signed, "sign": feishu.signature(row["secret"], signed["timestamp"])}
    ).accepted


TEXT = {"msgtype": "text", "text": {"content": "简报"}}
FEISHU_TEXT = {"msg_type": "text", "content": {"text": "简报"}}
