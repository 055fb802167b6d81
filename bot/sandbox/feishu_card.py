"""The rules of a Feishu card, JSON 1.0 and 2.0, as the card service enforces them.

Source: the vendor's card-json-v2 breaking-changes page, card-json-structure, the table component page, and rejected
cards seen in the wild (project's vendor reference, section 4.4). The tag lists are known to be incomplete: a tag is
refused only where it is known to be wrong, or unknown to both versions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.sandbox.exchange import mapping, words

MAX_TABLES = 5

_BOTH = words(
    "markdown div hr img img_combination column_set column table chart form input button overflow person person_list "
    "select_static multi_select_static select_person multi_select_person date_picker picker_time picker_datetime "
    "checker select_img audio interactive_container collapsible_panel"
)
_TAGS_1 = _BOTH | {"action", "note"}
_REMOVED_IN_2 = frozenset({"action", "note"})

_ROOT_2 = frozenset({"schema", "config", "card_link", "header", "body"})
_HEADER_2 = words(
    "title subtitle template icon ud_icon padding text_tag_list i18n_text_tag_list i18n_title i18n_subtitle"
)
# Properties of the components whose full list we have read; the others are not checked.
_COMMON_2 = frozenset({"tag", "element_id", "margin"})
_PROPERTIES_2: Mapping[str, frozenset[str]] = {
    "markdown": _COMMON_2 | {"content", "text_align", "text_size", "icon"},
    "hr": _COMMON_2,
    "div": _COMMON_2 | {"text", "fields", "icon", "width", "extra"},
    "button": _COMMON_2
    | words(
        "type size width text icon hover_tips disabled disabled_tips confirm behaviors name required "
        "form_action_type value"
    ),
}

CardError = tuple[int, str]
_UNPARSEABLE = 200621
_BAD_BLOCK = 11310
_TAG_DROPPED = 200861


def card_error(card: Mapping[str, Any]) -> CardError | None:
    """(inner code, text) of the first rule `card` breaks, None when it keeps them all."""
    second = card.get("schema") == "2.0"
    if second and (stray := sorted(set(card) - _ROOT_2)):
        return _UNPARSEABLE, f"parse card json err, please check whether the card json is correct: {stray[0]}"
    if second and (stray := sorted(set(mapping(card.get("header"))) - _HEADER_2)):
        return _UNPARSEABLE, f"parse card json err, unknown property header.{stray[0]}"
    if second and mapping(card.get("config")).get("update_multi", True) is not True:
        return _UNPARSEABLE, "parse card json err, config.update_multi must be true"
    roots = [mapping(card.get("body")).get("elements")] if second else _roots_1(card)
    if second and not roots[0]:
        return _UNPARSEABLE, "parse card json err, body.elements is empty"
    if not roots or not all(isinstance(root, list) for root in roots):
        return _UNPARSEABLE, "parse card json err, elements need"
    elements = list(_walk(roots))
    broken = next(filter(None, (_element_error(element, second) for element in elements)), None)
    if broken is not None:
        return broken
    if sum(element.get("tag") == "table" for element in elements) > MAX_TABLES:
        return _BAD_BLOCK, "card table number over limit"
    return None


def _roots_1(card: Mapping[str, Any]) -> list[object]:
    if "elements" in card:
        return [card["elements"]]
    return list(mapping(card.get("i18n_elements")).values())


def _walk(values: object) -> Iterator[Mapping[str, Any]]:
    """Every component, containers before what they hold."""
    for value in values if isinstance(values, list) else ():
        if isinstance(value, list):
            yield from _walk(value)
        else:
            yield mapping(value)
            columns = mapping(value).get("columns")
            for column in columns if isinstance(columns, list) else ():
                yield from _walk(mapping(column).get("elements"))
            if mapping(value).get("tag") != "note":  # a note holds texts, which are no blocks
                yield from _walk(mapping(value).get("elements"))
            yield from _walk(mapping(value).get("actions"))


def _element_error(element: Mapping[str, Any], second: bool) -> CardError | None:
    tag = element.get("tag")
    if second and tag in _REMOVED_IN_2:
        return _TAG_DROPPED, f"cards of schema V2 no longer support this capability; unsupported tag {tag}"
    if not isinstance(tag, str) or tag not in (_BOTH if second else _TAGS_1):
        return _BAD_BLOCK, f"unsupported type of block: {tag}"
    if second and tag in _PROPERTIES_2 and (stray := sorted(set(element) - _PROPERTIES_2[tag])):
        return _UNPARSEABLE, f"parse card json err, unknown property {tag}.{stray[0]}"
    if tag == "markdown" and not isinstance(element.get("content"), str):
        return _UNPARSEABLE, "parse card json err, markdown.content need"
    return None
