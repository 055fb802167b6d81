"""Feishu 飞书 custom bot as its server behaves.

Source: open.feishu.cn/document/client-docs/bot-v3/add-custom-bot; measured envelopes and codes in the project's
vendor reference, sections 4 and 11. Order: 19001 before anything else, then rate, 9499, 19002, 19021, 19022, 19024,
11246 (the order after 19001 is ours).

Choices where the sources are silent or differ:
- the 20 KB are 20480 bytes of the whole body; profile `safe_limits` takes 20000;
- 9499 for a bad request comes with HTTP 200; calls turned away by the rate are not counted and lock nothing;
- a broken link in a post fails the send with 19002 (that it fails is known, its code is not).
Profile `legacy_reply`: success is only `{"StatusCode":0,"StatusMessage":"success"}`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Any

from bot.sandbox.exchange import Request, Verdict, filled, mapping, read_object
from bot.sandbox.feishu_card import card_error
from bot.sandbox.robots import RatePolicy, Robot, Settings

LABEL = "飞书"
_PREFIX = "/open-apis/bot/v2/hook/"
ROUTES = (_PREFIX + "{token}",)
RATE = RatePolicy(per_minute=100, per_second=5)
MAX_BODY_BYTES = 20480
MAX_BODY_BYTES_SAFE = 20000
TOLERANCE_S = 3600

EXPLANATIONS: Mapping[str, str] = {
    "9499": "请求体不合规，或超过 20 KB",
    "10002": "文本为空",
    "11232": "发送太快，每秒限 5 条、每分钟限 100 条",
    "11246": "卡片内容不合规",
    "19001": "地址中的令牌无效",
    "19002": "参数错误，缺少 msg_type 或内容放错位置",
    "19007": "机器人未启用",
    "19021": "签名不符，或时间戳超出一小时",
    "19022": "IP 不在白名单",
    "19024": "没有包含关键词",
}


def key_of(request: Request) -> str:
    """The bot's token: the last part of the path."""
    return request.path.rpartition("/")[2]


def judge(robot: Robot | None, request: Request, now: float) -> Verdict:
    """The vendor's answer to a call at `now` (Unix seconds)."""
    if robot is None or robot.settings.state == "removed":
        return _refuse(19001, "param invalid: incoming webhook access token invalid")
    if robot.settings.state == "stopped":
        return _refuse(19007, "Bot Not Enabled")
    if not robot.rate.admit(now):
        return throttled(request, now)
    settings = robot.settings
    limit = MAX_BODY_BYTES_SAFE if "safe_limits" in settings.profiles else MAX_BODY_BYTES
    payload = read_object(request.body)
    if request.method != "POST" or payload is None or len(request.body) > limit:
        return _refuse(9499, "Bad Request")
    refusal = _check_envelope(payload) or _check_security(settings, request, payload, now) or _check_card(payload)
    if refusal is not None:
        return _refuse(*refusal)
    if "legacy_reply" in settings.profiles:
        return Verdict(True, 0, "success", {"StatusCode": 0, "StatusMessage": "success"})
    body = {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}
    return Verdict(True, 0, "success", body)


def throttled(request: Request, now: float) -> Verdict:
    """The answer to a call over the rate."""
    return _refuse(11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]")


def signature(secret: str, timestamp: str) -> str:
    """base64(HMAC-SHA256(key=timestamp + newline + secret, message=nothing)); `timestamp` in seconds."""
    return base64.b64encode(hmac.digest(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256)).decode()


def refusal(code: int, text: str, request: Request, now: float) -> Verdict:
    """The refusal with any code of the vendor's."""
    return _refuse(code, text)


def _refuse(code: int, message: str) -> Verdict:
    return Verdict(False, code, message, {"code": code, "data": {}, "msg": message})


def _check_envelope(payload: Mapping[str, Any]) -> tuple[int, str] | None:
    kind = payload.get("msg_type")
    if not filled(kind):
        return 19002, "params error, msg_type need"
    content = mapping(payload.get("content"))
    match kind:
        case "text":
            if not isinstance(payload.get("content"), dict):
                return 19002, "params error, content need"
            return None if filled(content.get("text")) else (10002, "text is nil")
        case "post":
            return None if _post_is_sound(content.get("post")) else (19002, "params error, invalid post content")
        case "image":
            return None if filled(content.get("image_key")) else (19002, "params error, image_key need")
        case "share_chat":
            return None if filled(content.get("share_chat_id")) else (19002, "params error, share_chat_id need")
        case "interactive":
            return None if isinstance(payload.get("card"), dict) else (19002, "params error, card need")
        case _:
            return 19002, "params error, msg_type is not supported"


def _post_is_sound(post: object) -> bool:
    languages = [text for text in mapping(post).values() if isinstance(text, dict)]
    return bool(languages) and all(_is_post_text(text) for text in languages)


def _is_post_text(text: Mapping[str, Any]) -> bool:
    lines = text.get("content")
    if not isinstance(text.get("title", ""), str) or not isinstance(lines, list) or not lines:
        return False
    return all(isinstance(line, list) and all(_is_post_node(mapping(node)) for node in line) for line in lines)


def _is_post_node(node: Mapping[str, Any]) -> bool:
    match node.get("tag"):
        case "text":
            return isinstance(node.get("text"), str)
        case "a":
            href = node.get("href")
            return isinstance(node.get("text"), str) and isinstance(href, str) and "://" in href
        case "at":
            return filled(node.get("user_id"))
        case "img":
            return filled(node.get("image_key"))
        case _:
            return False


def _check_security(
    settings: Settings, request: Request, payload: Mapping[str, Any], now: float
) -> tuple[int, str] | None:
    if settings.secret is not None and not _is_signed(settings.secret, payload, now):
        return 19021, "sign match fail or timestamp is not within one hour from current time"
    if not settings.allows(request.client):
        return 19022, "Ip Not Allowed"
    if settings.keywords and not settings.has_keyword("\n".join(_shown_texts(payload))):
        return 19024, "Key Words Not Found"
    return None


def _is_signed(secret: str, payload: Mapping[str, Any], now: float) -> bool:
    timestamp, sign = str(payload.get("timestamp", "")), payload.get("sign")
    if not timestamp.isdecimal() or not isinstance(sign, str):
        return False
    if abs(int(timestamp[:20]) - now) > TOLERANCE_S:
        return False
    return hmac.compare_digest(signature(secret, timestamp).encode(), sign.encode())


def _shown_texts(value: object) -> Iterator[str]:
    """Text and title values; an address (href, url) does not count for the keyword."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str):
                if name in ("text", "title", "content"):
                    yield inner
            else:
                yield from _shown_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _shown_texts(inner)


def _check_card(payload: Mapping[str, Any]) -> tuple[int, str] | None:
    if payload["msg_type"] != "interactive":
        return None
    error = card_error(payload["card"])
    if error is None:
        return None
    inner, text = error
    return 11246, f"Failed to create card content, ext=ErrCode: {inner}; ErrMsg: {text}; "
