"""DingTalk: order of checks, security settings and the ten-minute lock-out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from bot.sandbox.dingtalk import signature
from tests.unit.sandbox.conftest import NOON, Caller

SendText = Callable[[str, str], int | str]
TEXT = {"msgtype": "text", "text": {"content": "简报"}}
NOW_MS = int(NOON * 1000)


def test_checks_come_in_the_vendors_order(caller: Caller) -> None:
    caller.robot("dingtalk", "T", keyword="简报", per_minute=1)
    url = f"{caller.server.url}/robot/send"
    form = {"Content-Type": "text/plain"}
    sound = {"Content-Type": "application/json"}
    big = b'{"msgtype":"text","text":{"content":"' + b"x" * 20000 + b'"}}'

    def code(method: str, query: str, headers: dict[str, str], body: bytes) -> int:
        reply = caller.client.request(method, url + query, headers=headers, content=body)
        assert reply.status_code == 200
        found: int = reply.json()["errcode"]
        return found

    assert code("GET", "", form, b"") == 43002
    assert code("POST", "", form, b"") == 43004
    assert code("POST", "", sound, b"") == 40035
    assert code("POST", "?access_token=nobody", sound, b"") == 300005
    assert code("POST", "?access_token=T", sound, b"") == 40035
    assert code("POST", "?access_token=T", sound, big) == 130101
    caller.robot("dingtalk", "T", keyword="简报")
    assert code("POST", "?access_token=T", sound, b'{"msgtype":"news"}') == 400105
    assert code("POST", "?access_token=T", sound, b'{"msgtype":"text","x":"' + b"x" * 20000 + b'"}') == 400201
    assert code("POST", "?access_token=T", sound, big) == 460101
    assert code("POST", "?access_token=T", sound, big.replace(b"x" * 20000, b"x")) == 310000


def test_twenty_thousand_bytes_of_body_are_the_limit(caller: Caller) -> None:
    caller.robot("dingtalk", "T")
    frame = '{"msgtype":"text","text":{"content":"%s"}}'
    for size, code in ((20000, 0), (20001, 460101)):
        fill = size - len(frame) + 2
        text = "简" * (fill // 3) + "x" * (fill % 3)
        body = (frame % text).encode()
        assert len(body) == size
        assert caller.post("dingtalk", "T", body).json()["errcode"] == code


def test_one_message_too_many_locks_for_ten_minutes(caller: Caller, send_text: SendText) -> None:
    caller.robot("dingtalk", "T")
    assert [send_text("dingtalk", "T") for _ in range(21)] == [0] * 20 + [130101]
    caller.control("clock", {"advance": 599.9})
    assert send_text("dingtalk", "T") == 130101
    caller.control("clock", {"advance": 0.2})
    assert send_text("dingtalk", "T") == 0


SECURITY: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "keyword": ({"keyword": "日报"}, "", "keywords not in content", "关键词不匹配"),
    "sign": ({"secret": "SEC1"}, f"&timestamp={NOW_MS}&sign=x", "sign not match", "签名不匹配"),
    "no sign": ({"secret": "SEC1"}, f"&timestamp={NOW_MS}", "sign not match", "签名不匹配"),
    "timestamp": ({"secret": "SEC1"}, f"&timestamp={NOW_MS // 1000}&sign=x", "invalid timestamp", "时间戳"),
    "no timestamp": ({"secret": "SEC1"}, "", "invalid timestamp", "时间戳"),
    "ip": ({"ips": ["10.0.0.0/8", "192.168.1.*"]}, "", "ip 127.0.0.1 not in whitelist", "白名单"),
}


@pytest.mark.parametrize("name", list(SECURITY))
def test_a_security_failure_is_told_in_both_styles(name: str, caller: Caller) -> None:
    settings, query, short, long = SECURITY[name]
    caller.robot("dingtalk", "short", **settings)
    caller.robot("dingtalk", "long", **settings, profiles=["long_errmsg"])
    reply = caller.send("dingtalk", "short", TEXT, query)
    assert (reply["errcode"], reply["errmsg"][: len(short)]) == (310000, short)
    reply = caller.send("dingtalk", "long", TEXT, query)
    assert reply["errcode"] == 310000
    assert reply["errmsg"].startswith("description:")
    assert long in reply["errmsg"]


def test_a_signature_is_good_for_an_hour_either_way(caller: Caller) -> None:
    caller.robot("dingtalk", "T", secret="SEC1")
    query = f"&timestamp={NOW_MS}&sign={quote(signature('SEC1', str(NOW_MS)), safe='')}"
    for moment, code in ((-3601, 310000), (-3600, 0), (3600, 0), (3601, 310000)):
        caller.control("clock", {"at": NOON + moment})
        assert caller.send("dingtalk", "T", TEXT, query)["errcode"] == code


def test_the_keyword_is_looked_for_in_what_is_shown(caller: Caller) -> None:
    caller.robot("dingtalk", "T", keywords=["简报", "通报"])
    link = {"title": "x", "text": "x", "messageUrl": "https://gov.example.cn/简报"}
    assert caller.send("dingtalk", "T", {"msgtype": "link", "link": link})["errcode"] == 310000
    assert caller.send("dingtalk", "T", {"msgtype": "link", "link": {**link, "title": "通报"}})["errcode"] == 0
    feed = {"links": [{"title": "本期简报", "messageURL": "https://x/", "picURL": "https://x/"}]}
    assert caller.send("dingtalk", "T", {"msgtype": "feedCard", "feedCard": feed})["errcode"] == 0


@pytest.mark.parametrize(
    ("payload", "code", "word"),
    [
        ({"msgtype": "markdown", "markdown": {"text": "x"}}, 400401, "title"),
        ({"msgtype": "link", "link": {"title": "x", "text": "x", "messageURL": "https://x/"}}, 40035, "messageUrl"),
        ({"msgtype": "actionCard", "actionCard": {"title": "x", "text": "x", "singleTitle": "x"}}, 40035, "btns"),
        ({"msgtype": "actionCard", "actionCard": {"title": "x", "text": "x", "btns": [{"title": "x"}]}}, 40035, "URL"),
        ({"msgtype": "feedCard", "feedCard": {"links": [{"title": "x", "messageUrl": "x"}]}}, 400602, "messageURL"),
        ({"msgtype": ["text"]}, 400105, "msgtype"),
    ],
)
def test_a_missing_field_is_named(payload: object, code: int, word: str, caller: Caller) -> None:
    caller.robot("dingtalk", "T")
    reply = caller.send("dingtalk", "T", payload)
    assert reply["errcode"] == code
    assert word in reply["errmsg"]


def test_stopped_and_removed_robots_have_their_codes(caller: Caller, send_text: SendText) -> None:
    caller.robot("dingtalk", "stopped", state="stopped")
    caller.robot("dingtalk", "removed", state="removed")
    assert (send_text("dingtalk", "stopped"), send_text("dingtalk", "removed")) == (400102, 400106)
