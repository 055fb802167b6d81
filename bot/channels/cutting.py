"""Where text may be cut and how its pieces are joined: characters as people count them, sentences, numbers."""

from __future__ import annotations

import re
import unicodedata

_RUN = re.compile(r"[0-9A-Za-z.,%]{2}")
_CLOSERS = "。！？”’」』）)】〕》\"'"


def shorten(text: str, chars: int) -> str:
    """`text` in at most `chars` characters, ended with … when something is missing.

    Never cut inside a character, a number or a Latin word: half of 2026 is another year.
    """
    if len(text) <= chars:
        return text
    cut = whole = edge(text, chars - 1)
    while whole and _RUN.fullmatch(text[whole - 1 : whole + 1]):
        whole -= 1
    return text[: whole or cut].rstrip() + "…"


def shorten_bytes(text: str, most: int) -> str:
    """`text` in at most `most` bytes of UTF-8, cut as `shorten` does."""
    chars = most
    while len((cut := shorten(text, chars)).encode()) > most:
        chars = min(chars, len(cut)) - 1
    return cut


def joined(sentences: tuple[str, ...]) -> str:
    """Sentences on one line; one without a stop is a subhead, which wide spaces keep apart on both sides."""
    text = ""
    for sentence in sentences:
        apart = text and (text[-1] not in _CLOSERS or sentence[-1:] not in _CLOSERS)
        text += "\u3000" + sentence if apart else sentence
    return text


def edge(text: str, at: int) -> int:
    """The last edge between characters, as people count them, at or before `at`; `at` itself when there is none."""
    cut = at
    while 0 < cut < len(text) and _belongs(text, cut):
        cut -= 1
    return cut or at


def _belongs(text: str, at: int) -> bool:
    """Does the code point at `at` belong to the character before it (accents, skin tones, joined emoji, flags)?"""
    here, before = text[at], text[at - 1]
    if unicodedata.combining(here) or here in "\u200d\ufe0e\ufe0f\u20e3" or before == "\u200d":
        return True
    if "\U0001f3fb" <= here <= "\U0001f3ff":
        return True
    if _flag(here) and _flag(before):
        run = at
        while run and _flag(text[run - 1]):
            run -= 1
        return (at - run) % 2 == 1
    return False


def _flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
