"""The rules of a WeCom `template_card`, types `text_notice` and `news_notice`.

Source: the vendor's message page (path 99110); rows for news_notice alone rest on one copy of it.
Advised lengths (建议) are not errors: the client cuts what it shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sandbox.exchange import filled, mapping

MAX_ROWS = 6
MAX_JUMPS = 3
MAX_VERTICAL = 4
ASPECT_RATIO = (1.3, 2.25)

# type -> the field that type demands
_LINK = {0: None, 1: "url", 2: "appid"}
_ROW = {0: None, 1: "url", 2: "media_id", 3: "userid"}
_ACTION = {1: "url", 2: "appid"}


def complaint(card: Mapping[str, Any]) -> str | None:
    """The first rule `card` breaks, as the start of an errmsg; None when it keeps them all."""
    kind = card.get("card_type")
    if kind not in ("text_notice", "news_notice"):
        return "template_card.card_type is not supported"
    title = mapping(card.get("main_title"))
    if not isinstance(card.get("main_title"), dict):
        return "template_card.main_title missing"
    if not filled(title.get("title")) and (kind == "news_notice" or not filled(card.get("sub_title_text"))):
        return "template_card.main_title.title missing"
    if "card_action" not in card:
        return "template_card.card_action missing"
    return (
        _typed(card["card_action"], "card_action", _ACTION)
        or _rows(card, "horizontal_content_list", MAX_ROWS, "keyname", _ROW)
        or _rows(card, "jump_list", MAX_JUMPS, "title", _LINK)
        or _typed(card.get("quote_area", {}), "quote_area", _LINK)
        or (_news(card) if kind == "news_notice" else None)
    )


def _news(card: Mapping[str, Any]) -> str | None:
    image = mapping(card.get("card_image"))
    if not filled(image.get("url")):
        return "template_card.card_image.url missing"
    ratio = image.get("aspect_ratio", ASPECT_RATIO[0])
    if not isinstance(ratio, int | float) or not ASPECT_RATIO[0] <= ratio <= ASPECT_RATIO[1]:
        return "template_card.card_image.aspect_ratio out of range"
    if "image_text_area" in card:
        area = card["image_text_area"]
        broken = _typed(area, "image_text_area", _LINK)
        if broken is not None:
            return broken
        if not filled(area.get("image_url")):
            return "template_card.image_text_area.image_url missing"
    return _rows(card, "vertical_content_list", MAX_VERTICAL, "title", None)


def _rows(
    card: Mapping[str, Any], name: str, most: int, required: str, types: Mapping[int, str | None] | None
) -> str | None:
    rows = card.get(name, [])
    if not isinstance(rows, list):
        return f"template_card.{name} is not a list"
    if len(rows) > most:
        return f"template_card.{name} exceed max length {most}"
    for row in rows:
        if not filled(mapping(row).get(required)):
            return f"template_card.{name}.{required} missing"
        broken = types and _typed(row, name, types)
        if broken:
            return broken
    return None


def _typed(value: object, name: str, types: Mapping[int, str | None]) -> str | None:
    if not isinstance(value, dict):
        return f"template_card.{name} is not an object"
    kind = value.get("type", 0)
    if not isinstance(kind, int) or isinstance(kind, bool) or kind not in types:
        return f"template_card.{name}.type is not supported"
    needed = types[kind]
    if needed is not None and not filled(value.get(needed)):
        return f"template_card.{name}.{needed} missing"
    return None
