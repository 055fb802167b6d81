"""A *card*: what a recipient is shown, before any vendor's format; and the *message* made from it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from .issue import ListKind

LINK_TOKEN = "jianbao-link-token-comes-here-00"  # noqa: S105 - a marker, not a secret
"""Stands in a message where the delivery's own reader token goes; as long as the token, so sizes are exact."""


class Style(StrEnum):
    """How a target wants to be written to; a channel falls back where a style cannot be had.

    The first three may be asked of every channel. The others are one vendor's or another's (docs/decisions/styles.md).
    """

    CARD = "card"
    MARKDOWN = "markdown"
    TEXT = "text"
    NEWS = "news"
    NEWS_CARD = "news_card"
    LINK = "link"
    POST = "post"
    MARKDOWN_V2 = "markdown_v2"

    @property
    def chinese(self) -> str:
        return {
            "card": "卡片",
            "markdown": "Markdown",
            "text": "纯文本",
            "news": "图文列表",
            "news_card": "图文卡片",
            "link": "链接",
            "post": "富文本",
            "markdown_v2": "Markdown 第二版",
        }[self.value]


COMMON_STYLES = frozenset({Style.CARD, Style.MARKDOWN, Style.TEXT})
"""Those every channel takes, the nearest it has in place of one it lacks."""


class CardKind(StrEnum):
    """What the card is for: the issue itself, a correction (更正) of a released one, a reminder (催办)."""

    ISSUE = "issue"
    CORRECTION = "correction"
    REMINDER = "reminder"


@dataclass(frozen=True, slots=True)
class CardItem:
    """One article on the card: its title verbatim, and its lead as whole sentences in order."""

    title: str
    lead: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pictures:
    """Public addresses of an issue's two pictures: the wide `cover`, and the square `emblem` for small places."""

    cover: str
    emblem: str


@dataclass(frozen=True, slots=True)
class Card:
    """Everything a message may show. `link` opens the full text and `sign_link` signs for it; both may be None."""

    kind: CardKind
    masthead: str
    label: str
    issuer: tuple[str, ...]
    date: dt.date | None
    items: tuple[CardItem, ...]
    list_kind: ListKind | None = None
    link: str | None = None
    sign_link: str | None = None
    changes: tuple[str, ...] = ()
    """For a correction: what changed, one sentence each."""
    pictures: Pictures | None = None
    """None when there is no public address or no font to draw them with."""


@dataclass(frozen=True, slots=True)
class Message:
    """One vendor message; an issue may need several *parts*, numbered from 1. `notes` say what was shortened."""

    part: int
    parts: int
    payload: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def body(self) -> bytes:
        """The request body: UTF-8 JSON, non-ASCII unescaped (`\\uXXXX` doubles Chinese text on the wire)."""
        return json.dumps(self.payload, ensure_ascii=False, separators=(",", ":")).encode()


class Wording(Protocol):
    """Fills `templates/<channel>/<name>.j2` with a card; `values` are further names for the template."""

    def __call__(self, template: str, card: Card, **values: object) -> str: ...
