"""What a website source wants to find again: plain JSON in the store, values here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .site_pages import Entry, digest
from .website_options import WebsiteOptions

MAX_KNOWN = 2000
"""Articles kept; beyond it the ones known longest are forgotten."""


@dataclass(slots=True)
class Known:
    """One article. Times are ISO 8601, UTC. `digest` "" : nothing was taken from it yet."""

    title: str
    date: str
    first: str
    checked: str
    digest: str = ""
    page: dict[str, str] = field(default_factory=dict)
    """Validators of the article page."""
    file_url: str = ""
    """The attachment that was taken; "" when the page itself was."""
    file_name: str = ""
    """Its name, which ends with its kind."""
    file: dict[str, str] = field(default_factory=dict)
    """Validators of the attachment."""
    note: str = ""
    """What is the matter with it at present."""
    failures: int = 0
    """In a row."""


class SiteState:
    """`lists`: validators of the first page of each list. `whole`: nothing of the last look was left for later."""

    def __init__(self, state: Mapping[str, Any], options: WebsiteOptions) -> None:
        self.known = {url: Known(**known) for url, known in state.get("known", {}).items()}
        self.options = digest(repr(options).encode())
        # With other selectors an unchanged page may say something new: conditional requests begin anew.
        same = state.get("options") == self.options
        self.whole: bool = same and state.get("whole", False)
        self.lists: dict[str, dict[str, str]] = dict(state.get("lists", {})) if self.whole else {}
        if not same:
            for known in self.known.values():
                known.page = {}

    def to_json(self) -> dict[str, Any]:
        latest = sorted(self.known.items(), key=lambda item: item[1].first, reverse=True)[:MAX_KNOWN]
        return {
            "options": self.options,
            "whole": self.whole,
            "lists": self.lists if self.whole else {},
            "known": {url: asdict(known) for url, known in latest},
        }

    def is_news(self, entry: Entry) -> bool:
        """Is the entry new, or printed otherwise than before?"""
        known = self.known.get(entry.url)
        return known is None or (known.title, known.date) != (entry.title, entry.date)

    def due(self, now: dt.datetime, options: WebsiteOptions) -> list[Entry]:
        """Known articles that are to be looked at again, the longest unseen first."""
        found = [
            (known.checked, Entry(url, known.title, known.date))
            for url, known in self.known.items()
            if _is_due(known, now, options)
        ]
        return [entry for _, entry in sorted(found, key=lambda pair: pair[0])]

    def learn(self, entry: Entry, now: dt.datetime) -> Known:
        """The record of this article, made if need be, as checked now."""
        moment = now.isoformat()
        known = self.known.setdefault(entry.url, Known(entry.title, entry.date, moment, moment))
        known.title, known.date, known.checked = entry.title, entry.date, moment
        return known


_PATIENCE = 3
"""Failures in a row after which an article is asked for at the pace of rechecks instead of at every look."""


def _is_due(known: Known, now: dt.datetime, options: WebsiteOptions) -> bool:
    if 0 < known.failures < _PATIENCE:
        return True
    if now - dt.datetime.fromisoformat(known.first) > dt.timedelta(days=options.recheck_days):
        return False
    # abs: a clock set back must not stop the rechecks.
    waited = abs(now - dt.datetime.fromisoformat(known.checked))
    return waited >= options.recheck_hours
