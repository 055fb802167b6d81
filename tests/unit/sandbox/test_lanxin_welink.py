"""Lanxin and WeLink: the little that is known of them, enforced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.sandbox.lanxin import signature
from tests.unit.sandbox.conftest import NOON, Caller

SendText = Callable[[str, str], int | str]
LANXIN: dict[str, Any] = {"msgType": "text", "msgData": {"text": {"content": "简报"}}}
WELINK: dict[str, Any] = {
    "messageType": "text",
    "content": {"text": "简报"},
    "timeStamp": int(NOON * 1000),
    "uuid": "u1",
    "isAt": False,
    "isAtAll": False,
}


def test_lanxin_gives_every_message_an_id_of_its_own(caller: Caller) -> None:
    caller.robot("lanxin", "T")
    first, second = (caller.send("lanxin", "T", LANXIN) for _ in range(2))
    assert (first["errCode"], first["errMsg"]) == (0, "ok")
    assert first["data"]["msgId"] != second["data"]["msgId"]


def test_lanxin_refuses_what_it_can_be_known_to_refuse(caller: Caller, send_text: SendText) -> None:
    caller.robot("lanxin", "T", secret="s", keyword="通报", per_minute=4)
    stamp = str(int(NOON))
    signed = {"timestamp": stamp, "sign": signature("s", stamp)}
    assert send_text("lanxin", "nobody") == 10001
    assert caller.send("lanxin", "T", LANXIN)["errCode"] == 10002
    assert caller.send("lanxin", "T", {**LANXIN, **signed})["errCode"] == 10004
    assert caller.send("lanxin", "T", {**signed, "msgType": "video", "msgData": {"text": "通报"}})["errCode"] == 10003
    assert caller.post("lanxin", "T", b"{").json()["errCode"] == 10003
    assert caller.send("lanxin", "T", LANXIN)["errCode"] == 10006


def test_lanxin_signature_is_good_for_an_hour(caller: Caller) -> None:
    caller.robot("lanxin", "T", secret="s")
    stamp = str(int(NOON))
    for moment, code in ((3600, 0), (3601, 10002)):
        caller.control("clock", {"at": NOON + moment})
        assert (
            caller.send("lanxin", "T", {**LANXIN, "timestamp": stamp, "sign": signature("s", stamp)})["errCode"] == code
        )


def test_lanxin_answers_behind_a_gateways_prefix(caller: Caller) -> None:
    caller.robot("lanxin", "T")
    url = f"{caller.server.url}/open/apigw/v1/bot/hook/messages/create?app_token=A&hook_token=T"
    assert caller.client.post(url, json=LANXIN).json()["errCode"] == 0


def test_welink_takes_a_uuid_once(caller: Caller) -> None:
    caller.robot("welink", "T")
    assert caller.send("welink", "T", WELINK) == {"code": "0", "data": "success", "message": "ok"}
    assert caller.send("welink", "T", WELINK)["code"] == "58601"
    assert caller.send("welink", "T", {**WELINK, "uuid": "u2"})["code"] == "0"


def test_welink_time_stamp_is_good_for_ten_minutes(caller: Caller) -> None:
    caller.robot("welink", "T")
    for moment, code in ((-601, "58601"), (-600, "0"), (600, "0"), (601, "58601")):
        caller.control("clock", {"at": NOON + moment})
        assert caller.send("welink", "T", {**WELINK, "uuid": str(moment)})["code"] == code


@pytest.mark.parametrize(
    "change",
    [
        {"messageType": "card"},
        {"content": {"text": ""}},
        {"content": {"text": "😀" * 251}},
        {"timeStamp": int(NOON)},
        {"timeStamp": str(int(NOON * 1000))},
        {"uuid": ""},
        {"isAt": "no"},
        {"isAt": True},
        {"isAt": True, "atAccounts": ["a"] * 11},
    ],
)
def test_welink_refuses_a_bad_parameter(change: dict[str, Any], caller: Caller) -> None:
    caller.robot("welink", "T")
    assert caller.send("welink", "T", {**WELINK, **change})["code"] == "58601"


def test_welink_robots_that_do_not_answer(caller: Caller) -> None:
    caller.robot("welink", "stopped", state="stopped")
    caller.robot("welink", "elsewhere", ips=["10.0.0.1"])
    caller.robot("welink", "busy", per_minute=1)
    assert caller.send("welink", "nobody", WELINK)["code"] == "58404"
    assert caller.send("welink", "stopped", WELINK)["code"] == "58602"
    assert caller.send("welink", "elsewhere", WELINK)["code"] == "58602"
    assert caller.send("welink", "busy", WELINK)["code"] == "0"
    assert caller.send("welink", "busy", WELINK)["code"] == "58500"


def test_welink_needs_its_channel_in_the_address(caller: Caller) -> None:
    caller.robot("welink", "T")
    url = f"{caller.server.url}/api/werobot/v1/webhook/send?token=T"
    assert caller.client.post(url, json=WELINK).json()["code"] == "58601"
