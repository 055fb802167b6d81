"""编者按 and its kin: the editors speak, so it is no part of any article."""

from __future__ import annotations

from bot.bulletins.characters import key, printed
from bot.bulletins.labels import CONTENTS, EDITOR_NOTE, EDITOR_NOTE_ALONE
from bot.bulletins.paragraphs import is_prose, text_of
from bot.bulletins.roles import Piece, Role
from bot.bulletins.titles import has_leader


def read_front(sheet: list[Piece], start: int) -> str | None:
    """A note before the first article: every paragraph from its label to the next heading or list."""
    first = next((i for i in range(start, len(sheet)) if sheet[i].free), None)
    if first is None or not _opens(sheet[first]):
        return None
    places = [first]
    for i in range(first + 1, len(sheet)):
        piece = sheet[i]
        if not piece.free or piece.runs_on:
            continue
        text = key(text_of(sheet, i))
        if not is_prose(text) or has_leader(text_of(sheet, i)) or CONTENTS.match(text):
            break
        places.append(i)
    else:
        places = places[:2]  # no heading below: only the paragraph under the label is surely the note
    return _take(sheet, places)


def read_inside(sheet: list[Piece], start: int, end: int) -> str | None:
    """Notes below a title or between articles: the labelled paragraph, or the one under a label of its own."""
    found: list[str] = []
    for i in range(start, end):
        if not sheet[i].free or sheet[i].runs_on or not _opens(sheet[i]):
            continue
        places = [i]
        if EDITOR_NOTE_ALONE.match(sheet[i].key):
            places += [j for j in range(i + 1, end) if sheet[j].free and not sheet[j].runs_on][:1]
        found.append(_take(sheet, places))
    return "\n".join(found) or None


def _opens(piece: Piece) -> bool:
    return bool(EDITOR_NOTE.match(piece.key) or EDITOR_NOTE_ALONE.match(piece.key))


def _take(sheet: list[Piece], places: list[int]) -> str:
    texts = [printed(text_of(sheet, i)) for i in places]
    for i in places:
        sheet[i].give(Role.NOTE, "editors_note")
        for piece in sheet[i + 1 :]:
            if piece.runs_on and piece.free:
                piece.give(Role.NOTE, "editors_note")
            elif piece.role not in (Role.PAGE_NUMBER, Role.RUNNING_HEAD):
                break
    return "\n".join(texts)
