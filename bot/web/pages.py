"""Rendering: templates, the filters they use, and the answers made of them."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from bot.domain import acts
from bot.domain.issue import ListKind
from bot.domain.people import Role
from bot.domain.release import IssueState

from . import changes, wording

HERE = Path(__file__).parent
STATIC = HERE / "static"
_WEEKDAYS = "一二三四五六日"

NOTICE: ContextVar[str] = ContextVar("notice", default="")
"""What stands on top of every page of the request at hand; see safety.Notice."""

_environment = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@cache
def asset(name: str) -> str:
    """The address of a static file; it changes with the content, so browsers may keep it for good."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def when(moment: dt.datetime | None, zone: ZoneInfo) -> str:
    """`2026年6月30日 09:00`, or a dash."""
    return _minute(moment.replace(second=0, microsecond=0), zone) if moment else "—"


@lru_cache(maxsize=4096)
def _minute(moment: dt.datetime, zone: ZoneInfo) -> str:
    # A board of thousands of units names few different minutes.
    return f"{moment.astimezone(zone):%Y年%-m月%-d日 %H:%M}"


def weekday(moment: dt.datetime, zone: ZoneInfo) -> str:
    return f"星期{_WEEKDAYS[moment.astimezone(zone).weekday()]}"


def came(why: str) -> str:
    """`upload: 第5期.txt` in a clerk's words."""
    source, colon, name = why.partition(": ")
    return f"{wording.SOURCES[source]}：{name}" if colon and source in wording.SOURCES else why


def unit_links(ids: Iterable[str], names: Mapping[str, str]) -> Markup:
    """The units with links to their pages; a loop in a template takes too long."""
    links = (f'<a href="/directory/units/{quote(one, safe="")}">{escape(names.get(one, one))}</a>' for one in ids)
    return Markup("、".join(links))  # noqa: S704 - ids are quoted and names escaped


def day(date: dt.date | None) -> str:
    return f"{date:%Y年%-m月%-d日}" if date else "—"


_environment.globals |= {
    "asset": asset,
    "mark": wording.MARKS.__getitem__,
    "issue_mark": wording.ISSUE_MARKS.__getitem__,
    "outcome_words": wording.OUTCOMES.__getitem__,
    "via_words": wording.VIAS.__getitem__,
    "style_words": wording.STYLES.__getitem__,
    "MOST_NAMED": 60,
    "Role": Role,
    "ListKind": ListKind,
    "IssueState": IssueState,
}
_environment.filters |= {
    "day": day,
    "fours": lambda text: " ".join(text[at : at + 4] for at in range(0, len(text), 4)),
    "cut": changes.cut,
    "differing": changes.differing,
    "unit_links": unit_links,
    "some": changes.some,
    "called": changes.called,
    "role_words": lambda role: wording.ROLES.get(role, role),
    "came": came,
    "action_words": acts.chinese,
}


def render(template: str, values: Mapping[str, Any], *, zone: ZoneInfo) -> str:
    local = {
        "when": lambda moment: when(moment, zone),
        "weekday": lambda moment: weekday(moment, zone),
        "notice": NOTICE.get(),
    }
    return _environment.get_template(template).render(**local, **values)


def html(template: str, values: Mapping[str, Any], *, zone: ZoneInfo, status: int = 200) -> HTMLResponse:
    return HTMLResponse(render(template, values, zone=zone), status_code=status)


def download(data: bytes, name: str, media_type: str = "application/octet-stream") -> Response:
    """A file to be kept, never shown in the page's own origin. The name may come from outside: it is encoded whole."""
    clean = "".join(c for c in name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable()) or "file"
    disposition = f"attachment; filename*=UTF-8''{quote(clean, safe='')}"
    return Response(data, media_type=media_type, headers={"Content-Disposition": disposition})


def turns(path: str, page: int, *, more: bool, **query: object) -> dict[str, Any]:
    """The links to the pages before and after this one; empty where there is none. `more`: something follows."""
    return {
        "earlier": link(path, **query, page=page + 1) if more else "",
        "later": link(path, **query, page=page - 1) if page > 1 else "",
    }


def link(path: str, **query: object) -> str:
    """`path` with the query values that are not empty."""
    kept = {name: value for name, value in query.items() if value not in (None, "", 0)}
    return f"{path}?{urlencode(kept)}" if kept else path
