"""The kinds of source a file may name. A new kind is its module, a line in both tables here, and its docs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.domain.publication import SourceSpec

from . import inbox, website, website_options
from .fetching import Sleep
from .keys import Key, Wrong, near

KINDS: Mapping[str, tuple[Key, ...]] = {"inbox": inbox.KEYS, "website": website_options.KEYS}
"""The keys of each kind, beyond those every source has."""


def kind(value: object) -> str:
    """Reads the key `kind`. Raises Wrong."""
    if not isinstance(value, str) or value not in KINDS:
        hint = near(value, KINDS) if isinstance(value, str) else ""
        raise Wrong(f"只能是 {'、'.join(KINDS)}。{hint}")
    return value


def make_source(spec: SourceSpec, *, sleep: Sleep = asyncio.sleep) -> inbox.Inbox | website.Website:
    """The source that `spec` describes, as `load_publications` read it. It fulfils `bot.flows.ports.Source`.

    `sleep` is awaited for the pauses a website is owed.
    """
    match spec.kind:
        case "inbox":
            return inbox.Inbox(**spec.options)
        case "website":
            return website.Website(website_options.WebsiteOptions(**spec.options), sleep=sleep)
        case _:
            raise ValueError(f"no such kind of source: {spec.kind}")
