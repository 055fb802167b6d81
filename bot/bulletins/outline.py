"""The headings of a bulletin: which lines are titles of articles.

A heading is a line that ends without a stop and is set apart from the text: by a heading style, by size, weight
or alignment, or (plain text) by standing alone. What the first heading looks like, the others look like too;
the headline list, where there is one, says which lines are headings and which are subheads of an article.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.bulletins.characters import ends_clause, key, printed
from bot.bulletins.labels import CIRCLED, CORRECTION, CORRECTION_INLINE, SUBHEAD
from bot.bulletins.looks import LARGER, Look, body_look, like_a_paragraph, look_of, rank, set_apart
from bot.bulletins.paragraphs import is_prose, text_of
from bot.bulletins.roles import Piece, Role
from bot.bulletins.titles import essence, is_marked, numbering, similarity, unmarked

_LONGEST_TITLE = 80
_ALIKE = 0.6  # heading and headline worded differently still share this much


@dataclass(slots=True)
class Heading:
    """A title over an article: the pieces it is set in; `listed` is its place in the headline list."""

    places: list[int]
    title: str
    listed: int | None = None


@dataclass(slots=True)
class Outline:
    """The headings of a body, and the headlines that stand over no article."""

    headings: list[Heading] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    unlisted: list[int] = field(default_factory=list)


def may_be_heading(sheet: list[Piece], i: int) -> bool:
    """Short, without a stop, not a sentence, not the second half of one."""
    piece = sheet[i]
    if not piece.free or piece.runs_on:
        return False
    text = text_of(sheet, i)
    short = key(text)
    if not 2 <= len(short) <= _LONGEST_TITLE or is_prose(short):
        return False
    return not (
        short.endswith(("。", ",", "、", ";", ":"))
        or (ends_clause(short) and not short.endswith(("!", "?", "”", "’", ")", "》")))
    )


def outline(sheet: list[Piece], start: int, end: int, headlines: list[str]) -> Outline:
    """Find the headings in `sheet[start:end]`."""
    candidates = [i for i in range(start, end) if may_be_heading(sheet, i)]
    found = _listed(sheet, candidates, headlines, end) if headlines else []
    result = Outline()
    if found:
        result.headings = found
        listed = {h.listed for h in found}
        result.missing = [n for n in range(len(headlines)) if n not in listed]
        _add_unlisted(sheet, start, end, candidates, result)
    else:
        result.headings = _by_look(sheet, start, end, candidates)
        result.missing = list(range(len(headlines)))
    _add_corrections(sheet, start, end, result)
    result.headings.sort(key=lambda h: h.places[0])
    return result


def _listed(sheet: list[Piece], candidates: list[int], headlines: list[str], end: int) -> list[Heading]:
    """Match headlines with headings in order: the same words first, then what is alike between those."""
    groups = [(g, essence(text)) for g, text in _groups(sheet, candidates, end)]
    wanted = [essence(h) for h in headlines]
    matched: dict[int, list[int]] = {}
    at = -1
    for n, want in enumerate(wanted):
        same = [g for g, text in groups if g[0] > at and text == want]
        if same:
            matched[n] = max((g for g in same if g[0] == same[0][0]), key=len)
            at = matched[n][-1]
    for n, want in enumerate(wanted):
        if n in matched:
            continue
        low = max((matched[m][-1] for m in matched if m < n), default=-1)
        high = min((matched[m][0] for m in matched if m > n), default=end)
        near = [(similarity(t, want), g) for g, t in groups if low < g[0] and g[-1] < high]
        if near:
            score, group = max(near, key=lambda s: (round(s[0], 2), -s[1][0]))
            if score >= _ALIKE:
                matched[n] = group
    return [Heading(matched[n], _title(sheet, matched[n]), n) for n in sorted(matched)]


def _groups(sheet: list[Piece], candidates: list[int], end: int) -> list[tuple[list[int], str]]:
    """Every candidate alone, and with the one or two candidates right below it."""
    groups: list[tuple[list[int], str]] = []
    for n, i in enumerate(candidates):
        group, text = [i], text_of(sheet, i)
        groups.append(([i], text))
        for j in candidates[n + 1 : n + 3]:
            if not _adjacent(sheet, group[-1], j):
                break
            group, text = [*group, j], text + text_of(sheet, j)
            groups.append((group, text))
    return groups


def _adjacent(sheet: list[Piece], i: int, j: int) -> bool:
    return all(p.runs_on or p.role in (Role.PAGE_NUMBER, Role.RUNNING_HEAD, Role.FURNITURE) for p in sheet[i + 1 : j])


def _add_unlisted(sheet: list[Piece], start: int, end: int, candidates: list[int], result: Outline) -> None:
    """Headings the list leaves out: set exactly as those it names. Subtitles are joined to the title above."""
    taken = {p for h in result.headings for p in h.places}
    looks = {look_of(sheet[h.places[0]]) for h in result.headings}
    first = min(taken)
    body = body_look(sheet, start, end)
    apart = body not in looks and any(look[:4] != Look()[:4] for look in looks)
    for h in result.headings:
        _take_subtitle(sheet, candidates, h, taken)
    # An unnamed heading above the first named one may be the inner title of an article known by its headline only.
    for n, i in enumerate(candidates):
        if (
            i in taken
            or numbering(sheet[i].text)
            or look_of(sheet[i]) not in looks
            or sheet[i].text.lstrip().startswith("—")
        ):
            continue
        if not _has_text_below(sheet, candidates, n, end):
            continue
        if _much_shorter(sheet[i], sheet[first]) or CIRCLED.match(sheet[i].text):
            continue
        if apart or (not result.missing and i > first and not like_a_paragraph(sheet[i], body)):
            heading = Heading([i], _title(sheet, [i]))
            taken.add(i)
            _take_subtitle(sheet, candidates, heading, taken)
            result.headings.append(heading)
            result.unlisted.append(i)


def _take_subtitle(sheet: list[Piece], candidates: list[int], heading: Heading, taken: set[int]) -> None:
    below = next((i for i in candidates if i > heading.places[-1]), None)
    if below is None or below in taken or not _adjacent(sheet, heading.places[-1], below):
        return
    if sheet[below].plain.startswith(("—", "--", "-", "–", "―")):
        heading.places.append(below)
        heading.title = _title(sheet, heading.places)
        taken.add(below)


def _has_text_below(sheet: list[Piece], candidates: list[int], n: int, end: int) -> bool:
    stop = candidates[n + 1] if n + 1 < len(candidates) else end
    return any(p.free and not p.runs_on for p in sheet[candidates[n] + 1 : stop])


def _by_look(sheet: list[Piece], start: int, end: int, candidates: list[int]) -> list[Heading]:
    first_text = next((i for i in range(start, end) if sheet[i].free and is_prose(key(text_of(sheet, i)))), end)
    top = [i for i in candidates if i < first_text]
    body = body_look(sheet, start, end)
    if not top:
        # Text before any heading: headings further down still divide what follows, if they are set apart.
        top = [i for i in candidates if set_apart(look_of(sheet[i]), body) and not numbering(sheet[i].text)][:1]
        if not top:
            return []
    lead = top[0]
    numbered = numbering(sheet[lead].text)
    if numbered:
        chosen = [
            i
            for i in candidates
            if numbering(sheet[i].text) == numbered
            and (look_of(sheet[i]) == look_of(sheet[lead]) or not set_apart(look_of(sheet[lead]), body))
        ]
        return [Heading([i], _title(sheet, [i])) for i in chosen]
    styled = set_apart(look_of(sheet[lead]), body)
    headings: list[Heading] = []
    for n, i in enumerate(candidates):
        if headings and i in headings[-1].places:
            continue
        if headings and _continues_title(sheet, headings[-1], i):
            headings[-1].places.append(i)
            headings[-1].title = _title(sheet, headings[-1].places)
            continue
        if i != lead and not _like_lead(sheet, i, lead, body, styled=styled):
            continue
        if i != lead and not _has_text_below(sheet, candidates, n, end) and not _title_goes_on(sheet, candidates, n):
            continue
        headings.append(Heading([i], _title(sheet, [i])))
    return headings


def _like_lead(sheet: list[Piece], i: int, lead: int, body: Look, *, styled: bool) -> bool:
    piece = sheet[i]
    if is_marked(sheet[lead].text):
        return is_marked(piece.text) and unmarked(piece.text) != piece.text and piece.plain[0] == sheet[lead].plain[0]
    if SUBHEAD.match(piece.key) or CIRCLED.match(piece.text) or is_marked(piece.text):
        return False
    if styled:
        look, own = look_of(sheet[lead]), look_of(piece)
        if own[:3] == look[:3] and (look.level or look.size > body.size * LARGER):
            return True  # a title that fills its measure shows neither indent nor alignment
        return (
            own == look
            or (rank(own) > rank(look) and set_apart(own, body))
            or (own[:2] == look[:2] and own.align == look.align == "center")
        )
    return not like_a_paragraph(piece, body) and not _much_shorter(piece, sheet[lead])


def _much_shorter(piece: Piece, title: Piece) -> bool:
    """Where nothing but the words tells a subhead from a title, a subhead is a few characters."""
    return len(piece.key) <= 9 and len(piece.key) < 0.5 * len(title.key)


def _continues_title(sheet: list[Piece], heading: Heading, i: int) -> bool:
    """The next line of a title: right below it and set alike, or a `——` subtitle."""
    last = sheet[heading.places[-1]]
    if not _adjacent(sheet, heading.places[-1], i) or len(heading.places) >= 3:
        return False
    piece = sheet[i]
    if piece.plain.startswith(("——", "--", "—", "――", "–")):
        return True
    if SUBHEAD.match(piece.key) or is_marked(piece.text):
        return False
    return look_of(piece) == look_of(last) and not (piece.block.gap and piece.block.open and not last.block.align)


def _title_goes_on(sheet: list[Piece], candidates: list[int], n: int) -> bool:
    return n + 1 < len(candidates) and _adjacent(sheet, candidates[n], candidates[n + 1])


def _add_corrections(sheet: list[Piece], start: int, end: int, result: Outline) -> None:
    """A correction notice is an item of its own, with or without a line of its own for the word 更正."""
    taken = {p for h in result.headings for p in h.places}
    for i in range(start, end):
        piece = sheet[i]
        if not piece.free or piece.runs_on or i in taken:
            continue
        if CORRECTION.match(piece.key):
            result.headings.append(Heading([i], _title(sheet, [i]).strip("【】[]（）()")))
        elif match := CORRECTION_INLINE.match(piece.key):
            result.headings.append(Heading([i], match[1]))


def _title(sheet: list[Piece], places: list[int]) -> str:
    parts = [printed(text_of(sheet, i)) for i in places]
    parts[0] = unmarked(parts[0])
    out = parts[0]
    for part in parts[1:]:
        out += part if part.startswith(("—", "-", "–", "―")) else f" {part}"
    return out
