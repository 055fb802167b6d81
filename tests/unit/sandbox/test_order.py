"""The order of checks of WeCom, Lanxin and WeLink, as docs/sandbox.md has it, and the exact body of every refusal.

DingTalk's and Feishu's orders stand in their own files.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bot.sandbox.lanxin import signature
from tests.unit.sandbox.conftest import NOON, SEND, Caller

STAMP = str(int(NOON))


def first_wrong(caller: Caller, channel: str, key: str, body: object, *, method: str = "POST") -> int:
    """The code that a call is answered with; a body of bytes goes out as it is."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = caller.client.request(method, caller.server.url + SEND[channel].format(key=key), content=content)
    assert reply.status_code == 200
    answer: dict[str, Any] = reply.json()
    return int(next(answer[name] for name in ("errcode", "errCode", "code") if name in answer))


def test_wecom_method_key_state_rate_body_type_fields(caller: Caller) -> None:
    caller.robot("wecom", "stopped", state="stopped", per_minute=1)
    caller.robot("wecom", "K", per_minute=4)
    assert first_wrong(caller, "wecom", "nobody", b"{", method="GET") == 43002
    assert first_wrong(caller, "wecom", "nobody", b"{") == 93000
    assert [first_wrong(caller, "wecom", "stopped", b"{") for _ in range(2)] == [93004, 93004]
    assert first_wrong(caller, "wecom", "K", b"{") == 40008
    assert first_wrong(caller, "wecom", "K", {"msgtype": "hologram", "text": {}}) == 40008
    assert first_wrong(caller, "wecom", "K", {"msgtype": "text", "text": {}}) == 44004
    assert first_wrong(caller, "wecom", "K", {"msgtype": "text", "text": {"content": "x"}}) == 0
    assert first_wrong(caller, "wecom", "K", b"{") == 45009


def test_lanxin_token_rate_body_signature_address_keyword_fields(caller: Caller) -> None:
    signed = {"timestamp": STAMP, "sign": signature("s", STAMP)}
    caller.robot("lanxin", "T", secret="s", ips=["10.1.1.1"], keyword="简报", per_minute=3)
    assert first_wrong(caller, "lanxin", "nobody", b"{") == 10001
    assert first_wrong(caller, "lanxin", "T", b"{") == 10003
    assert first_wrong(caller, "lanxin", "T", {}) == 10002
    assert first_wrong(caller, "lanxin", "T", signed) == 10005
    assert first_wrong(caller, "lanxin", "T", b"{") == 10006
    caller.robot("lanxin", "T", secret="s", keyword="简报")
    assert first_wrong(caller, "lanxin", "T", signed) == 10004
    assert first_wrong(caller, "lanxin", "T", {**signed, "msgData": "简报"}) == 10003


def test_welink_token_state_rate_parameters(caller: Caller) -> None:
    caller.robot("welink", "stopped", state="stopped", per_minute=1)
    caller.robot("welink", "T", per_minute=1)
    assert first_wrong(caller, "welink", "nobody", b"{") == 58404
    assert [first_wrong(caller, "welink", "stopped", b"{") for _ in range(2)] == [58602, 58602]
    assert first_wrong(caller, "welink", "T", b"{") == 58601
    assert first_wrong(caller, "welink", "T", b"{") == 58500


REFUSALS: dict[str, str] = {
    "wecom": r'\{"errcode":93000,"errmsg":"invalid webhook url, hint: \[\d+\], from ip: 127\.0\.0\.1, '
    r'more info at https://open\.work\.weixin\.qq\.com/devtool/query\?e=93000"\}',
    "dingtalk": r'\{"errcode":300005,"errmsg":"token is not exist"\}',
    "feishu": r'\{"code":19001,"data":\{\},"msg":"param invalid: incoming webhook access token invalid"\}',
    "lanxin": r'\{"errCode":10001,"errMsg":"invalid hook token"\}',
    "welink": r'\{"code":"58404","message":"robot does not exist"\}',
}


@pytest.mark.parametrize("channel", list(REFUSALS))
def test_a_refusal_is_exactly_the_vendors_body(channel: str, caller: Caller) -> None:
    reply = caller.post(channel, "nobody", b"{}")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert re.fullmatch(REFUSALS[channel], reply.text)
