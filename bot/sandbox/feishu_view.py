"""What the Feishu client shows of a message (project's vendor reference, sections 4.3 and 4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from bot.sandbox.markup import (
    FEISHU_1,
    FEISHU_2,
    FEISHU_TEXT,
    Dialect,
    anchor,
    image,
    in_words,
    link_target,
    mention,
    render_markdown,
)
from bot.sandbox.shown import View, first_line, inner, rows, text

TEMPLATES = frozenset(
    {"blue", "wathet", "turquoise", "green", "yellow", "orange", "red", "carmine", "violet", "purple", "indigo", "grey"}
)
MAX_DEPTH = 6


def view(payload: Mapping[str, Any]) -> View | None:
    """The view of `payload`, None when the client would have nothing to show."""
    match payload.get("msg_type"):
        case "text":
            body = text(payload, "content", "text")
            return View("text", first_line(body), {"body": render_markdown(body, FEISHU_TEXT)})
        case "post":
            return _post(payload)
        case "image":
            return View("image", "[图片]", {"key": text(payload, "content", "image_key")})
        case "share_chat":
            return View("share", "[群名片]", {"key": text(payload, "content", "share_chat_id")})
        case "interactive" if inner(payload, "card"):
            return _card(inner(payload, "card"))
        case _:
            return None


def _post(payload: Mapping[str, Any]) -> View | None:
    languages = inner(payload, "content", "post")
    post = inner(languages, "zh_cn") or next((inner(languages, name) for name in languages), {})
    lines = post.get("content")
    if not isinstance(lines, list):
        return None
    shown = [
        Markup("").join(_post_node(node) for node in line if isinstance(node, dict))
        for line in lines
        if isinstance(line, list)
    ]
    said = (text(node, "text") for line in lines if isinstance(line, list) for node in line)
    return View("post", first_line(text(post, "title"), *said), {"title": text(post, "title"), "lines": shown})


def _post_node(node: Mapping[str, Any]) -> Markup:
    match node.get("tag"):
        case "text":
            return escape(text(node, "text"))
        case "a":
            return anchor(text(node, "href"), escape(text(node, "text")))
        case "at":
            name = "所有人" if text(node, "user_id") == "all" else text(node, "user_name") or text(node, "user_id")
            return mention(name)
        case "img":
            return image("", "图片")
        case _:
            return Markup("")


def _card(card: Mapping[str, Any]) -> View:
    second = card.get("schema") == "2.0"
    dialect = FEISHU_2 if second else FEISHU_1
    header = inner(card, "header")
    elements = rows(card, "body", "elements") if second else rows(card, "elements")
    if not elements and not second:
        languages = inner(card, "i18n_elements")
        elements = rows(languages, "zh_cn") or next((rows(languages, name) for name in languages), [])
    colour = text(header, "template")
    title = text(header, "title", "content")
    values = {
        "title": title,
        "subtitle": text(header, "subtitle", "content"),
        "colour": colour if colour in TEMPLATES else "default",
        "elements": [_element(element, dialect, 0) for element in elements],
    }
    said = (text(element, "content") or text(element, "text", "content") for element in elements)
    return View("card", first_line(title, *(in_words(part, dialect) for part in said)), values)


def _element(element: Mapping[str, Any], dialect: Dialect, depth: int) -> dict[str, Any]:
    """One component as its kind and what it shows; an unknown one, or one nested too deep, only says its tag."""
    tag = text(element, "tag")
    if depth > MAX_DEPTH:
        return {"kind": "unknown", "tag": tag}
    match tag:
        case "markdown":
            return {"kind": "markdown", "body": render_markdown(text(element, "content"), dialect)}
        case "div":
            fields = [_said(field.get("text"), dialect) for field in rows(element, "fields")]
            return {"kind": "div", "body": _said(element.get("text"), dialect), "fields": fields}
        case "hr":
            return {"kind": "hr"}
        case "img":
            return {"kind": "img", "image": image("", text(element, "alt", "content") or "图片")}
        case "note":
            return {"kind": "note", "parts": [_said(part, dialect) for part in rows(element, "elements")]}
        case "button":
            return {"kind": "buttons", "buttons": [_button(element)]}
        case "action":
            buttons = [_button(button) for button in rows(element, "actions") if button.get("tag") == "button"]
            return {"kind": "buttons", "buttons": buttons}
        case "column_set":
            columns = [
                [_element(part, dialect, depth + 1) for part in rows(column, "elements")]
                for column in rows(element, "columns")
            ]
            return {"kind": "columns", "columns": columns}
        case "collapsible_panel" | "interactive_container" | "form":
            parts = [_element(part, dialect, depth + 1) for part in rows(element, "elements")]
            return {"kind": "panel", "title": text(element, "header", "title", "content"), "parts": parts}
        case "table":
            return _table(element)
        case _:
            return {"kind": "unknown", "tag": tag}


def _said(value: object, dialect: Dialect) -> Markup:
    """A text object: `lark_md` is rendered, `plain_text` shown as it is."""
    said = text(value, "content")
    return render_markdown(said, dialect) if text(value, "tag") in ("lark_md", "markdown") else escape(said)


def _button(button: Mapping[str, Any]) -> dict[str, Any]:
    opened = [text(act, "default_url") for act in rows(button, "behaviors") if act.get("type") == "open_url"]
    kind = text(button, "type")
    return {
        "title": text(button, "text", "content"),
        "url": link_target(next(iter(opened), "") or text(button, "url")),
        "type": kind if kind in ("primary", "danger") else "primary" if kind == "primary_filled" else "default",
    }


def _table(element: Mapping[str, Any]) -> dict[str, Any]:
    columns = rows(element, "columns")
    names = [text(column, "name") for column in columns]
    return {
        "kind": "table",
        "head": [text(column, "display_name") or text(column, "name") for column in columns],
        "rows": [[_cell(row.get(name)) for name in names] for row in rows(element, "rows")],
    }


def _cell(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) else ""
