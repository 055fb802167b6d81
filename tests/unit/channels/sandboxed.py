"""The sandbox's verdict on a message of ours: a second reading of the vendor's rules that shares no code with ours."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlsplit

from bot.channels import CHANNELS
from bot.domain.card import Message
from bot.domain.secret import Secret
from bot.sandbox.exchange import Request, Verdict
from bot.sandbox.platforms import PLATFORMS
from bot.sandbox.robots import RatePolicy, RateWindow, Robot, Settings

from .facts import FACTS

JUDGED = tuple(name for name in CHANNELS if name in PLATFORMS)
AT = dt.datetime(2026, 7, 29, 9, tzinfo=dt.UTC)
SECRET = "SECa secret with + and / in it"


def verdict(name: str, message: Message) -> Verdict:
    """What the vendor's robot, signed and with the strict limits, answers to `message` sent and signed by us."""
    secret = None if name == "wecom" else SECRET
    settings = Settings(name, "key", secret=secret, profiles=frozenset({"safe_limits"}))
    signature = CHANNELS[name].sign(Secret(SECRET), AT)
    url = urlsplit(signature.signed_url(FACTS[name].url))
    body = signature.signed_body(message.body)
    request = Request("POST", url.path, url.query, "application/json; charset=utf-8", body)
    return PLATFORMS[name].judge(Robot(settings, RateWindow(RatePolicy())), request, AT.timestamp())
