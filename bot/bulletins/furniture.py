"""What no reader of the bulletin reads as its text: page numbers, running heads, a web site's own lines.

Each piece of furniture at a page end marks the next text as `cut`: a paragraph may run on across it.
"""

from __future__ import annotations

import re
from collections import defaultdict

from bot.bulletins.blocks import Kind, Region
from bot.bulletins.characters import ends_clause
from bot.bulletins.labels import PAGE_NUMBER, WEB_FURNITURE
from bot.bulletins.lists import starts_list
from bot.bulletins.roles import Piece, Role

_DIGITS = re.compile(r"\d+")
_BREAKS = (Role.PAGE_NUMBER, Role.RUNNING_HEAD)


def strip(sheet: list[Piece]) -> None:
    """Give roles to furniture and mark the pieces a page break stands before."""
    for piece in sheet:
        if not piece.free:
            continue
        if len(piece.key) <= 20 and PAGE_NUMBER.match(piece.key):
            piece.give(Role.PAGE_NUMBER, "page_number")
        elif piece.block.region is Region.OUTSIDE:
            piece.give(Role.FURNITURE, "outside_text_column")
        elif len(piece.key) < 160 and "。" not in piece.key[:-1] and WEB_FURNITURE.search(piece.key):
            piece.give(Role.FURNITURE, "web_site_line")
    _running_heads(sheet)
    cut = False
    for piece in sheet:
        if piece.role in _BREAKS or piece.block.kind is Kind.PAGE_BREAK:
            cut = True
        elif piece.free:
            piece.cut, cut = cut, False


def _running_heads(sheet: list[Piece]) -> None:
    """The same short text (but for digits) beside at least two page ends is a running head or foot.

    Looked for twice: a head may be set in two lines.
    """
    for _ in range(2):
        beside: defaultdict[str, set[int]] = defaultdict(set)
        ends = [i for i, p in enumerate(sheet) if p.role in _BREAKS or p.block.kind is Kind.PAGE_BREAK]
        for i in (-1, *ends, len(sheet)) if ends else ():
            for j in (i - 1, i + 1):
                if 0 <= j < len(sheet) and _may_run(sheet[j]):
                    beside[_DIGITS.sub("#", sheet[j].key)].add(j)
        for places in beside.values():
            if len(places) >= 2:
                for j in places:
                    sheet[j].give(Role.RUNNING_HEAD, "repeated_at_page_ends")


def _may_run(piece: Piece) -> bool:
    return piece.free and len(piece.key) <= 40 and not ends_clause(piece.plain) and not starts_list(piece.text)
