"""What the configuration says of one website column. Docs: docs/publications.md."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from .keys import Key, day, flag, host, hours, number, one_of, selector, several, text, web_address, whole


class Kind(StrEnum):
    """What may be taken from an article page: an attachment with this ending, or `html`, the page itself."""

    DOCX = "docx"
    PDF = "pdf"
    ZIP = "zip"
    DOC = "doc"
    WPS = "wps"
    TXT = "txt"
    HTML = "html"


_WANTED = (Kind.DOCX, Kind.PDF, Kind.HTML)


@dataclass(frozen=True, slots=True)
class WebsiteOptions:
    """Selectors are CSS. `item` is looked for on a list page; `link`, `title` and `date` within an item; `body` and
    `attachment` on an article page."""

    list_pages: tuple[str, ...]
    item: str
    body: str
    link: str = "a[href]"
    title: str | None = None
    date: str | None = None
    next: str | None = None
    attachment: str = "a[href]"
    documents: tuple[Kind, ...] = _WANTED
    """In order of preference."""
    title_contains: tuple[str, ...] = ()
    since: dt.date | None = None
    max_pages: int = 5
    hosts: tuple[str, ...] = ()
    intranet: bool = False
    delay_seconds: float = 2.0
    timeout_seconds: float = 20.0
    max_mb: int = 50
    recheck_hours: dt.timedelta = dt.timedelta(hours=6)
    recheck_days: int = 30


KEYS: tuple[Key, ...] = (
    Key("list_pages", several(web_address, least=1), required=True),
    Key("item", selector, required=True),
    Key("link", selector, "a[href]"),
    Key("title", selector),
    Key("date", selector),
    Key("next", selector),
    Key("body", selector, required=True),
    Key("attachment", selector, "a[href]"),
    Key("documents", several(one_of(Kind), least=1), _WANTED),
    Key("title_contains", several(text), ()),
    Key("since", day),
    Key("max_pages", whole(1, 50), 5),
    Key("hosts", several(host), ()),
    Key("intranet", flag, False),
    Key("delay_seconds", number(0, 60), 2.0),
    Key("timeout_seconds", number(1, 300), 20.0),
    Key("max_mb", whole(1, 500), 50),
    Key("recheck_hours", hours(0, 24 * 30), dt.timedelta(hours=6)),
    Key("recheck_days", whole(0, 366), 30),
)
