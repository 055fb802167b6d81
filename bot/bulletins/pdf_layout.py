"""Characters on a page -> lines in reading order, with what a reader sees of each.

Rows are characters on one baseline. Where a page is set in two columns, rows part at the gutter; bands of such
rows are read left column first. What spans the gutter (masthead, a wide title, the lists) ends a band.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.bulletins.lists import starts_list

_BOLD_FONT = re.compile(r"bold|black|heavy|hei(?!ti-light)|xiaobiaosong|xbs|黑|小标宋", re.IGNORECASE)
_UNMAPPED = re.compile(r"\(cid:\d+\)")
_COLUMN_ROWS = 4  # fewer rows beside each other than this do not make two columns


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character: its box, baseline (`y` grows downwards), size in points, and whether its face is bold."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line, or the part of one that stands in a column. `left`, `right`: the measure it is set in."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    left: float = 0.0
    right: float = 0.0


def glyphs(chars: Iterable[dict[str, Any]], height: float) -> list[Glyph]:
    """Upright characters of a page, each once (a character printed twice a hair apart is bold by overprint)."""
    found: list[Glyph] = []
    seen: set[tuple[str, int, int]] = set()
    for char in chars:
        text = char["text"]
        if not char["upright"] or not text:
            continue
        y = height - char["matrix"][5]
        place = (text, round(char["x0"]), round(y))
        if place in seen and not text.isspace():
            continue
        seen.add(place)
        shown = "\ufffd" if _UNMAPPED.fullmatch(text) else text
        bold = bool(_BOLD_FONT.search(str(char["fontname"])))
        found.append(Glyph(shown, char["x0"], char["x1"], y, char["size"], bold))
    return found


def rows(page: Sequence[Glyph]) -> list[list[Glyph]]:
    """Characters by baseline, top to bottom, each row left to right."""
    out: list[list[Glyph]] = []
    for glyph in sorted(page, key=lambda g: (g.y, g.x0)):
        if out and abs(glyph.y - out[-1][0].y) <= 0.35 * max(glyph.size, out[-1][0].size):
            out[-1].append(glyph)
        else:
            out.append([glyph])
    return [sorted(row, key=lambda g: g.x0) for row in out]


def gutter(page: Sequence[Sequence[Glyph]]) -> float | None:
    """The middle of the white strip between two columns, None on a page set in one."""
    inked = [[g for g in row if not g.text.isspace()] for row in page]
    inked = [row for row in inked if row]
    if len(inked) < 2 * _COLUMN_ROWS:
        return None
    left = min(row[0].x0 for row in inked)
    right = max(row[-1].x1 for row in inked)
    best: tuple[int, float] | None = None
    for step in range(30, 71):
        x = left + (right - left) * step / 100
        apart = [row for row in inked if not _close(row, x) and not any(g.x0 < x < g.x1 for g in row)]
        beside = [row for row in apart if row[-1].x0 > x]
        walled = [
            row for row in apart if row[0].x1 < x and max(g.x1 for g in row if g.x1 <= x) - left > 0.75 * (x - left)
        ]
        # The second column may hold a few lines only; then the wall at which the first one ends is the evidence.
        if len(beside) < 2 or len(walled) < 2 * _COLUMN_ROWS - len(beside) or len(walled) < len(inked) - len(apart):
            continue
        filled = max(right - min(g.x0 for g in row if g.x0 >= x) for row in beside) / (right - x)
        if filled > 0.75 and (best is None or len(apart) > best[0]):
            best = (len(apart), x)
    return _edge(inked, best[1]) if best else None


def _close(row: Sequence[Glyph], x: float) -> bool:
    """Whether `x` falls into or between characters of one word: no gap of a character's width is there."""
    before = [g for g in row if g.x0 < x]
    after = [g for g in row if g.x0 >= x]
    if not before or not after:
        return False
    return after[0].x0 - max(g.x1 for g in before) < 0.7 * before[-1].size


def _edge(page: Sequence[Sequence[Glyph]], x: float) -> float:
    """Just left of the right column: its edge is straight, while stops hang into the gutter from the left."""
    apart = [row for row in page if row[-1].x0 >= x and not _close(row, x)]
    starts = sorted(min(g.x0 for g in row if g.x0 >= x) for row in apart)
    return starts[len(starts) // 10] - 0.3 * page[0][0].size if starts else x


def lines(page: Sequence[Sequence[Glyph]], middle: float | None) -> list[Line]:
    """Lines in reading order. `left` and `right` are the edges of the column as far as this page shows them."""
    if middle is None:
        return _measured([line for row in page if (line := _line(row))])
    out: list[Line] = []
    band: tuple[list[Line], list[Line]] = ([], [])
    wide: list[Line] = []
    for row in page:
        sides = [g for g in row if g.x0 < middle], [g for g in row if g.x0 >= middle]
        left, right = _line(sides[0]), _line(sides[1])
        spans = (left and right and _close(row, middle)) or any(g.x0 < middle - 1 and g.x1 > middle + 1 for g in row)
        if spans or (left and not right and starts_list(left.text)):
            out += _columns(band)
            band = ([], [])
            line = _line(row)
            if line:
                wide.append(line)
                out.append(line)
        else:
            if left:
                band[0].append(left)
            if right:
                band[1].append(right)
    out += _columns(band)
    edges = min((ln.x0 for ln in out), default=0.0), max((ln.x1 for ln in out), default=0.0)
    return [replace(ln, left=edges[0], right=edges[1]) if ln in wide else ln for ln in out]


def _columns(band: tuple[list[Line], list[Line]]) -> list[Line]:
    return [*_measured(band[0]), *_measured(band[1])]


def _measured(column: list[Line]) -> list[Line]:
    if not column:
        return []
    left = min(ln.x0 for ln in column)
    reach = sorted(ln.x1 for ln in column)
    right = reach[int(0.8 * (len(reach) - 1))]
    return [replace(ln, left=left, right=right) for ln in column]


def _line(row: Sequence[Glyph]) -> Line | None:
    inked = [g for g in row if not g.text.isspace()]
    if not inked:
        return None
    out = ""
    last: Glyph | None = None
    for glyph in row:
        if last is not None and not out.endswith(" "):
            gap = glyph.x0 - last.x1
            if gap > 1.5 * last.size:
                out += "  "
            elif gap > 0.6 * last.size or (gap > 0.2 * last.size and last.text.isascii() and glyph.text.isascii()):
                out += " "
        out += glyph.text
        last = glyph
    sizes = Counter(round(g.size, 1) for g in inked)
    bold = sum(g.bold for g in inked) > 0.6 * len(inked)
    return Line(out.strip(), inked[0].x0, max(g.x1 for g in inked), inked[0].y, sizes.most_common(1)[0][0], bold)
