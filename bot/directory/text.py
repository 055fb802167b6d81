"""What counts as blank around a name, and the nearest allowed word to a wrong one."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

EDGES = "\u200b\u200c\u200d\u2060\ufeff"
"""Zero-width characters that pasting from web pages and chats leaves at the ends of a text."""

_BREAKS = ("Cc", "Cs", "Zl", "Zp")


def trimmed(text: str) -> str:
    """Without white space (full-width too) and zero-width characters at both ends; the inside is left as it is."""
    before = None
    while text != before:
        before = text
        text = text.strip().strip(EDGES)
    return text


def unprintable(text: str) -> bool:
    """Does it hold line breaks, control characters, or what neither YAML nor XML can carry?"""
    return any(unicodedata.category(c) in _BREAKS or c in "\ufffe\uffff" for c in text)


def near(word: str, allowed: Iterable[str]) -> str:
    """The end of a problem's sentence: “did you mean”, or "" when nothing is near."""
    found = difflib.get_close_matches(word[:64], list(allowed), n=1, cutoff=0.6)
    return f"；是不是“{found[0]}”？" if found else ""
