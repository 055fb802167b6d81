"""What the Lanxin and WeLink clients show of a message: text; their cards' fields are not known to us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sandbox.markup import PLAIN, render_markdown
from bot.sandbox.shown import View, first_line, text, texts


def view(payload: Mapping[str, Any]) -> View | None:
    """The view of `payload`, None when it holds no text in either vendor's place."""
    body = text(payload, "msgData", "text", "content") or text(payload, "content", "text")
    if not body:
        return None
    mentions = ["所有人"] if payload.get("isAtAll") is True else []
    mentions += texts(payload, "atAccounts") if payload.get("isAt") is True else []
    return View("text", first_line(body), {"body": render_markdown(body, PLAIN), "mentions": mentions})
