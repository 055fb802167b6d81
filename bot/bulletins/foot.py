"""报尾: the three lists, the 印发 line, 共印n份, and what stands among and below them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

from bot.bulletins import dates, lists
from bot.bulletins.blocks import Kind
from bot.bulletins.characters import ends_sentence
from bot.bulletins.labels import (
    ATTACHMENT,
    CONTACT,
    CORRECTION,
    CORRECTION_INLINE,
    PRINT_COUNT,
    PRINTED_BY,
    PUBLICITY,
    UNIT_SUFFIX,
)
from bot.bulletins.numerals import number
from bot.bulletins.paragraphs import is_prose, join
from bot.bulletins.roles import Piece, Role
from bot.bulletins.units import split_units
from bot.domain.issue import ListKind

_WHOLE_NAME = re.compile(rf"{UNIT_SUFFIX.pattern}|(?:单位|部门|领导|同志)$")
_NAME_STARTS = re.compile(r"[各省市县区本]")
_TAIL_OF_NAME = re.compile(r"^(?:人民政府|办公室|委员会|管委会|领导小组|各?(?:成员)?单位|办事处)[。.]?$")


@dataclass(slots=True)
class Foot:
    """What the foot says. `leftovers` are the places of pieces below the lists that belong to nothing known."""

    lists: lists.Reading = field(default_factory=lists.Reading)
    date: dt.date | None = None
    issuers: list[str] = field(default_factory=list)
    print_count: int | None = None
    leftovers: list[int] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)  # labels nothing stands after


def read_front(sheet: list[Piece], start: int, foot: Foot) -> int:
    """Read lists printed between the masthead and the first article; the index of the first piece after them."""
    end = start
    for i in range(start, len(sheet)):
        piece = sheet[i]
        if not piece.free or piece.runs_on:
            continue
        if lists.starts_list(piece.text, in_cell=piece.block.cell is not None):
            end = i + 1
        elif end > start or is_prose(piece.key):
            break
    if end == start:
        return start
    while end < len(sheet) and (sheet[end].runs_on or not sheet[end].free):
        end += 1
    first = next(
        i
        for i in range(start, end)
        if sheet[i].free and lists.starts_list(sheet[i].text, in_cell=sheet[i].block.cell is not None)
    )
    if not any(p.free and is_prose(p.key) and not _is_foot_line(p) for p in sheet[end:]):
        return start  # nothing but the foot
    read(sheet, first, end, foot)
    return end if first == start or not any(p.free for p in sheet[start:first]) else start


def find(sheet: list[Piece], body: int) -> tuple[int, int]:
    """Where the foot begins and ends: from its first sure line below the first running text."""
    first_prose = next(
        (
            i
            for i in range(body, len(sheet))
            if sheet[i].free and is_prose(sheet[i].key) and not _is_foot_line(sheet[i])
        ),
        None,
    )
    if first_prose is None:
        first_prose = body
    start = next(
        (
            i
            for i in range(first_prose, len(sheet))
            if sheet[i].free and _is_foot_line(sheet[i]) and _nothing_below(sheet, i)
        ),
        len(sheet),
    )
    while start > first_prose + 1 and start < len(sheet) and _belongs_to_imprint(sheet, start):
        start -= 1
    end = next((i for i in range(start, len(sheet)) if sheet[i].free and _is_correction(sheet[i])), len(sheet))
    return start, end


def _is_correction(piece: Piece) -> bool:
    return bool(CORRECTION.match(piece.key) or CORRECTION_INLINE.match(piece.key))


def _is_foot_line(piece: Piece) -> bool:
    return (
        lists.starts_list(piece.text, in_cell=piece.block.cell is not None)
        or lists.is_prose_list(piece.text)
        or _is_imprint(piece)
        or (bool(PRINT_COUNT.search(piece.key)) and len(piece.key) <= 30)
    )


def _is_imprint(piece: Piece) -> bool:
    return (
        len(piece.key) <= 80
        and bool(PRINTED_BY.search(piece.key))
        and (bool(dates.find(piece.plain)) or piece.key.endswith("印发"))
    )


def _nothing_below(sheet: list[Piece], i: int) -> bool:
    """A list label inside the text (a quotation, say) has many paragraphs below it; the foot has not."""
    below = [
        p for p in sheet[i + 1 :] if p.free and is_prose(p.key) and not _is_foot_line(p) and not ATTACHMENT.match(p.key)
    ]
    above = [p for p in sheet[:i] if p.free and is_prose(p.key)]
    return len(below) <= max(3, len(above)) or any(ATTACHMENT.match(p.key) or _is_correction(p) for p in sheet[i + 1 :])


def _belongs_to_imprint(sheet: list[Piece], start: int) -> bool:
    """The issuer of an imprint set in two cells or lines stands right above its date."""
    above = sheet[start - 1]
    if above.role is Role.LAYOUT and above.block.kind is Kind.RULE:
        return False
    return (
        above.free
        and _is_imprint(sheet[start])
        and bool(UNIT_SUFFIX.search(above.key))
        and len(above.key) <= 40
        and dates.without(sheet[start].plain).strip() in ("印发", "印制", "编发", "印刷")
    )


def read(sheet: list[Piece], start: int, end: int, foot: Foot) -> None:
    """Read the pieces from `start` to `end` into `foot`, give each its role."""
    current: ListKind | None = None
    text = ""
    above: Piece | None = None
    below_label = False  # the label stands on a line of its own, its items below it

    def close() -> None:
        nonlocal current, text
        if current is not None and text.strip():
            foot.lists.add(current, text)
        elif current is not None:
            foot.empty.append(current.chinese)
        current, text = None, ""

    for i in range(start, end):
        piece = sheet[i]
        if not piece.free:
            if piece.role is Role.LAYOUT and piece.block.kind is Kind.RULE:
                close()
            continue
        opened = lists.split_labels(piece.text, in_cell=piece.block.cell is not None)
        if opened:
            close()
            for kind, words in opened[:-1]:
                foot.lists.add(kind, words)
            current, text = opened[-1]
            below_label = not text
            piece.give(Role.LIST, "list_label")
            text = _without_count(text, foot)
        elif _frame(sheet, i, foot):
            close()
        elif (
            current is not None
            and above is not None
            and (_goes_on(text, above, piece) or (below_label and _names(piece)))
        ):
            joint = "、" if _next_item(text, above, piece) else ""
            more, opened = lists.split_inside(piece.text)
            text = _without_count(join(text + joint, more), foot)
            piece.give(Role.LIST, "list_goes_on")
            for kind, words in opened:
                close()
                current, text = kind, words
        else:
            close()
            piece.give(Role.AFTER_FOOT, "below_the_lists")
            foot.leftovers.append(i)
        above = piece
    close()


def _next_item(text: str, above: Piece, piece: Piece) -> bool:
    """Whether a line set below is an item of its own, and not the rest of a name."""
    if not text or text.endswith(("、", "，", ",", "；", ";")) or piece.plain.startswith(("、", "，", ",", "；", ";")):
        return False
    if above.block.full or _open_bracket(text) or _TAIL_OF_NAME.match(piece.key):
        return False
    printed_items = lists.items(text)
    # A list that prints its separators seldom leaves one out at a line's end: only between two whole names.
    whole = (
        bool(printed_items) and bool(_WHOLE_NAME.search(printed_items[-1])) and bool(_NAME_STARTS.match(piece.plain))
    )
    return len(printed_items) < 2 or whole


def _open_bracket(text: str) -> bool:
    return text.count("（") + text.count("(") > text.count("）") + text.count(")")


def _goes_on(text: str, above: Piece, piece: Piece) -> bool:
    if not text:
        return True
    if ends_sentence(text):
        return False
    if text.rstrip().endswith(("、", "，", ",", "；", ";")) or piece.plain.startswith(
        ("、", "，", ",", "；", ")", "）")
    ):
        return True
    if _open_bracket(text):
        return True
    if not (above.block.open and piece.block.open) or len(piece.key) > 120:
        return False
    return piece.cut or (not piece.block.gap and (above.block.full or piece.block.indent > above.block.indent))


def _without_count(text: str, foot: Foot) -> str:
    """共印n份 set on the last list line is no recipient."""
    match = re.search(r"\s*[（(]?\s*共\s*印\s*(?:[\d０-９]+|[一二三四五六七八九十百]+)\s*份\s*[)）]?\s*$", text)
    if match is None:
        return text
    _count(re.sub(r"\s", "", match[0]), foot)
    return text[: match.start()]


def _count(key: str, foot: Foot) -> bool:
    match = PRINT_COUNT.search(key.translate(str.maketrans("０１２３４５６７８９", "0123456789")))
    if match and foot.print_count is None:
        foot.print_count = number(match[1])
    return match is not None


def _frame(sheet: list[Piece], i: int, foot: Foot) -> bool:
    """Imprint, print count, contact and publicity lines."""
    piece = sheet[i]
    counted = len(piece.key) <= 60 and _count(piece.key, foot)
    if _is_imprint(piece) or (len(piece.key) <= 80 and "印发" in piece.key and dates.find(piece.plain)):
        found = dates.find(piece.plain)
        if found and foot.date is None:
            foot.date = found[-1].day
        left = re.sub(r"印\s*发|印\s*制|印\s*刷", "  ", PRINT_COUNT.sub("", dates.without(piece.plain)))
        foot.issuers.extend(u for u in split_units(left) if u not in foot.issuers)
        piece.give(Role.IMPRINT, "printed_by")
    elif counted:
        piece.give(Role.IMPRINT, "print_count")
    elif CONTACT.match(piece.key):
        piece.give(Role.STAFF, "contact_line")
    elif PUBLICITY.match(piece.key):
        piece.give(Role.IMPRINT, "publicity")
    elif dates.find(piece.plain) and not dates.without(piece.plain).strip(" ()（）"):
        piece.give(Role.IMPRINT, "date_at_foot")
    elif bool(UNIT_SUFFIX.search(piece.key)) and len(piece.key) <= 40 and _next_is_imprint(sheet, i):
        foot.issuers.extend(u for u in split_units(piece.plain) if u not in foot.issuers)
        piece.give(Role.IMPRINT, "printed_by")
    else:
        return False
    return True


def _names(piece: Piece) -> bool:
    return len(piece.key) <= 40 and not is_prose(piece.key) and not ATTACHMENT.match(piece.key)


def _next_is_imprint(sheet: list[Piece], i: int) -> bool:
    after = next((p for p in sheet[i + 1 :] if p.free), None)
    return after is not None and _is_imprint(after)
