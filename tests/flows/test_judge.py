"""Whatever a platform says back, a receipt never repeats what the request was sent with."""

from __future__ import annotations

import datetime as dt
import json
from urllib.parse import quote

import pytest

from bot.channels import CHANNELS
from bot.domain.delivery import Reason, Replied
from bot.domain.secret import Secret
from bot.flows.sending import judge

AT = dt.datetime(2026, 2, 13, 1, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("channel", "url", "secret", "code", "said"),
    [
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=KEYAAA1", None, "errcode", "KEYAAA1"),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=tok%2Ben1", None, "errcode", "tok+en1"),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=a1b2c3", "SECq7Hb2", "errcode", "SECq7Hb2"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/short-hook", None, "code", "short-hook"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/x", "zkGmXq7Hb2", "code", "zkGmXq7Hb2"),
    ],
)
def test_an_answer_that_repeats_the_credential_is_kept_without_it(
    channel: str, url: str, secret: str | None, code: str, said: str
) -> None:
    message = "msg" if channel == "feishu" else "errmsg"
    body = json.dumps({code: 12345, message: f"refused, it was {said}, or {quote(said, safe='')}, sorry"}).encode()
    verdict = judge(Replied(200, {}, body), CHANNELS[channel], AT, Secret(url), Secret(secret) if secret else None)
    assert verdict.reason is Reason.UNKNOWN_CODE
    assert verdict.vendor_message is not None
    assert said not in verdict.vendor_message
    assert quote(said, safe="") not in verdict.vendor_message
    assert verdict.vendor_message.endswith("sorry")
