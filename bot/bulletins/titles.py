"""Titles as they are compared: marks in front, leaders and page numbers behind are no part of them."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache

from bot.bulletins.characters import key, plain
from bot.bulletins.labels import BULLET, LEADER, NUMBERED

_LAYOUT_MARKS = re.compile(r"[\s—\-–:：,，、;；.。!！?？“”\"'‘’《》()（）·]+")
_MARK = re.compile(r"^\s*(?:[●○■□★☆◆◇▲△▼▽►▶▪▫◎※•·∙⚫⚪✦✧❖➢⮚\uf06c\uf0b2\uf075\uf0d8\uf06e>*+~]+|[-–—](?![-–—\d]))\s*")
_PRINTED_NUMBERS = {
    "一、": re.compile(r"^\s*[一二三四五六七八九十]{1,3}\s*[、．.，]\s*"),
    "（一）": re.compile(r"^\s*[（(][一二三四五六七八九十]{1,3}[）)]\s*"),
    "1.": re.compile(r"^\s*[\d０-９]{1,2}\s*[、．.](?![\d０-９])\s*"),
    "（1）": re.compile(r"^\s*[（(][\d０-９]{1,2}[）)]\s*"),
}


def numbering(text: str) -> str:
    """The kind of number a heading starts with: `一、`, `（一）`, `1.`, `（1）`, "" for none."""
    bare = key(_MARK.sub("", text))
    return next((kind for kind, pattern in NUMBERED.items() if pattern.match(bare)), "")


def unmarked(text: str, *, numbers: bool = True) -> str:
    """`text` without bullets and (unless `numbers` is False) without the number in front."""
    bare = _MARK.sub("", text).strip()
    kind = numbering(bare) if numbers else ""
    return _PRINTED_NUMBERS[kind].sub("", bare, count=1).strip() if kind else bare


def is_marked(text: str) -> bool:
    return bool(BULLET.match(plain(text)) or numbering(text))


def has_leader(text: str) -> bool:
    """Ends with dots or a wide gap and a page number, as an entry of a 目录."""
    return bool(LEADER.search(text.rstrip()))


def without_leader(text: str) -> str:
    """An entry of a 目录 without its dots and page number, as printed otherwise."""
    return re.sub(r"(?:[.．·・]{3,}|[…⋯‥]+)$", "", LEADER.sub("", text.rstrip()).rstrip()).strip()


# A title is compared with every heading that may be it.
@lru_cache(maxsize=2048)
def essence(text: str) -> str:
    """What two printings of one title share."""
    return _LAYOUT_MARKS.sub("", plain(unmarked(text)))


def similarity(a: str, b: str) -> float:
    """0 to 1; 1 when only layout differs, at least 0.9 when one goes on where the other stops."""
    if a == b:
        return 1.0
    if not a or not b:
        return 0.0
    if min(len(a), len(b)) >= 6 and (a.startswith(b) or b.startswith(a) or a.endswith(b) or b.endswith(a)):
        return 0.9
    return SequenceMatcher(None, a, b, autojunk=False).ratio()
