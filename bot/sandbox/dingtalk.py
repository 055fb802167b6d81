"""DingTalk 钉钉 custom robot as its server behaves.

Source: open.dingtalk.com custom robot pages (copies), live probes of 2026-09 for GET and unknown tokens; the
project's vendor reference, sections 3 and 11. Order of checks: method, content type, token, rate, body, type, fields,
size, security.

Choices where the sources are silent or differ:
- the 20000 bytes are the whole request body;
- link and actionCard have no documented "missing field" code: 40035 naming `json`, whose class is known;
- among the security settings: time stamp, signature, keyword, IP list; all that are set must hold;
- the IP-wide throttle (10000 calls in 20 s) is a fault switch only: here every caller is one address.
Profiles: `long_errmsg` (the Chinese `description:…;solution:…` style), `code_410100` (the current table's rate code).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from bot.sandbox.exchange import Request, Verdict, filled, mapping, query_values, read_object
from bot.sandbox.robots import RatePolicy, Robot, Settings

LABEL = "钉钉"
ROUTES = ("/robot/send",)
RATE = RatePolicy(per_minute=20, lockout=600)
MAX_BODY_BYTES = 20000
TOLERANCE_MS = 3600 * 1000

EXPLANATIONS: Mapping[str, str] = {
    "40035": "缺少参数",
    "43002": "必须用 POST",
    "43004": "Content-Type 必须是 application/json",
    "130101": "发送太快，每分钟限 20 条，限流 10 分钟",
    "410100": "发送太快，每分钟限 20 条，限流 10 分钟",
    "300005": "令牌不存在",
    "310000": "安全设置不通过",
    "400102": "机器人已停用",
    "400105": "不支持的消息类型",
    "400106": "机器人不在群里",
    "400201": "缺少 text",
    "400401": "缺少 markdown",
    "400602": "缺少 feedCard 的 links",
    "460101": "消息太长，超过 20000 字节",
}

# security rule -> (short style, description, solution of the long style)
_SECURITY = {
    "timestamp": ("invalid timestamp", "无效的时间戳", "请使用当前的毫秒时间戳，与服务器时间相差不超过一小时"),
    "sign": (
        "sign not match, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]",
        "机器人发送签名不匹配",
        "请确认签名和生成签名的时间戳必须都放在调用的网址中，请确认机器人的密钥加密和填写正确",
    ),
    "keyword": (
        "keywords not in content",
        "关键词不匹配",
        "请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词",
    ),
    "ip": ("ip {ip} not in whitelist", "IP {ip} 不在白名单中", "请联系群管理员将此 IP 加入机器人的白名单"),
}
_LINK = "请参考本接口对应文档查看具体要求，或者在https://open.dingtalk.com/document/里搜索相关文档"


def key_of(request: Request) -> str:
    """The robot's token, empty when the call carries none."""
    return query_values(request.query).get("access_token", "")


def judge(robot: Robot | None, request: Request, now: float) -> Verdict:
    """The vendor's answer to a call at `now` (Unix seconds)."""
    if request.method != "POST":
        return _refuse(43002, "require POST method")
    if request.content_type.partition(";")[0].strip().lower() != "application/json":
        return _refuse(43004, "invalid Content-Type, must be application/json")
    if not key_of(request):
        return _refuse(40035, "missing parameter access_token")
    if robot is None:
        return _refuse(300005, "token is not exist")
    if robot.settings.state == "removed":
        return _refuse(400106, "robot is not exist")
    if robot.settings.state == "stopped":
        return _refuse(400102, "robot is stopped")
    if not robot.rate.admit(now):
        return _refuse(410100, "send too fast") if "code_410100" in robot.settings.profiles else throttled(request, now)
    payload = read_object(request.body)
    if payload is None:
        return _refuse(40035, "missing parameter json")
    refusal = _check_fields(payload)
    if refusal is not None:
        return _refuse(*refusal)
    if len(request.body) > MAX_BODY_BYTES:
        return _refuse(460101, f"message too long, exceed {MAX_BODY_BYTES} bytes")
    broken = _broken_rule(robot.settings, request, payload, now)
    if broken is not None:
        return _refuse(310000, _security_text(broken, request.client, robot.settings))
    return Verdict(True, 0, "ok", {"errcode": 0, "errmsg": "ok"})


def throttled(request: Request, now: float) -> Verdict:
    """The answer to a call over the rate."""
    return _refuse(130101, f"send too fast, exceed {RATE.per_minute} times per minute")


def signature(secret: str, timestamp: str) -> str:
    """base64(HMAC-SHA256(key=secret, message=timestamp + newline + secret)); `timestamp` in milliseconds."""
    digest = hmac.digest(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(digest).decode()


def refusal(code: int, text: str, request: Request, now: float) -> Verdict:
    """The refusal with any code of the vendor's."""
    return _refuse(code, text)


def _refuse(code: int, message: str) -> Verdict:
    return Verdict(False, code, message, {"errcode": code, "errmsg": message})


def _check_fields(payload: Mapping[str, Any]) -> tuple[int, str] | None:
    kind = payload.get("msgtype")
    content = mapping(payload.get(kind)) if isinstance(kind, str) else {}
    match kind:
        case "text":
            return _need(content, 400201, "text", "content")
        case "markdown":
            return _need(content, 400401, "markdown", "title", "text")
        case "link":
            return _need(content, 40035, "json->link", "title", "text", "messageUrl")
        case "actionCard":
            return _need(content, 40035, "json->actionCard", "title", "text") or _check_buttons(content)
        case "feedCard":
            links = content.get("links")
            if not isinstance(links, list) or not links:
                return 400602, "miss param : feedCard->links"
            fields = ("title", "messageURL", "picURL")
            return next(filter(None, (_need(mapping(i), 400602, "feedCard->links", *fields) for i in links)), None)
        case _:
            return 400105, "unsupported msgtype"


def _check_buttons(card: Mapping[str, Any]) -> tuple[int, str] | None:
    if filled(card.get("singleTitle")) and filled(card.get("singleURL")):
        return None
    buttons = card.get("btns")
    if not isinstance(buttons, list) or not buttons:
        return 40035, "miss param : json->actionCard->btns"
    each = (_need(mapping(button), 40035, "json->actionCard->btns", "title", "actionURL") for button in buttons)
    return next(filter(None, each), None)


def _need(content: Mapping[str, Any], code: int, path: str, *names: str) -> tuple[int, str] | None:
    if not content:
        return code, f"miss param : {path}"
    return next(((code, f"miss param : {path}->{name}") for name in names if not filled(content.get(name))), None)


def _broken_rule(settings: Settings, request: Request, payload: Mapping[str, Any], now: float) -> str | None:
    if settings.secret is not None:
        query = query_values(request.query)
        timestamp = query.get("timestamp", "")
        if not timestamp.isdecimal() or abs(int(timestamp[:20]) - now * 1000) > TOLERANCE_MS:
            return "timestamp"
        if not hmac.compare_digest(signature(settings.secret, timestamp).encode(), query.get("sign", "").encode()):
            return "sign"
    if not settings.has_keyword(_shown_text(payload)):
        return "keyword"
    if not settings.allows(request.client):
        return "ip"
    return None


def _shown_text(payload: Mapping[str, Any]) -> str:
    """What a reader sees of the message: titles and texts, not addresses."""
    content = mapping(payload[payload["msgtype"]])
    lists = (content.get(name) for name in ("links", "btns"))
    parts = [content, *(mapping(item) for items in lists if isinstance(items, list) for item in items)]
    names = ("content", "title", "text", "singleTitle")
    return "\n".join(str(part[name]) for part in parts for name in names if name in part)


def _security_text(rule: str, client: str, settings: Settings) -> str:
    short, description, solution = (text.format(ip=client) for text in _SECURITY[rule])
    if "long_errmsg" in settings.profiles:
        return f"description:{description};solution:{solution};link:{_LINK};"
    return short
