"""Recognising a pasted webhook URL by its path and credential; the host is checked elsewhere."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

_UNFIT = re.compile(r"[\s\x00-\x1f\x7f]")


def has_path(url: str, pattern: str) -> bool:
    """Is `url` an http(s) address, free of stray spaces, whose whole path matches `pattern`?"""
    if _UNFIT.search(url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(parts.hostname) and bool(re.fullmatch(pattern, parts.path))


def has_query(url: str, name: str) -> bool:
    """Does `url` carry exactly one non-empty query value `name`? For use after `has_path`."""
    return len(parse_qs(urlsplit(url).query).get(name, ())) == 1
