"""Tables: of data (kept out of every article) or of layout (their cells hold the bulletin itself)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.bulletins import dates
from bot.bulletins.characters import key, plain
from bot.bulletins.issue_line import is_issue_line
from bot.bulletins.labels import CONTENTS, LIST_LABELS, PRINT_COUNT

_LISTS = "|".join(sorted(LIST_LABELS, key=len, reverse=True))
_LIST_CELL = re.compile(rf"^(?:{_LISTS})(?:[::]|$)")
_IMPRINT_CELL = re.compile(r"印发$|(?:编印?|主办)$")
_GRID_ROW = re.compile(r"^[\s]*[│|┃║].*[│|┃║][\s]*$|^[\s]*[┌┬┐├┼┤└┴┘─━+|\-=:\s]{4,}$")
_WIDE_GAP = re.compile(r"\s{2,}|\t+")
_FIGURE = re.compile(
    r"^[-+±≈<>≥≤]?[\d.,%‰:/]+[%‰]?(?:万元|亿元|人|户|个|家|公里|吨|元|亩|次|件|处|套|辆|天|年|月|日|℃|米)?$|^[-—–/]+$"
)


def is_data(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a table holds data. It does when it has rows and columns and no cell is part of a bulletin's frame.

    Frame: an issue line, a list label, 目录, an imprint, or the issuer's date in a table of a few cells; so is a
    cell that holds whole paragraphs, as when a page is set in one table.
    """
    filled = [[key(c) for c in row if c.strip()] for row in rows]
    filled = [row for row in filled if row]
    cells = [c for row in filled for c in row]
    if len(filled) < 2 or max(len(set(row)) for row in filled) < 2:
        return False
    if any(is_issue_line(c) or _LIST_CELL.match(c) or CONTENTS.match(c) or PRINT_COUNT.search(c) for c in cells):
        return False
    if any(_IMPRINT_CELL.search(c) and len(c) < 40 for c in cells) and len(cells) <= 8:
        return False
    if len(cells) <= 6 and any(_is_date(c) for c in cells):
        return False
    return not any(len(c) > 240 and c.count("。") > 2 for c in cells)


def _is_date(cell: str) -> bool:
    found = dates.find(cell)
    return len(found) == 1 and found[0].end - found[0].start == len(cell)


def is_grid_row(text: str) -> bool:
    """A line of a table drawn with box characters or bars."""
    return bool(_GRID_ROW.match(plain(text)))


def columns_of(text: str) -> list[str]:
    """The cells of a line set in columns by blanks or tabs."""
    return [c for c in _WIDE_GAP.split(plain(text).strip()) if c]


def is_column_row(text: str) -> bool:
    """A line that looks like a table row: three short cells or more, or two of which one is a figure."""
    cells = columns_of(text)
    if len(cells) < 2 or any(len(c) > 24 or c[-1] in "。,;:" for c in cells):
        return False
    return len(cells) >= 3 or bool(_FIGURE.match(cells[-1].replace(" ", "")))
