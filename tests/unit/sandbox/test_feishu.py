"""Feishu: order of checks, both card versions, and the double rate window."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.sandbox.feishu import signature
from tests.unit.sandbox.conftest import NOON, Caller

SendText = Callable[[str, str], int | str]


def card(content: object) -> dict[str, Any]:
    return {"msg_type": "interactive", "card": content}


def test_a_bad_token_is_19001_whatever_else_is_wrong(caller: Caller) -> None:
    assert caller.post("feishu", "nobody", b"\xff").json()["code"] == 19001


def test_checks_come_in_order(caller: Caller) -> None:
    caller.robot("feishu", "T", secret="demo", keyword="简报", ips=["10.1.1.1"], per_minute=1000)
    stamp = str(int(NOON))
    signed = {"timestamp": stamp, "sign": signature("demo", stamp)}
    broken = card({"elements": [{"tag": "divider"}]})
    assert caller.post("feishu", "T", b"{").json()["code"] == 9499
    assert caller.send("feishu", "T", {})["code"] == 19002
    assert caller.send("feishu", "T", broken)["code"] == 19021
    assert caller.send("feishu", "T", {**broken, **signed})["code"] == 19022
    caller.robot("feishu", "T", secret="demo", keyword="简报", ips=["127.0.0.*"], per_minute=1000)
    assert caller.send("feishu", "T", {**broken, **signed})["code"] == 19024
    broken["card"]["header"] = {"title": {"tag": "plain_text", "content": "简报"}}
    assert caller.send("feishu", "T", {**broken, **signed})["code"] == 11246
    broken["card"]["elements"] = [{"tag": "hr"}]
    assert caller.send("feishu", "T", {**broken, **signed})["code"] == 0


def test_the_keyword_does_not_count_in_an_address(caller: Caller) -> None:
    caller.robot("feishu", "T", keyword="简报")
    link = {"tag": "a", "text": "全文", "href": "https://gov.example.cn/简报"}
    post = {"msg_type": "post", "content": {"post": {"zh_cn": {"title": "x", "content": [[link]]}}}}
    assert caller.send("feishu", "T", post)["code"] == 19024
    post["content"]["post"]["zh_cn"]["title"] = "简报"  # type: ignore[index]
    assert caller.send("feishu", "T", post)["code"] == 0


@pytest.mark.parametrize(("profiles", "limit"), [([], 20480), (["safe_limits"], 20000)])
def test_the_whole_body_is_measured(profiles: list[str], limit: int, caller: Caller) -> None:
    caller.robot("feishu", "T", profiles=profiles)
    frame = json.dumps({"msg_type": "text", "content": {"text": ""}})
    for size, code in ((limit, 0), (limit + 1, 9499)):
        body = frame.replace('""', f'"{"x" * (size - len(frame))}"').encode()
        assert len(body) == size
        assert caller.post("feishu", "T", body).json()["code"] == code


def test_five_a_second_and_a_hundred_a_minute(caller: Caller, send_text: SendText) -> None:
    caller.robot("feishu", "T")
    assert [send_text("feishu", "T") for _ in range(6)] == [0] * 5 + [11232]
    for _ in range(19):
        caller.control("clock", {"advance": 1})
        assert [send_text("feishu", "T") for _ in range(5)] == [0] * 5
    caller.control("clock", {"advance": 1})
    assert send_text("feishu", "T") == 11232
    caller.control("clock", {"advance": 40})
    assert send_text("feishu", "T") == 0


def test_a_signature_is_good_for_an_hour_either_way(caller: Caller) -> None:
    caller.robot("feishu", "T", secret="demo")
    stamp = str(int(NOON))
    text = {"timestamp": stamp, "sign": signature("demo", stamp), "msg_type": "text", "content": {"text": "简报"}}
    for moment, code in ((-3601, 19021), (-3600, 0), (3600, 0), (3601, 19021)):
        caller.control("clock", {"at": NOON + moment})
        assert caller.send("feishu", "T", text)["code"] == code


BROKEN: dict[str, tuple[object, int]] = {
    "2.0 with root elements": ({"schema": "2.0", "elements": [{"tag": "hr"}]}, 200621),
    "2.0 without elements": ({"schema": "2.0", "body": {"elements": []}}, 200621),
    "2.0 with unknown property": ({"schema": "2.0", "body": {"elements": [{"tag": "hr", "width": "1"}]}}, 200621),
    "2.0 button with url": ({"schema": "2.0", "body": {"elements": [{"tag": "button", "url": "https://x"}]}}, 200621),
    "2.0 not updating for all": (
        {"schema": "2.0", "config": {"update_multi": False}, "body": {"elements": [{"tag": "hr"}]}},
        200621,
    ),
    "2.0 note in a column": (
        {"schema": "2.0", "body": {"elements": [{"tag": "column_set", "columns": [{"elements": [{"tag": "note"}]}]}]}},
        200861,
    ),
    "1.0 without elements": ({"header": {}}, 200621),
    "1.0 with an unknown tag": ({"elements": [{"tag": "video"}]}, 11310),
    "six tables": ({"elements": [{"tag": "table"}] * 6}, 11310),
    "markdown without content": ({"elements": [{"tag": "markdown"}]}, 200621),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_broken_card_names_its_inner_code(name: str, caller: Caller) -> None:
    caller.robot("feishu", "T")
    content, inner = BROKEN[name]
    reply = caller.send("feishu", "T", card(content))
    assert reply["code"] == 11246
    assert f"ErrCode: {inner};" in reply["msg"]


@pytest.mark.parametrize(
    "payload",
    [
        {"msg_type": "interactive", "card": '{"elements":[]}'},
        {"msg_type": "post", "content": {"post": {}}},
        {"msg_type": "post", "content": {"post": {"zh_cn": {"content": [[{"tag": "a", "text": "x", "href": "x"}]]}}}},
        {"msg_type": "image", "content": {}},
        {"msg_type": "text", "text": {"content": "x"}},
        {"msg_type": 7},
    ],
)
def test_a_wrong_envelope_is_19002(payload: object, caller: Caller) -> None:
    caller.robot("feishu", "T")
    assert caller.send("feishu", "T", payload)["code"] == 19002


def test_the_legacy_profile_answers_in_the_old_shape(caller: Caller) -> None:
    caller.robot("feishu", "T", profiles=["legacy_reply"])
    reply = caller.send("feishu", "T", {"msg_type": "text", "content": {"text": "x"}})
    assert reply == {"StatusCode": 0, "StatusMessage": "success"}


def test_empty_text_stopped_bot_and_wrong_path(caller: Caller, send_text: SendText) -> None:
    caller.robot("feishu", "T")
    caller.robot("feishu", "stopped", state="stopped")
    assert caller.send("feishu", "T", {"msg_type": "text", "content": {"text": ""}})["code"] == 10002
    assert send_text("feishu", "stopped") == 19007
    reply = caller.client.post(f"{caller.server.url}/open-apis/bot/hook/T", json={})
    assert (reply.status_code, reply.json()["code"]) == (404, 99991201)
