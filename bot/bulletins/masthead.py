"""报头: the publication's name, the issue line, issuers, date and handling note.

The issue line is the anchor: name lines stand before it (after it in few layouts), issuer and date after it.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

from bot.bulletins import dates, issue_line
from bot.bulletins.blocks import Kind
from bot.bulletins.characters import unspaced
from bot.bulletins.labels import (
    BULLET,
    CLASSIFICATION,
    CONTACT,
    CONTENTS,
    CONTENTS_INLINE,
    COPY_NUMBER,
    EDITOR_NOTE,
    EDITOR_NOTE_ALONE,
    PUBLICATION,
    SECTION_LABEL,
    SIGNER,
    UNIT_SUFFIX,
    URGENCY,
    WEEKDAY,
)
from bot.bulletins.lists import starts_list
from bot.bulletins.paragraphs import is_prose
from bot.bulletins.roles import Piece, Role
from bot.bulletins.units import AFTER, BEFORE, SPLIT, split_units
from bot.domain.issue import IssueNumber

_SITE_NAME = re.compile(r"[_|]|\s[-—–]+\s|(?<=[)）报])[-—–]+")
# A name of any kind with a date set apart at the other end of the line.
_DATED = re.compile(
    r"(?:\s{2,}|\t)[^\s].{4,20}[日号]\s*$|^.{6,20}[日号](?:\s{2,}|\t)|(?:\s{2,}|\t)\d{4}[-./]\d{1,2}[-./]\d{1,2}\s*$"
)
_SENTENCE_MARKS = re.compile(r"[，。：！？、“”:!?,]")
_BRACKETED = re.compile(r"^[【\[《<(（](.*)[】\]》>)）]$")
_MAX_NAME_LINES = 6
_REACH = 10  # blocks after the issue line in which issuer and date are looked for


@dataclass(slots=True)
class Masthead:
    """What the masthead says; `end` is the index of the first piece after it."""

    name: str = ""
    number: IssueNumber = field(default_factory=IssueNumber)
    issuers: list[str] = field(default_factory=list)
    date: dt.date | None = None
    bad_date: bool = False
    combined: bool = False
    classification: str | None = None
    end: int = 0
    found_number: bool = False


def read(sheet: list[Piece]) -> Masthead:
    """Read the masthead and give its pieces their roles."""
    head = Masthead()
    stop = next(
        (i for i, p in enumerate(sheet) if p.free and is_prose(p.key) and not issue_line.is_issue_line(p.text)),
        len(sheet),
    )
    stop = next(
        (
            i
            for i in range(stop)
            if CONTENTS.match(sheet[i].key) or CONTENTS_INLINE.match(sheet[i].key) or EDITOR_NOTE.match(sheet[i].key)
        ),
        stop,
    )
    anchors = _anchors(sheet, stop)
    _handling(sheet[:stop], head)
    if anchors:
        _number(sheet, anchors, head)
        _name(sheet, anchors, head, stop)
        head.end = max(head.end, anchors[-1] + 1)
    else:
        _name_alone(sheet, head, stop)
    _issuers(sheet, head, stop)
    if not head.name:
        head.name = _name_beside(sheet)
    return head


def _name_beside(sheet: list[Piece]) -> str:
    """The masthead may be a picture: then the page's own title has the name (`某简报（第3期）_某市人民政府`)."""
    for piece in sheet:
        if piece.role is not Role.FURNITURE or len(piece.key) > 80:
            continue
        for part in _SITE_NAME.split(piece.text):
            line = issue_line.read(part)
            name = line.name if line is not None else _bare(part.strip())
            if PUBLICATION.search(name) and len(name) <= 40 and (line is not None or piece.block.level):
                piece.give(Role.MASTHEAD, "name_in_page_title")
                return unspaced(name)
    return ""


def _anchors(sheet: list[Piece], stop: int) -> list[int]:
    """The pieces of the issue line: the first that stands alone with its neighbours, else the last beside a name."""
    alone: list[int] = []
    mixed: list[int] = []
    for i in range(stop):
        line = issue_line.read(sheet[i].text) if sheet[i].free and not BULLET.match(sheet[i].plain) else None
        if line is not None:
            (alone if line.alone or not line.name else mixed).append(i)
    if not alone:
        return mixed[-1:]
    first = alone[0]
    return [i for i in alone if i - first <= 3]


def _number(sheet: list[Piece], anchors: list[int], head: Masthead) -> None:
    year = number = total = None
    special, parts = "", []
    for i in anchors:
        line = issue_line.read(sheet[i].text)
        if line is None:
            continue
        number = line.number if number is None else number
        total = line.total if total is None else total
        year = line.year if year is None else year
        special = special or line.special
        head.combined |= line.combined
        parts.append(dates.without(sheet[i].plain))
        sheet[i].give(Role.NUMBER, "issue_line")
        if head.classification is None and (note := CLASSIFICATION.findall(sheet[i].plain)):
            head.classification = " ".join(note)
        _date_and_issuers(sheet[i], head, line.rest)
    head.found_number = number is not None or total is not None
    head.number = IssueNumber(year, number, total)
    head.number = IssueNumber(year, number, total, issue_line.label(head.number, special, " ".join(parts)))


def _name(sheet: list[Piece], anchors: list[int], head: Masthead, stop: int) -> None:
    before, others = _lines_before(sheet, anchors[0])
    for i in others:
        _date_and_issuers(sheet[i], head, sheet[i].text)
    line = issue_line.read(sheet[anchors[0]].text)
    unit = line is not None and bool(
        AFTER.search(line.name) or (UNIT_SUFFIX.search(line.name) and not PUBLICATION.search(line.name))
    )
    if line is not None and unit:
        _date_and_issuers(sheet[anchors[0]], head, line.name)
    if line is not None and line.name and not unit:
        # The name, or its end, stands on the issue line itself.
        before = [i for i in before if _bare(sheet[i].key) != line.name]
        own = line.name
    else:
        own = ""
    ends = [i for i in before if PUBLICATION.search(_bare(sheet[i].key))]
    if not own and ends:
        # Units between the name and the issue line are issuers.
        units = [i for i in before if i > ends[-1]]
        before = [i for i in before if i <= ends[-1]]
        for i in units:
            if _is_unit(sheet[i]):
                _date_and_issuers(sheet[i], head, sheet[i].text)
    if not before and not own:
        before = _lines_after(sheet, anchors[-1] + 1, stop)
    before = _without_repeats(sheet, before)
    for i in before:
        sheet[i].give(Role.MASTHEAD, "name_at_issue_line")
    head.name = "".join(_bare(unspaced(sheet[i].text)) for i in before) + _bare(own)
    head.end = max([head.end, *(i + 1 for i in before)])


def _lines_before(sheet: list[Piece], anchor: int) -> tuple[list[int], list[int]]:
    """The lines above the issue line: those of the name, and those of issuer or date."""
    names: list[int] = []
    others: list[int] = []
    for i in range(anchor - 1, -1, -1):
        piece = sheet[i]
        if piece.role is Role.FURNITURE or piece.block.kind is Kind.TABLE:
            break
        if not piece.free:
            continue
        if issue_line.read(piece.text) or len(names) >= _MAX_NAME_LINES or is_prose(piece.key):
            break
        if (AFTER.search(piece.plain) and _is_unit(piece)) or dates.find(piece.plain):
            others.insert(0, i)
        else:
            names.insert(0, i)
    return names, others


def _lines_after(sheet: list[Piece], start: int, stop: int) -> list[int]:
    """Names printed below their issue line: the first run of lines that ends like a publication."""
    run: list[int] = []
    for i in range(start, min(start + _MAX_NAME_LINES, stop)):
        if not sheet[i].free or dates.find(sheet[i].plain):
            continue
        run.append(i)
        if PUBLICATION.search(_bare(sheet[i].key)):
            return run
    return []


def _name_alone(sheet: list[Piece], head: Masthead, stop: int) -> None:
    """No issue line: the first lines that end like the name of a publication."""
    run: list[int] = []
    for i in range(min(stop, 12)):
        if not sheet[i].free:
            continue
        run.append(i)
        if PUBLICATION.search(_bare(sheet[i].key)) and len(sheet[i].key) <= 40:
            run = [j for j in run if not dates.find(sheet[j].plain)]
            for j in run:
                sheet[j].give(Role.MASTHEAD, "ends_like_a_publication")
            head.name = "".join(_bare(unspaced(sheet[j].text)) for j in run)
            head.end = i + 1
            return


def _without_repeats(sheet: list[Piece], lines: list[int]) -> list[int]:
    """A site prints the name once more as its page title: keep the last."""
    kept: list[int] = []
    for i in lines:
        later = "".join(_bare(sheet[j].key) for j in lines if j > i)
        own = _bare(sheet[i].key)
        if not (later and (own == later or (later.startswith(own) and PUBLICATION.search(own)))):
            kept.append(i)
    return kept


def _bare(text: str) -> str:
    match = _BRACKETED.match(text)
    return match[1] if match else text


def _is_unit(piece: Piece) -> bool:
    text = AFTER.sub("", dates.without(piece.plain).strip())
    return bool(UNIT_SUFFIX.search(text.replace(" ", ""))) and len(text) <= 60


def _handling(front: list[Piece], head: Masthead) -> None:
    """Handling note, copy number and urgency; a copy number is no part of the note."""
    for piece in front:
        if not piece.free or len(piece.key) > 60:
            continue
        if URGENCY.match(piece.key) or COPY_NUMBER.match(piece.key):
            piece.give(Role.COPY_NUMBER, "copy_number")
            continue
        bare = _bare(piece.plain)
        found = list(CLASSIFICATION.finditer(re.sub(r"\s+(?=[★*\d年])|(?<=[★*])\s+", "", bare)))
        left = re.sub(
            r"[\s()★*、,.;:!。|【】\[\]·]|份号|编号|NO\.?|\d+|特急|加急",
            "",
            CLASSIFICATION.sub("", re.sub(r"\s", "", bare)),
        )
        if found and not left and head.classification is None:
            head.classification = " ".join(m[0] for m in found)
            piece.give(Role.CLASSIFICATION, "handling_note")
        elif found and not left:
            head.classification = f"{head.classification} {' '.join(m[0] for m in found)}"
            piece.give(Role.CLASSIFICATION, "handling_note")


def _issuers(sheet: list[Piece], head: Masthead, stop: int) -> None:
    """Issuers and date in the pieces that follow, up to the first that is neither."""
    i, seen_rule = head.end, False
    while i < min(head.end + _REACH, stop, len(sheet)):
        piece = sheet[i]
        if piece.block.kind is Kind.RULE:
            seen_rule = True
        if piece.free:
            if not _is_issuer_line(piece, done=bool(head.issuers) and head.date is not None) or (
                seen_rule and head.date and head.issuers
            ):
                break
            _date_and_issuers(piece, head, piece.text)
        elif piece.role is Role.TABLE:
            break
        i += 1
    while i > head.end and sheet[i - 1].role in (Role.LAYOUT, Role.PAGE_NUMBER):
        i -= 1
    head.end = max(head.end, i)


def _is_issuer_line(piece: Piece, *, done: bool) -> bool:
    text = SIGNER.sub("  ", piece.plain)
    if (
        starts_list(piece.text)
        or BULLET.match(piece.plain)
        or CONTENTS.match(piece.key)
        or SECTION_LABEL.match(piece.key)
        or EDITOR_NOTE_ALONE.match(piece.key)
    ):
        return False
    left = WEEKDAY.sub("", dates.without(text)).strip(" \t()（）")
    if not left or CONTACT.match(piece.key):
        return True
    if BEFORE.match(left) or AFTER.search(left):
        return len(left) <= 80
    if _DATED.search(text) and len(left) <= 40 and not _SENTENCE_MARKS.search(left):
        return not done
    parts = [p.replace(" ", "") for p in SPLIT.split(CLASSIFICATION.sub("  ", left)) if p.strip()]
    units = bool(parts) and all(UNIT_SUFFIX.search(p) and len(p) <= 40 for p in parts)
    return units and not done


def _date_and_issuers(piece: Piece, head: Masthead, text: str) -> None:
    """Take the date out of `text`; what is left are issuers."""
    from_plain = piece.plain if text == piece.text else text
    found = dates.find(from_plain)
    if found and head.date is None:
        head.date = found[0].day
        head.bad_date |= found[0].day is None
    left = "" if CONTACT.match(piece.key) else SIGNER.sub("   ", WEEKDAY.sub(" ", dates.without(from_plain)))
    left = CLASSIFICATION.sub("   ", left)
    for name in split_units(left):
        if name not in head.issuers:
            head.issuers.append(name)
    if piece.free:
        piece.give(Role.ISSUER, "issuer_and_date")
