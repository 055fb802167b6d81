"""The sandbox's verdict on a message of ours: a second reading of the vendor's rules that shares no code with ours."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bot.channels import CHANNELS
from bot.domain.card import Message
from bot.domain.delivery import Replied
from bot.domain.secret import Secret
from bot.sandbox.exchange import Request, Verdict
from bot.sandbox.platforms import PLATFORMS
from bot.sandbox.robots import RatePolicy, RateWindow, Registry, Robot, Settings

from .facts import FACTS

JUDGED = tuple(name for name in CHANNELS if name in PLATFORMS)
SIGNED = ("dingtalk", "feishu", "lanxin")
AT = dt.datetime(2026, 7, 29, 9, tzinfo=dt.UTC)
SECRET = "SECa secret with + and / in it"


def verdict(name: str, message: Message) -> Verdict:
    """What the vendor's robot, signed and with the strict limits, answers to `message` sent and signed by us."""
    secret = SECRET if name in SIGNED else None
    settings = Settings(name, "key", secret=secret, profiles=frozenset({"safe_limits"}))
    signature = CHANNELS[name].sign(Secret(SECRET), AT, message_id="jb-17", body=message.body)
    url = urlsplit(signature.signed_url(FACTS[name].url))
    body = signature.signed_body(message.body)
    request = Request("POST", url.path, url.query, "application/json; charset=utf-8", body)
    return PLATFORMS[name].judge(Robot(settings, RateWindow(RatePolicy())), request, AT.timestamp())


def answer_to(name: str, payload: Mapping[str, Any], **robot: Any) -> Replied:
    """The robot's whole answer to `payload` as it stands, at the time it says. `robot`: its settings, as registered."""
    now = payload["timeStamp"] / 1000 if "timeStamp" in payload else AT.timestamp()
    registry = Registry({n: p.RATE for n, p in PLATFORMS.items()}, open_mode=False, rate_limits=True)
    target = registry.register({"channel": name, "key": "key", **robot}, media_expires=4e9)
    url = urlsplit(FACTS[name].url)
    body = json.dumps(payload, ensure_ascii=False).encode()
    request = Request("POST", url.path, url.query, "application/json; charset=utf-8", body)
    verdict = PLATFORMS[name].judge(target, request, now)
    return Replied(verdict.status, {}, json.dumps(verdict.body, ensure_ascii=False).encode())
