"""What stands inside an article without being its text: tables, captions, bylines, staff lines, section labels."""

from __future__ import annotations

import re

from bot.bulletins import dates
from bot.bulletins.blocks import Kind
from bot.bulletins.characters import ends_sentence
from bot.bulletins.labels import (
    BYLINE,
    CAPTION,
    CONTACT,
    PUBLICITY,
    SECTION_LABEL,
    SECTION_WORDS,
    TABLE_NOTE,
    TABLE_TITLE,
    UNIT_SUFFIX,
)
from bot.bulletins.paragraphs import is_prose
from bot.bulletins.roles import Piece, Role
from bot.bulletins.tables import columns_of, is_column_row, is_grid_row
from bot.bulletins.titles import essence

_UNIT = re.compile(rf"^(?:中共)?[\u4e00-\u9fff]{{0,3}}[省市县区镇州盟旗](?!.*[:：，,“”]).*(?:{UNIT_SUFFIX.pattern})")


def mark(sheet: list[Piece], start: int, end: int, titles: set[str]) -> None:
    """Give asides in `sheet[start:end]` their roles; `titles` are keys that stay headings whatever they look like."""
    _printed_tables(sheet, start, end)
    for i in range(start, end):
        piece = sheet[i]
        if not piece.free or (len(piece.key) <= 90 and essence(piece.text) in titles):
            continue
        text = piece.key
        if CAPTION.match(text) and len(text) <= 80:
            piece.give(Role.CAPTION, "caption_words")
        elif SECTION_LABEL.match(text) or SECTION_WORDS.match(text):
            piece.give(Role.SECTION, "section_label")
        elif PUBLICITY.match(text):
            piece.give(Role.IMPRINT, "publicity")
        elif BYLINE.match(text) and len(text) <= 60:
            piece.give(Role.BYLINE, "byline")
        elif CONTACT.match(text) and len(text) <= 80:
            piece.give(Role.STAFF, "staff_line")
        elif TABLE_NOTE.match(text) and _beside(sheet, i, Kind.TABLE, start, end):
            piece.give(Role.TABLE, "note_of_table")
    _units_below_titles(sheet, start, end, titles)
    _beside_pictures_and_tables(sheet, start, end, titles)
    _signature(sheet, start, end)


def _printed_tables(sheet: list[Piece], start: int, end: int) -> None:
    """Tables set with blanks or box characters: at least two such lines in a row."""
    i = start
    while i < end:
        j = i
        while j < end and (not sheet[j].free or _is_row(sheet[j])) and sheet[j].block.kind in (Kind.TEXT, Kind.RULE):
            j += 1
        rows = [p for p in sheet[i:j] if p.free]
        if len(rows) >= 2 and (
            any(is_grid_row(p.text) for p in rows) or len({len(columns_of(p.text)) for p in rows}) <= 2
        ):
            for piece in rows:
                piece.give(Role.TABLE, "lines_set_in_columns")
        i = max(j, i + 1)


def _is_row(piece: Piece) -> bool:
    return piece.block.open and not piece.runs_on and (is_grid_row(piece.text) or is_column_row(piece.text))


def _is_table(piece: Piece) -> bool:
    return piece.role is Role.TABLE


def _beside(sheet: list[Piece], i: int, kind: Kind, start: int, end: int) -> bool:
    """Whether a table (or picture) is the neighbour of piece `i`, other asides not counted."""
    for step in (-1, 1):
        j = i + step
        while start <= j < end and (
            sheet[j].role in (Role.CAPTION, Role.PAGE_NUMBER) or TABLE_NOTE.match(sheet[j].key)
        ):
            j += step
        if start <= j < end and (sheet[j].block.kind is kind or (kind is Kind.TABLE and _is_table(sheet[j]))):
            return True
    return False


def _beside_pictures_and_tables(sheet: list[Piece], start: int, end: int, titles: set[str]) -> None:
    for i in range(start, end):
        piece = sheet[i]
        if (
            not piece.free
            or piece.runs_on
            or essence(piece.text) in titles
            or ends_sentence(piece.plain)
            or is_prose(piece.key)
            or len(piece.key) > 50
        ):
            continue
        below = next((p for p in sheet[i + 1 : end] if not TABLE_NOTE.match(p.key)), None)
        above = sheet[i - 1] if i > start else None
        if (
            below is not None
            and _is_table(below)
            and (TABLE_TITLE.match(piece.key) or _set_apart(piece) or piece.key.endswith(("表", "统计", "情况")))
        ):
            piece.give(Role.TABLE, "title_of_table")
            for note in sheet[i + 1 : end]:
                if note is below:
                    break
                note.give(Role.TABLE, "note_of_table")
        elif TABLE_TITLE.match(piece.key) and piece.key[0] in "表附" and any(c.isdigit() for c in piece.key[:4]):
            piece.give(Role.TABLE, "title_of_table")
        elif above is not None and above.block.kind is Kind.IMAGE and (_set_apart(piece) or piece.block.indent == 0):
            piece.give(Role.CAPTION, "below_a_picture")


def _units_below_titles(sheet: list[Piece], start: int, end: int, titles: set[str]) -> None:
    """A unit alone between a title and the text is who sent the article in."""
    lines = [i for i in range(start, end) if sheet[i].free and not sheet[i].runs_on]
    for above, i, below in zip(lines, lines[1:], lines[2:], strict=False):
        alone = not is_prose(sheet[above].key) and not ends_sentence(sheet[above].plain) and is_prose(sheet[below].key)
        if alone and essence(sheet[i].text) not in titles and len(sheet[i].key) <= 24 and _UNIT.match(sheet[i].key):
            sheet[i].give(Role.BYLINE, "unit_below_title")


def _set_apart(piece: Piece) -> bool:
    return piece.block.align == "center" or piece.block.indent > 4.5 or piece.block.indent == 0


def _signature(sheet: list[Piece], start: int, end: int) -> None:
    """Issuer and date set to the right below the last article, when they are no imprint."""
    tail = [p for p in sheet[start:end] if p.free][-2:]
    if not tail or is_prose(tail[-1].key):
        return
    left = dates.without(tail[-1].plain).strip(" ()（）")
    if not dates.find(tail[-1].plain) or (left and not UNIT_SUFFIX.search(left.replace(" ", ""))):
        return
    tail[-1].give(Role.BYLINE, "signed_below_article")
    if len(tail) == 2 and UNIT_SUFFIX.search(tail[0].key) and len(tail[0].key) <= 40 and not is_prose(tail[0].key):
        tail[0].give(Role.BYLINE, "signed_below_article")
