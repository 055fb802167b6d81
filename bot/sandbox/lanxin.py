"""Lanxin 蓝信 webhook robot as far as its behaviour is known.

Source: one copy of the vendor's page and two independent clients (project's vendor reference, section 8). Not found:
rate, size and every error code. The codes here are ours and only say "not 0"; a publisher must take them as unknown.
Signatures are good for an hour like Feishu's (ours). A gateway may put a prefix before the path.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Any

from bot.sandbox.exchange import Request, Verdict, filled, mapping, query_values, read_object
from bot.sandbox.robots import RatePolicy, Robot, Settings

LABEL = "蓝信"
ROUTES = ("/v1/bot/hook/messages/create",)
RATE = RatePolicy()
TOLERANCE_S = 3600
MESSAGE_TYPES = frozenset({"text", "document", "linkCard", "appCard", "oaCard", "appArticles"})

BAD_TOKEN, BAD_SIGN, BAD_PARAMETER, NO_KEYWORD, BAD_IP, TOO_FAST = 10001, 10002, 10003, 10004, 10005, 10006
EXPLANATIONS: Mapping[str, str] = {
    str(BAD_TOKEN): "令牌无效（错误码为沙箱自定）",
    str(BAD_SIGN): "签名不符，或时间戳超出一小时（错误码为沙箱自定）",
    str(BAD_PARAMETER): "参数不合规（错误码为沙箱自定）",
    str(NO_KEYWORD): "没有包含关键词（错误码为沙箱自定）",
    str(BAD_IP): "IP 不在白名单（错误码为沙箱自定）",
    str(TOO_FAST): "发送太快（错误码为沙箱自定）",
}


def key_of(request: Request) -> str:
    """The robot's hook token, empty when the call carries none."""
    return query_values(request.query).get("hook_token", "")


def judge(robot: Robot | None, request: Request, now: float) -> Verdict:
    """The vendor's answer to a call at `now` (Unix seconds); success carries a `msgId` of its own."""
    if robot is None or robot.settings.state != "active":
        return _refuse(BAD_TOKEN, "invalid hook token")
    if not robot.rate.admit(now):
        return throttled(request, now)
    payload = read_object(request.body)
    if request.method != "POST" or payload is None:
        return _refuse(BAD_PARAMETER, "invalid request")
    refusal = _check_security(robot.settings, request, payload, now) or _check_content(payload)
    if refusal is not None:
        return _refuse(*refusal)
    serial = f"{robot.settings.key}/{len(robot.uuids)}/{now}"
    message_id = hashlib.sha256(serial.encode()).hexdigest()[:24]
    robot.uuids[message_id] = now
    return Verdict(True, 0, "ok", {"errCode": 0, "errMsg": "ok", "data": {"msgId": message_id}})


def throttled(request: Request, now: float) -> Verdict:
    """The answer to a call over the robot's own rate; the vendor's is not known."""
    return _refuse(TOO_FAST, "too many requests")


def signature(secret: str, timestamp: str) -> str:
    """base64(HMAC-SHA256(key=timestamp + "@" + secret, message=nothing)); `timestamp` in seconds."""
    return base64.b64encode(hmac.digest(f"{timestamp}@{secret}".encode(), b"", hashlib.sha256)).decode()


def refusal(code: int, text: str, request: Request, now: float) -> Verdict:
    """The refusal with any code of the vendor's."""
    return _refuse(code, text)


def _refuse(code: int, message: str) -> Verdict:
    return Verdict(False, code, message, {"errCode": code, "errMsg": message})


def _check_security(
    settings: Settings, request: Request, payload: Mapping[str, Any], now: float
) -> tuple[int, str] | None:
    if settings.secret is not None:
        timestamp, sign = str(payload.get("timestamp", "")), payload.get("sign")
        timely = timestamp.isdecimal() and abs(int(timestamp[:20]) - now) <= TOLERANCE_S
        expected = signature(settings.secret, timestamp)
        if not timely or not isinstance(sign, str) or not hmac.compare_digest(expected.encode(), sign.encode()):
            return BAD_SIGN, "sign not match"
    if not settings.allows(request.client):
        return BAD_IP, "ip not allowed"
    if not settings.has_keyword("\n".join(_texts(payload.get("msgData")))):
        return NO_KEYWORD, "keyword not found"
    return None


def _check_content(payload: Mapping[str, Any]) -> tuple[int, str] | None:
    kind = payload.get("msgType")
    if not isinstance(kind, str) or kind not in MESSAGE_TYPES:
        return BAD_PARAMETER, "invalid msgType"
    content = mapping(mapping(payload.get("msgData")).get(kind))
    if not content or (kind == "text" and not filled(content.get("content"))):
        return BAD_PARAMETER, f"invalid msgData.{kind}"
    return None


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value
