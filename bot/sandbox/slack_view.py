"""What the Slack client shows of Block Kit blocks (project's vendor reference, section 6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from bot.sandbox.exchange import mapping
from bot.sandbox.markup import MAX_CHARS, anchor, image, link_target, mention
from bot.sandbox.shown import View, first_line, inner, rows, text

# Marks count at the edge of a word only; what stands in angle brackets is Slack's own (links, mentions).
_MARKS = re.compile(
    r"<(?P<url>https?://[^|<>\s]{1,2000})(?:\|(?P<label>[^<>\n]{1,300}))?>"
    r"|(?P<bare>https?://[A-Za-z0-9\-._~:/?#@!$&'*+,;=%]+)"
    r"|<(?:!(?P<all>channel|here|everyone)|@(?P<member>[UW][A-Z0-9]{1,20}))>"
    r"|(?<![\w*])\*(?P<bold>[^\s*](?:[^*\n]{0,2000}[^\s*])?)\*(?![\w*])"
    r"|(?<![\w_])_(?P<italic>[^\s_](?:[^_\n]{0,2000}[^\s_])?)_(?![\w_])"
    r"|(?<![\w~])~(?P<strike>[^\s~](?:[^~\n]{0,2000}[^\s~])?)~(?![\w~])"
    r"|`(?P<code>[^`\n]{1,2000})`"
)
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def view(payload: Mapping[str, Any]) -> View | None:
    """The view of `payload`, None when it has neither text nor blocks. Blocks, where there are any, hide the text."""
    blocks, fallback = rows(payload, "blocks"), text(payload, "text")
    if not blocks and not fallback:
        return None
    shown = [_block(block) for block in blocks] or [{"kind": "text", "body": mrkdwn(fallback)}]
    return View(
        "blocks",
        first_line(fallback, *(mrkdwn(text(block, "text", "text")).striptags() for block in blocks)),
        {"blocks": shown},
    )


def _block(block: Mapping[str, Any]) -> dict[str, Any]:
    match text(block, "type"):
        case "header":
            return {"kind": "header", "body": text(block, "text", "text")}
        case "section":
            fields = [_said(field) for field in rows(block, "fields")]
            return {"kind": "section", "body": _said(inner(block, "text")), "fields": fields}
        case "divider":
            return {"kind": "hr"}
        case "context":
            return {"kind": "note", "parts": [_said(part) for part in rows(block, "elements")]}
        case "image":
            return {"kind": "img", "image": image(text(block, "image_url"), text(block, "alt_text"))}
        case "actions":
            buttons = [
                {"title": text(button, "text", "text"), "url": link_target(text(button, "url"))}
                for button in rows(block, "elements")
            ]
            return {"kind": "buttons", "buttons": buttons}
        case other:
            return {"kind": "unknown", "tag": other}


def _said(value: object) -> Markup:
    """A text object: `mrkdwn` is rendered, `plain_text` shown as it is."""
    said = text(value, "text")
    return mrkdwn(said) if mapping(value).get("type") == "mrkdwn" else escape(said)


def mrkdwn(said: str) -> Markup:
    """Slack's own markup as HTML, cut beyond `MAX_CHARS`."""
    return Markup("<br>").join(_line(line) for line in said[:MAX_CHARS].split("\n"))


def _line(line: str) -> Markup:
    out: list[Markup] = []
    at = 0
    for found in _MARKS.finditer(line):
        out += [_plain(line[at : found.start()]), _mark(found)]
        at = found.end()
    return Markup("").join([*out, _plain(line[at:])])


def _mark(found: re.Match[str]) -> Markup:
    if found["url"]:
        return anchor(_readable(found["url"]), _plain(found["label"] or found["url"]))
    if found["bare"]:
        return anchor(_readable(found["bare"]), _plain(found["bare"]))
    if found["all"] or found["member"]:
        return mention(found["all"] or found["member"])
    for name, frame in (("bold", "<strong>{}</strong>"), ("italic", "<em>{}</em>"), ("strike", "<del>{}</del>")):
        if found[name]:
            return Markup(frame).format(_line(found[name]))  # noqa: S704 - one of three frames above
    return Markup("<code>{}</code>").format(_plain(found["code"]))


def _plain(said: str) -> Markup:
    return escape(_readable(said))


def _readable(said: str) -> str:
    """`said` with the three characters Slack wants escaped."""
    for entity, character in _ENTITIES:
        said = said.replace(entity, character)
    return said
