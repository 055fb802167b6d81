"""WeCom 企业微信 group robot as its server behaves.

Source: developer.work.weixin.qq.com/document/path/99110 and 91770 (updated 2025-08-07), the vendor's global error
list (path 96213) and the observations collected in the project's vendor reference, sections 2 and 11.

Choices where the sources are silent or differ:
- order of checks: method, key, rate, body, type, fields;
- every call that reaches a known robot counts in its minute, also one refused later (claimed by one source);
- text of more than 2048 bytes is refused as documented; profile `observed_limits` takes 5120 as servers were seen to;
- a broken card, a wrong image digest or format has no known code: 40058, the vendor's "invalid request parameter";
- GET: 43002, from the vendor's global list.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from collections.abc import Mapping
from typing import Any

import python_multipart
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File

from bot.sandbox.exchange import Request, Verdict, filled, mapping, query_values, read_object
from bot.sandbox.robots import RatePolicy, Robot
from bot.sandbox.wecom_card import complaint

LABEL = "企业微信"
SEND_PATH = "/cgi-bin/webhook/send"
UPLOAD_PATH = "/cgi-bin/webhook/upload_media"
ROUTES = (SEND_PATH, UPLOAD_PATH)
RATE = RatePolicy(per_minute=20, lockout=60)

MAX_TEXT_BYTES = 2048
MAX_TEXT_BYTES_OBSERVED = 5120
MAX_MARKDOWN_BYTES = 4096
MAX_IMAGE_BYTES = 2 * 1024 * 1024
MAX_ARTICLES = 8
MEDIA_SECONDS = 3 * 24 * 3600
MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_VOICE_BYTES = 2 * 1024 * 1024
MIN_FILE_BYTES = 6

EXPLANATIONS: Mapping[str, str] = {
    "40004": "媒体类型不对",
    "40006": "文件大小不符",
    "40007": "media_id 无效、过期，或属于别的机器人",
    "40008": "消息类型无效，或请求体不是 JSON",
    "40009": "图片大小不符",
    "40058": "参数不合规",
    "41006": "缺少 media_id",
    "41016": "缺少标题",
    "43002": "必须用 POST",
    "44001": "文件为空",
    "44004": "内容为空",
    "45001": "文件太大",
    "45008": "图文条数须为 1 至 8",
    "45009": "发送太快，每分钟限 20 条，已限流",
    "45034": "链接缺少 http:// 或 https://",
    "93000": "密钥无效，或机器人已移出群",
    "93004": "机器人已停用",
}


def key_of(request: Request) -> str:
    """The robot's key, empty when the call carries none."""
    return query_values(request.query).get("key", "")


def judge(robot: Robot | None, request: Request, now: float) -> Verdict:
    """The vendor's answer to a send or upload call at `now` (Unix seconds)."""
    if request.method != "POST":
        return _refuse(43002, "require POST method", request, now)
    if robot is None or robot.settings.state == "removed":
        return _refuse(93000, "invalid webhook url", request, now)
    if robot.settings.state == "stopped":
        return _refuse(93004, "robot is disabled", request, now)
    if request.path.endswith(UPLOAD_PATH):
        return _upload(robot, request, now)
    if not robot.rate.admit(now):
        return throttled(request, now)
    payload = read_object(request.body)
    if payload is None:
        return _refuse(40008, "invalid message type", request, now)
    refusal = _check(robot, payload, now)
    if refusal is not None:
        return _refuse(*refusal, request, now)
    return Verdict(True, 0, "ok", {"errcode": 0, "errmsg": "ok"})


def throttled(request: Request, now: float) -> Verdict:
    """The answer to a call over the rate."""
    return _refuse(45009, "api freq out of limit", request, now)


def refusal(code: int, text: str, request: Request, now: float) -> Verdict:
    """The refusal with any code of the vendor's."""
    return _refuse(code, text, request, now)


def _refuse(code: int, text: str, request: Request, now: float) -> Verdict:
    hint = f"{int(now * 1000)}{code % 1000000:06d}"
    link = f"https://open.work.weixin.qq.com/devtool/query?e={code}"
    message = f"{text}, hint: [{hint}], from ip: {request.client}, more info at {link}"
    return Verdict(False, code, message, {"errcode": code, "errmsg": message})


def _check(robot: Robot, payload: Mapping[str, Any], now: float) -> tuple[int, str] | None:
    kind = payload.get("msgtype")
    content = mapping(payload.get(kind)) if isinstance(kind, str) else {}
    match kind:
        case "text":
            observed = "observed_limits" in robot.settings.profiles
            limit = MAX_TEXT_BYTES_OBSERVED if observed else MAX_TEXT_BYTES
            return _check_text(content, kind, limit) or _check_mentions(content)
        case "markdown" | "markdown_v2":
            return _check_text(content, kind, MAX_MARKDOWN_BYTES)
        case "image":
            return _check_image(content)
        case "news":
            return _check_news(content)
        case "file" | "voice":
            return _check_media(robot, content.get("media_id"), now)
        case "template_card":
            broken = complaint(content)
            if broken is not None:
                return 40058, f"{broken}. invalid Request Parameter"
            attachments = (row for row in content.get("horizontal_content_list", ()) if row.get("type") == 2)
            return next(filter(None, (_check_media(robot, row["media_id"], now) for row in attachments)), None)
        case _:
            return 40008, "invalid message type"


def _check_text(content: Mapping[str, Any], kind: str, limit: int) -> tuple[int, str] | None:
    text = content.get("content")
    if text is None or text == "":
        return 44004, "text content is empty"
    if not isinstance(text, str):
        return 40058, f"{kind}.content is not a string. invalid Request Parameter"
    if len(text.encode()) > limit:
        return 40058, f"{kind}.content exceed max length {limit}. invalid Request Parameter"
    return None


def _check_mentions(content: Mapping[str, Any]) -> tuple[int, str] | None:
    for name in ("mentioned_list", "mentioned_mobile_list"):
        mentioned = content.get(name, [])
        if not isinstance(mentioned, list) or not all(isinstance(item, str) for item in mentioned):
            return 40058, f"text.{name} is not a list of strings. invalid Request Parameter"
    return None


def _check_image(content: Mapping[str, Any]) -> tuple[int, str] | None:
    encoded, digest = content.get("base64"), content.get("md5")
    if not isinstance(encoded, str) or not isinstance(digest, str) or not encoded:
        return 40058, "image.base64 or image.md5 missing. invalid Request Parameter"
    try:
        raw = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return 40058, "image.base64 is not base64. invalid Request Parameter"
    if len(raw) > MAX_IMAGE_BYTES:
        return 40009, "invalid image size"
    if not raw.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return 40058, "image is neither JPG nor PNG. invalid Request Parameter"
    if hashlib.md5(raw, usedforsecurity=False).hexdigest() != digest.lower():
        return 40058, "image.md5 does not match. invalid Request Parameter"
    return None


def _check_news(content: Mapping[str, Any]) -> tuple[int, str] | None:
    articles = content.get("articles")
    if not isinstance(articles, list) or not 1 <= len(articles) <= MAX_ARTICLES:
        return 45008, "article count out of limit"
    for article in map(mapping, articles):
        if not filled(article.get("title")):
            return 41016, "missing title"
        url = article.get("url")
        if not isinstance(url, str) or not url:
            return 40058, "news.articles.url missing. invalid Request Parameter"
        if not url.startswith(("http://", "https://")):
            return 45034, "url needs a scheme"
    return None


def _check_media(robot: Robot, media_id: object, now: float) -> tuple[int, str] | None:
    if not isinstance(media_id, str) or not media_id:
        return 41006, "missing media_id"
    if robot.media.get(media_id, 0.0) <= now:
        return 40007, "invalid media_id"
    return None


def _upload(robot: Robot, request: Request, now: float) -> Verdict:
    kind = query_values(request.query).get("type")
    if kind not in ("file", "voice"):
        return _refuse(40004, "invalid media type", request, now)
    size = _media_size(request)
    if size is None or size == 0:
        return _refuse(44001, "empty media data", request, now)
    if size < MIN_FILE_BYTES:
        return _refuse(40006, "invalid media size", request, now)
    if size > (MAX_FILE_BYTES if kind == "file" else MAX_VOICE_BYTES):
        return _refuse(45001, "media size out of limit", request, now)
    serial = f"{robot.settings.key}/{len(robot.media)}/{now}"
    media_id = "3" + hashlib.sha256(serial.encode()).hexdigest()[:63]
    robot.media[media_id] = now + MEDIA_SECONDS
    return Verdict(
        True,
        0,
        "ok",
        {"errcode": 0, "errmsg": "ok", "type": kind, "media_id": media_id, "created_at": str(int(now))},
    )


def _media_size(request: Request) -> int | None:
    """Bytes of the part named `media` that carries a file name, None when there is none."""
    sizes: list[int] = []

    def on_file(file: File) -> None:
        if file.field_name == b"media" and file.file_name:
            sizes.append(file.size)
        file.close()

    def on_field(_: Field) -> None:
        """A part without a file name is no media."""

    headers = {"Content-Type": request.content_type.encode(), "Content-Length": str(len(request.body)).encode()}
    try:
        python_multipart.parse_form(headers, io.BytesIO(request.body), on_field, on_file)
    except (FormParserError, ValueError):
        return None
    return sizes[0] if sizes else None
