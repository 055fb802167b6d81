"""What the WeCom client shows of a message (project's vendor reference, sections 2.2 to 2.4)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from bot.sandbox.exchange import mapping
from bot.sandbox.markup import PLAIN, WECOM, WECOM_V2, image, in_words, link_target, render_markdown
from bot.sandbox.shown import View, cut, first_line, inner, rows, text, texts

# What the client has room for: the characters the vendor advises.
SOURCE, TITLE, DESC, EMPHASIS, EMPHASIS_DESC, SUB_TITLE, KEY, VALUE, JUMP = 13, 26, 30, 10, 15, 112, 5, 26, 13
NEWS_TITLE_BYTES, NEWS_DESC_BYTES = 128, 512
_COLOURS = {0: "grey", 1: "black", 2: "red", 3: "green"}


def view(payload: Mapping[str, Any]) -> View | None:
    """The view of `payload`, None when the client would have nothing to show."""
    kind = payload.get("msgtype")
    content = mapping(payload.get(kind)) if isinstance(kind, str) else {}
    match kind:
        case "text":
            return _text(content)
        case "markdown" | "markdown_v2":
            dialect = WECOM if kind == "markdown" else WECOM_V2
            body = text(content, "content")
            return View("markdown", first_line(in_words(body, dialect)), {"body": render_markdown(body, dialect)})
        case "news":
            return _news(content)
        case "image":
            return View("image", "[图片]", {"data": _picture(text(content, "base64"))})
        case "file" | "voice":
            label = "文件" if kind == "file" else "语音"
            return View("file", f"[{label}]", {"label": label, "media_id": text(content, "media_id")})
        case "template_card":
            return _card(content)
        case _:
            return None


def _text(content: Mapping[str, Any]) -> View:
    names = texts(content, "mentioned_list") + texts(content, "mentioned_mobile_list")
    mentions = ["所有人" if name == "@all" else name for name in names]
    body = text(content, "content")
    return View("text", first_line(body), {"body": render_markdown(body, PLAIN), "mentions": mentions})


def _news(content: Mapping[str, Any]) -> View:
    articles = [
        {
            "title": _cut_bytes(text(article, "title"), NEWS_TITLE_BYTES),
            "desc": _cut_bytes(text(article, "description"), NEWS_DESC_BYTES),
            "url": link_target(text(article, "url")),
            "image": image(text(article, "picurl")) if text(article, "picurl") else None,
        }
        for article in rows(content, "articles")
    ]
    return View("news", first_line(*(str(article["title"]) for article in articles)), {"articles": articles})


def _card(card: Mapping[str, Any]) -> View:
    title, sub_title = text(card, "main_title", "title"), text(card, "sub_title_text")
    news = card.get("card_type") == "news_notice"
    colour = inner(card, "source").get("desc_color")
    values: dict[str, Any] = {
        "source": cut(text(card, "source", "desc"), SOURCE),
        "source_colour": _COLOURS.get(colour, "grey") if isinstance(colour, int) else "grey",
        "title": cut(title, TITLE),
        "desc": cut(text(card, "main_title", "desc"), DESC),
        "url": link_target(text(card, "card_action", "url")),
        "rows": [
            {
                "key": cut(text(row, "keyname"), KEY),
                "value": cut(text(row, "value"), VALUE),
                "url": link_target(text(row, "url")) if row.get("type") == 1 else None,
            }
            for row in rows(card, "horizontal_content_list")
        ],
        "jumps": [
            {"title": cut(text(row, "title"), JUMP), "url": link_target(text(row, "url"))}
            for row in rows(card, "jump_list")
        ],
        "quote": [text(card, "quote_area", name) for name in ("title", "quote_text")],
    }
    if news:
        values["ratio"] = _ratio(inner(card, "card_image").get("aspect_ratio"))
        values["image"] = image(text(card, "card_image", "url"), "封面")
        values["vertical"] = [
            {"title": cut(text(row, "title"), TITLE), "desc": cut(text(row, "desc"), SUB_TITLE)}
            for row in rows(card, "vertical_content_list")
        ]
        area = inner(card, "image_text_area")
        values["area"] = area and {"title": text(area, "title"), "desc": text(area, "desc")}
    else:
        values["emphasis"] = cut(text(card, "emphasis_content", "title"), EMPHASIS)
        values["emphasis_desc"] = cut(text(card, "emphasis_content", "desc"), EMPHASIS_DESC)
        values["sub_title"] = cut(sub_title, SUB_TITLE)
    return View("news_notice" if news else "text_notice", first_line(title, sub_title), values)


def _ratio(value: object) -> int:
    """Hundredths of width over height, within what the vendor allows."""
    return int(100 * min(max(value, 1.3), 2.25)) if isinstance(value, int | float) else 130


def _cut_bytes(shown: str, most: int) -> str:
    encoded = shown.encode(errors="replace")
    return shown if len(encoded) <= most else encoded[:most].decode(errors="ignore") + "…"


def _picture(encoded: str) -> Markup | None:
    """A data address, made anew from the decoded bytes so that nothing but a picture can stand in it."""
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    kinds = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg"}
    kind = next((name for start, name in kinds.items() if raw.startswith(start)), None)
    if kind is None:
        return None
    return Markup("data:image/{};base64,{}").format(kind, base64.b64encode(raw).decode())
