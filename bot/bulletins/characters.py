"""Characters as they are compared, and text as it is kept.

Layout never decides what a word is: `简　　报` and `简报`, `：` and `:`, `２` and `2` are the same to every
rule of the parser. Rules therefore look at `plain` or `key`; what goes into an Issue is `printed`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Zero-width characters and control codes: no reader sees them.
_UNSEEN = re.compile(r"[\u200b-\u200f\u2060\ufeff\u00ad\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]+")
# The joiner inside a composed emoji is part of what is seen: without it one family becomes four people.
_EMOJI = "[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]"
_UNPRINTED = re.compile(
    "[\u200b\u200c\u200e\u200f\u2060\ufeff\u00ad\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]+"
    f"|(?<!{_EMOJI})\u200d|\u200d(?!{_EMOJI})"
)
_SPACES = re.compile(r"\s+")
_HAN = r"[\u2e80-\u2fdf\u3000-\u303f\u3400-\u9fff\uff00-\uffef“”‘’—…]"
_BETWEEN_HAN = re.compile(rf"(?<={_HAN})[ \t]*\n[ \t\n]*(?={_HAN})")
_SENTENCE_END = re.compile(r"[。！？!?][”’」』）)】〕》\"']*$")
_CLAUSE_END = re.compile(r"[。！？!?：:；;][”’」』）)】〕》\"']*$")
_LETTER_SPACED = re.compile(r"^\S(?:\s+\S)+$")


# Every rule asks for it; a line is asked about a dozen times while it is read, and then never again.
@lru_cache(maxsize=2048)
def plain(text: str) -> str:
    """NFKC without zero-width characters; white space keeps its place (full-width becomes a blank)."""
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", text))


def key(text: str) -> str:
    """What two texts share when only layout differs: `plain` without any white space."""
    return _SPACES.sub("", plain(text))


def printed(text: str) -> str:
    """Text as an Issue keeps it: zero-width characters out, white space at the ends and line ends undone."""
    text = _UNPRINTED.sub("", text).replace("\r", "\n")
    text = _BETWEEN_HAN.sub("", text)
    return re.sub(r"\s*\n\s*", " ", text).strip()


def unspaced(text: str) -> str:
    """Undo layout spaces (`简　报`); only for names set in large type, never for running text."""
    return _SPACES.sub("", _UNSEEN.sub("", text))


def letter_spaced(text: str) -> bool:
    """`梅 州 市`: every character set apart."""
    return bool(_LETTER_SPACED.match(text.strip())) and all(len(part) == 1 for part in text.split())


def columns(text: str) -> int:
    """Width on a terminal or a typewriter: a Chinese character takes two columns, a tab four."""
    return sum(4 if c == "\t" else 2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def ends_sentence(text: str) -> bool:
    return bool(_SENTENCE_END.search(text.rstrip()))


def ends_clause(text: str) -> bool:
    """Ends with a stop, a colon or a semicolon: the places where a printed paragraph may end."""
    return bool(_CLAUSE_END.search(text.rstrip()))
