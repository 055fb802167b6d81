"""Lines to paragraphs, and paragraphs across page ends.

A paragraph interrupted by a page break or by any other layout is one paragraph. What shows that a line runs on:
it ends without a stop, or it fills the measure and the next line is not indented where paragraphs are.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.bulletins.characters import ends_clause, ends_sentence
from bot.bulletins.labels import BULLET, LEADER, SUBHEAD
from bot.bulletins.roles import Piece, Role

_CONTINUES = re.compile(r"^[，。、；：！？,.;:!?）)】》”’%％]")
_UNFINISHED = re.compile(r"[，、,（(《“‘\-—]$")
_UNFINISHED_WORD = re.compile(r"[的了和与及在对为把将到从向等第个、]$|\d$")
_OPENING = re.compile(
    r"^(?:\d{1,2}月|今年|近日|近期|近年|日前|连日来|为|自|据|截至|目前|随着|春节|新年|走进|[^，。]{2,6}(?:县|区|市|镇|局|委|办))"
)
_SKIPPED = (Role.PAGE_NUMBER, Role.RUNNING_HEAD, Role.FURNITURE)


def is_prose(text: str) -> bool:
    """Running text, as opposed to a heading or a line of the frame: sentences, or too long to be a title."""
    if len(text) < 16:
        return False
    if len(text) > 70 or ("。" in text[:-1] and len(text) >= 20):
        return True
    if ends_sentence(text) and not text.endswith(("!", "?", "！", "？")):
        return "," in text or "，" in text or "。" in text or len(text) >= 24
    return len(text) >= 36 and text.endswith((":", "：", ",", "，", ";", "；"))


def indents(sheet: list[Piece]) -> bool:
    """Whether this document indents the first line of its paragraphs (by one to four characters)."""
    lines = [p for p in sheet if p.free and p.block.open and not p.block.align and len(p.key) >= 8]
    if any(p.block.full for p in lines):
        starts = [p for p in lines if 1 <= p.block.indent <= 4.5 and not BULLET.match(p.plain)]
        return len(starts) >= max(1, 0.08 * len(lines))
    prose = [p for p in sheet if p.free and is_prose(p.key)]
    return 2 * sum(1 <= p.block.indent <= 4.5 for p in prose) >= max(1, len(prose))


def join_lines(sheet: list[Piece]) -> None:
    """Join lines of one paragraph where no gap is between them (wrapped text)."""
    indented = indents(sheet)
    head: Piece | None = None
    last: Piece | None = None
    for piece in sheet:
        if not piece.free:
            head = last = None
            continue
        if last is not None and head is not None and _wraps(head, last, piece, indented):
            piece.runs_on = True
        else:
            head = piece
        last = piece


def _wraps(head: Piece, above: Piece, piece: Piece, indented: bool) -> bool:
    if (
        not (above.block.open and piece.block.open)
        or piece.block.gap
        or piece.cut
        or above.block.cell != piece.block.cell
    ):
        return False
    if _CONTINUES.match(piece.plain):
        return True
    if BULLET.match(piece.plain) or LEADER.search(above.plain):
        return False
    starts = 1 <= piece.block.indent <= 4.5
    if not above.block.full:
        # A line pulled short by the rules of line breaking: it has no stop, and the next has no indent.
        inside = indented and 1 <= head.block.indent <= 4.5 and not starts and not piece.block.align
        return (
            inside and is_prose(head.key + above.key) and not ends_clause(above.plain) and not _other_type(above, piece)
        )
    if _other_type(above, piece) or above.block.bold != piece.block.bold:
        return False
    if piece.block.align == "center" and not above.block.align:
        return not ends_clause(above.plain)  # a title that fills its first line and is centred on its second
    if above.block.align != piece.block.align:
        return False
    if piece.block.align == "center":
        return True
    if indented:
        hanging = BULLET.match(head.plain) and 0 <= piece.block.indent - head.block.indent <= 3
        return piece.block.indent < 1 or bool(hanging)
    return not (ends_clause(above.plain) and SUBHEAD.match(piece.key))


def _other_type(a: Piece, b: Piece) -> bool:
    """Set in another size: never one paragraph."""
    return bool(a.block.size and b.block.size) and abs(a.block.size - b.block.size) > 0.15 * max(
        a.block.size, b.block.size
    )


def text_of(sheet: list[Piece], start: int) -> str:
    """The text of the paragraph whose first piece is at `start`."""
    out = sheet[start].text
    for piece in sheet[start + 1 :]:
        if piece.runs_on:
            out = join(out, piece.text)
        elif piece.role not in _SKIPPED and piece.block.text:
            break
    return out


def join(a: str, b: str) -> str:
    """Two lines of one paragraph: a blank only between Latin words."""
    if a and b and a[-1].isascii() and b[0].isascii() and a[-1].isalpha() and b[0].isalpha():
        return f"{a} {b}"
    return a + b


def join_across(sheet: list[Piece], start: int, end: int, is_title: Callable[[Piece], bool]) -> list[int]:
    """Join paragraphs cut by a page end (or by stray white space) in `sheet[start:end]`.

    Returns the places joined without a page number or form feed to show for it.
    """
    indented = indents(sheet[start:end])
    unsure: list[int] = []
    last: int | None = None
    tail: Piece | None = None
    for i in range(start, end):
        piece = sheet[i]
        if not piece.free:
            finished = tail is not None and ends_clause(tail.plain)
            aside = piece.role in (Role.TABLE, Role.CAPTION)
            ended = finished if aside else piece.role not in (*_SKIPPED, Role.LAYOUT)
            if ended:
                last = tail = None
            continue
        if piece.runs_on:
            tail = piece
            continue
        if (
            last is not None
            and tail is not None
            and not is_title(sheet[last])
            and not is_title(piece)
            and _cut(text_of(sheet, last), sheet[last], tail, piece, indented)
        ):
            piece.runs_on = True
            if not piece.cut:
                unsure.append(i)
        else:
            last = i
        tail = piece
    return unsure


def _cut(paragraph: str, head: Piece, tail: Piece, piece: Piece, indented: bool) -> bool:
    """Whether `piece` is the second half of `paragraph` (whose last line is `tail`)."""
    starts = 1 <= piece.block.indent <= 4.5
    if (
        (indented and starts)
        or BULLET.match(piece.plain)
        or _other_type(tail, piece)
        or tail.block.level != piece.block.level
    ):
        return False
    if piece.block.align != tail.block.align and "center" in (piece.block.align, tail.block.align):
        return False
    if _CONTINUES.match(piece.plain) or _UNFINISHED.search(tail.plain):
        return True
    if SUBHEAD.match(piece.key) and not piece.cut:
        return False
    if ends_sentence(tail.plain):
        # A page may end with a sentence; only the missing indent shows that the paragraph goes on.
        return piece.cut and indented and 1 <= head.block.indent <= 4.5 and is_prose(piece.key)
    if ends_clause(tail.plain):
        return False
    if indented and 1 <= head.block.indent <= 4.5 and not SUBHEAD.match(head.key) and not head.block.bold:
        return piece.cut or is_prose(paragraph) or is_prose(piece.key)
    if SUBHEAD.match(head.key) or head.block.indent > 4.5 or tail.block.bold != piece.block.bold:
        return False
    return piece.cut or reads_on(paragraph, piece.plain)


def reads_on(text: str, below: str = "") -> bool:
    """Whether `text`, which has no end, is running text that goes on in `below`, and not a title over it.

    No single sign decides: a title may hold a comma, half a paragraph may be short.
    """
    signs = 3 * ("。" in text or "；" in text or ";" in text) + 3 * (len(text) > 60)
    commas = text.count("，") + text.count(",")
    signs += (
        (commas > 0 and len(text) >= 32)
        + (commas > 1 or (commas == 1 and "、" in text))
        + bool(_UNFINISHED_WORD.search(text))
    )
    first_clause = re.match(r"[^，。、；：！？,;:]*", below)
    signs += 2 * (first_clause is not None and 0 < len(first_clause[0]) <= 3)
    signs -= bool(_OPENING.match(below)) + bool(re.search(r"[：“” ]", text))
    return signs >= 2
