"""The headline list (本期要目, 目录, or lines with bullets before the first article).

It tells the parser where articles begin; it never replaces a heading, which may be worded otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bot.bulletins.blocks import Kind
from bot.bulletins.characters import ends_sentence
from bot.bulletins.labels import CONTENTS, CONTENTS_INLINE, SECTION_LABEL, SECTION_WORDS
from bot.bulletins.paragraphs import is_prose, text_of
from bot.bulletins.roles import Piece, Role
from bot.bulletins.titles import essence, has_leader, is_marked, numbering, unmarked, without_leader


@dataclass(slots=True)
class Headlines:
    """Titles of the list in order, without marks and page numbers; `end`: index of the first piece after it."""

    titles: list[str] = field(default_factory=list)
    end: int = 0
    labelled: bool = False


def read(sheet: list[Piece], start: int) -> Headlines:
    """Read the list that begins at or after `start`, if there is one, and give its pieces their roles."""
    found = Headlines(end=start)
    front = _front(sheet, start)
    if front and CONTENTS_INLINE.match(sheet[front[0]].key):
        return _on_one_line(sheet, front[0])
    label = next((n for n, i in enumerate(front) if CONTENTS.match(sheet[i].key)), None)
    if label is not None:
        sheet[front[label]].give(Role.CONTENTS, "contents_label")
        found.labelled = True
        found.end = front[label] + 1
        front = front[label + 1 :]
    texts = {i: without_leader(text_of(sheet, i)) for i in front}
    later = _later(sheet, start)
    last_place = {title: place for place, title in later}
    entries: list[int] = []
    for n, i in enumerate(front):
        known = [essence(texts[j]) for j in entries]
        own = essence(texts[i])
        if own in known:
            break
        if _is_section(sheet[i]):
            sheet[i].give(Role.SECTION, "section_label_in_contents")
            continue
        repeated = bool(own) and (last_place.get(own, -1) > i or _begins_later(own, i, later))
        marked = is_marked(texts[i]) or sheet[i].block.marked or has_leader(text_of(sheet, i))
        if not (
            repeated
            or (marked and _is_list(sheet, front, texts, n, entries, labelled=found.labelled))
            or (found.labelled and _before_repeat(front, texts, last_place, n))
        ):
            break
        entries.append(i)
    # Section labels swallowed after the last entry belong to the articles below.
    last = entries[-1] if entries else found.end - 1
    for i in front:
        if i > last and sheet[i].role is Role.SECTION:
            sheet[i].give(Role.UNREAD, "")
    for i in entries:
        sheet[i].give(Role.HEADLINE, "entry_of_headline_list")
        found.titles.append(unmarked(texts[i]))
        _give_rest(sheet, i)
    if entries:
        found.end = max(found.end, _after(sheet, last))
    return found


def _on_one_line(sheet: list[Piece], place: int) -> Headlines:
    """`本期要目：甲；乙；丙` as one paragraph."""
    text = text_of(sheet, place)
    body = text[min(n for n in (text.find("："), text.find(":")) if n >= 0) + 1 :]
    parts = re.split(r"[；;]|\s{2,}|\s+(?=(?:[\d]{1,2}|[一二三四五六七八九十]{1,2})[.．、])", body)
    titles = [unmarked(without_leader(p).rstrip("。")) for p in parts if p.strip()]
    sheet[place].give(Role.HEADLINE, "headlines_on_one_line")
    _give_rest(sheet, place)
    return Headlines(titles, _after(sheet, place), labelled=True)


def _front(sheet: list[Piece], start: int) -> list[int]:
    """Heads of paragraphs between the masthead and the first running text."""
    front: list[int] = []
    for i in range(start, len(sheet)):
        piece = sheet[i]
        if piece.block.kind is Kind.TABLE:
            break
        if not piece.free or piece.runs_on:
            continue
        if is_prose(text_of(sheet, i)) and not has_leader(text_of(sheet, i)):
            break
        front.append(i)
    return front


def _later(sheet: list[Piece], start: int) -> list[tuple[int, str]]:
    """Every short paragraph, alone and together with the next two, as a title may be set in several lines."""
    heads = [
        i
        for i in range(start, len(sheet))
        if (sheet[i].free or sheet[i].role is Role.SECTION) and not sheet[i].runs_on and len(sheet[i].key) <= 60
    ]
    found = []
    for n, i in enumerate(heads):
        text = ""
        for j in heads[n : n + 3]:
            text += text_of(sheet, j)
            found.append((i, essence(text)))
    return found


def _is_section(piece: Piece) -> bool:
    return bool(SECTION_LABEL.match(piece.key) or SECTION_WORDS.match(piece.key)) and not has_leader(piece.text)


def _is_list(
    sheet: list[Piece], front: list[int], texts: dict[int, str], n: int, entries: list[int], *, labelled: bool
) -> bool:
    """Whether a marked line is one of several, and not the heading of an article with a mark of its own."""
    i = front[n]
    if labelled or has_leader(text_of(sheet, i)):
        return True
    if not entries:
        same = sum(sheet[j].block.marked == sheet[i].block.marked and _mark(texts[j]) == _mark(texts[i]) for j in front)
        return same > 1 or (sheet[i].block.marked and n + 1 < len(front))
    if _mark(texts[entries[-1]]) != _mark(texts[i]):
        return False
    return not ends_sentence(sheet[i].plain)


def _mark(text: str) -> str:
    return numbering(text) or text[:1] if is_marked(text) else ""


def _before_repeat(front: list[int], texts: dict[int, str], last_place: dict[str, int], n: int) -> bool:
    """Below the label 目录, a line is an entry as long as another entry that is repeated later follows."""
    return any(last_place.get(essence(texts[i]), -1) > i for i in front[n + 1 :])


def _begins_later(own: str, place: int, later: list[tuple[int, str]]) -> bool:
    """Whether a heading further down begins with these words."""
    return len(own) >= 8 and any(place < j and t.startswith(own) for j, t in later)


def _give_rest(sheet: list[Piece], i: int) -> None:
    for piece in sheet[i + 1 :]:
        if piece.runs_on:
            piece.give(Role.HEADLINE, "entry_of_headline_list")
        elif piece.role not in (Role.PAGE_NUMBER, Role.RUNNING_HEAD):
            break


def _after(sheet: list[Piece], last: int) -> int:
    end = last + 1
    while end < len(sheet) and sheet[end].runs_on:
        end += 1
    return end
