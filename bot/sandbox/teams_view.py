"""What the Teams client shows of an Adaptive Card (project's vendor reference, section 5): text, facts and links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sandbox.exchange import mapping
from bot.sandbox.markup import TEAMS, image, in_words, link_target, render_markdown
from bot.sandbox.shown import View, first_line, rows, text

SIZES = {"Small": "small", "Medium": "medium", "Large": "large", "ExtraLarge": "huge"}
COLOURS = {"Attention": "red", "Good": "green", "Warning": "orange", "Accent": "blue"}
MAX_DEPTH = 6


def view(payload: Mapping[str, Any]) -> View | None:
    """The view of `payload`, None when it carries no Adaptive Card."""
    cards = [mapping(attached.get("content")) for attached in rows(payload, "attachments")]
    card = next((card for card in cards if card.get("type") == "AdaptiveCard"), None)
    if card is None:
        return None
    blocks = rows(card, "body")
    values = {"elements": [_element(block, 0) for block in blocks], "buttons": _buttons(card)}
    return View("card", first_line(*(in_words(text(block, "text"), TEAMS) for block in blocks)), values)


def _element(block: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """One element as its kind and what it shows; an unknown one, or one nested too deep, only says its type."""
    kind = text(block, "type")
    if depth > MAX_DEPTH:
        return {"kind": "unknown", "tag": kind}
    match kind:
        case "TextBlock":
            return {
                "kind": "text",
                "body": render_markdown(text(block, "text"), TEAMS),
                "classes": _classes(block),
            }
        case "Image":
            return {"kind": "img", "image": image(text(block, "url"), text(block, "altText"))}
        case "FactSet":
            facts = [(text(fact, "title"), text(fact, "value")) for fact in rows(block, "facts")]
            return {"kind": "facts", "facts": facts}
        case "ActionSet":
            return {"kind": "buttons", "buttons": _buttons(block)}
        case "Container":
            return {"kind": "parts", "parts": [_element(part, depth + 1) for part in rows(block, "items")]}
        case _:
            return {"kind": "unknown", "tag": kind}


def _classes(block: Mapping[str, Any]) -> list[str]:
    """How a text block looks; without `wrap` it is one line, cut."""
    size, colour = SIZES.get(text(block, "size")), COLOURS.get(text(block, "color"))
    return [
        *([f"pv-size-{size}"] if size else []),
        *([f"pv-font-{colour}"] if colour else []),
        *(["pv-bolder"] if block.get("weight") == "Bolder" else []),
        *(["pv-subtle"] if block.get("isSubtle") is True else []),
        *([] if block.get("wrap") is True else ["pv-one-line"]),
    ]


def _buttons(container: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"title": text(action, "title"), "url": link_target(text(action, "url"))}
        for action in rows(container, "actions")
        if action.get("type") == "Action.OpenUrl"
    ]
