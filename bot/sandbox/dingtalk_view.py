"""What the DingTalk client shows of a message (project's vendor reference, sections 3.3 and 3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.sandbox.exchange import mapping
from bot.sandbox.markup import DINGTALK, PLAIN, image, in_words, link_target, render_markdown
from bot.sandbox.shown import View, first_line, rows, text, texts


def view(payload: Mapping[str, Any]) -> View | None:
    """The view of `payload`, None when the client would have nothing to show."""
    kind = payload.get("msgtype")
    content = mapping(payload.get(kind)) if isinstance(kind, str) else {}
    match kind:
        case "text":
            body = text(content, "content")
            called = _mentions(payload)
            shown = render_markdown(body, replace(PLAIN, called=frozenset(called)))
            # Whoever is named beside the text and not in it is put below it.
            mentions = [name for name in called if f"@{name}" not in body]
            return View("text", first_line(body), {"body": shown, "mentions": mentions})
        case "markdown":
            body = text(content, "text")
            # The title stands in the list of chats and in notices only.
            return View(
                "markdown",
                first_line(text(content, "title"), in_words(body, DINGTALK)),
                {"body": render_markdown(body, replace(DINGTALK, called=frozenset(_mentions(payload))))},
            )
        case "link":
            return View("link", first_line(text(content, "title")), _link(content, "messageUrl", "picUrl"))
        case "actionCard":
            return _action_card(content)
        case "feedCard":
            links = [_link(link, "messageURL", "picURL") for link in rows(content, "links")]
            return View("feed", first_line(*(str(link["title"]) for link in links)), {"links": links})
        case _:
            return None


def _mentions(payload: Mapping[str, Any]) -> list[str]:
    at = mapping(payload.get("at"))
    names = ["所有人"] if at.get("isAtAll") is True else []
    return names + texts(at, "atMobiles") + texts(at, "atUserIds")


def _link(content: Mapping[str, Any], url: str, picture: str) -> dict[str, Any]:
    return {
        "title": text(content, "title"),
        "text": text(content, "text"),
        "url": link_target(text(content, url)),
        "image": image(text(content, picture)) if text(content, picture) else None,
    }


def _action_card(content: Mapping[str, Any]) -> View:
    body = text(content, "text")
    if text(content, "singleTitle"):
        buttons = [{"title": text(content, "singleTitle"), "url": link_target(text(content, "singleURL"))}]
    else:
        buttons = [
            {"title": text(button, "title"), "url": link_target(text(button, "actionURL"))}
            for button in rows(content, "btns")
        ]
    values = {
        "body": render_markdown(body, DINGTALK),
        "buttons": buttons,
        "beside": content.get("btnOrientation") == "1" and len(buttons) == 2,
    }
    return View("action_card", first_line(text(content, "title"), in_words(body, DINGTALK)), values)
