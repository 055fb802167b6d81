"""Fit a card into a vendor's limits: one algorithm for every channel.

Full, then leads shortened by whole sentences, then titles only, then parts. Titles stand verbatim and in order in
every stage; whatever is left out is marked on the card and written in the message's notes. The channel says how a
sheet becomes a payload and whether a payload is within its limits, so what is measured is what goes out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bot.domain.card import Card, CardItem, Message

from .cutting import edge, joined, shorten
from .escaping import plain

MARK_WITH_LINK = "全文见链接"
MARK_WITHOUT_LINK = "全文见原件"
UNNAMED = "工作简报"
"""Stands for a masthead that is missing or invisible: vendors refuse a card without a title."""

NO_ROOM = "the channel's limit leaves no room for a title; is the reader link too long?"


@dataclass(frozen=True, slots=True)
class Room:
    """What we allow ourselves inside the vendor's limits, in characters; a phone screen is the measure.

    `lead_chars`: one article's lead; `leads_chars`: all of them together, shared evenly. `head_chars`: each of
    masthead, issue label and issuers. `change_chars`: the list of changes on a correction.
    """

    lead_chars: int
    leads_chars: int = 1_500
    head_chars: int = 80
    change_chars: int = 300


def titles_only(head_chars: int, change_chars: int) -> Room:
    """Room for a message that has no place for leads."""
    return Room(lead_chars=0, leads_chars=0, head_chars=head_chars, change_chars=change_chars)


@dataclass(frozen=True, slots=True)
class Shown:
    """One article as a message shows it. `continued`: this is a further piece of a title begun in an earlier part."""

    number: int
    title: str
    lead: str = ""
    continued: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one message shows. `shortened`: something of the issue is not on it, so it must say where the rest is."""

    card: Card
    items: tuple[Shown, ...]
    changes_left_out: int = 0
    part: int = 1
    parts: int = 1
    shortened: bool = False

    def values(self) -> dict[str, object]:
        """The names a template may use besides `card`."""
        mark = MARK_WITH_LINK if self.card.link else MARK_WITHOUT_LINK
        return {
            "items": self.items,
            "articles": len(self.card.items),
            "issuer": "、".join(self.card.issuer),
            "list": self.card.list_kind.chinese if self.card.list_kind else "",
            "changes_left_out": self.changes_left_out,
            "part": self.part,
            "parts": self.parts,
            "mark": mark if self.shortened else "",
        }


Items = tuple[Shown, ...]
Build = Callable[[Sheet], Mapping[str, Any]]
Fits = Callable[[Mapping[str, Any]], bool]


def fit(card: Card, build: Build, fits: Fits, room: Room) -> tuple[Message, ...]:
    """The card as one message, or as several parts when even its titles do not fit into one.

    The same card always gives the same messages. Raises ValueError when the limits leave no room for a single
    character of a title, which only an absurdly long reader link can cause.
    """
    whole = fit_one(card, build, fits, room)
    return (whole,) if whole else _in_parts(card, build, fits, room)


def fit_one(card: Card, build: Build, fits: Fits, room: Room) -> Message | None:
    """The card as one message with the longest leads that fit; None when its titles alone do not."""
    head, notes = _head(card, room)
    budgets = _budgets(card, min(room.lead_chars, room.leads_chars // max(len(card.items), 1)))
    payloads: dict[int, Mapping[str, Any]] = {}

    def works(budget: int) -> bool:
        payloads[budget] = build(_sheet(head, card.items, budget))
        return fits(payloads[budget])

    # The full one comes first and apart: it bears no mark, so it may be shorter than one that leaves little out.
    if works(budgets[-1]):
        best = budgets[-1]
    elif count := _largest(len(budgets) - 1, lambda n: works(budgets[n - 1])):
        best = budgets[count - 1]
    else:
        return None
    return Message(1, 1, payloads[best], notes + _lead_notes(card, best))


def _head(card: Card, room: Room) -> tuple[Sheet, tuple[str, ...]]:
    """The sheet without articles: masthead, label, issuers and changes brought to a bounded length."""
    issuer = card.issuer
    if len("、".join(issuer)) > room.head_chars:
        issuer = (shorten(issuer[0], room.head_chars - 8) + (f"等{len(issuer)}家" if len(issuer) > 1 else ""),)
    printed = card.masthead if plain(card.masthead).strip() else UNNAMED
    masthead, label = shorten(printed, room.head_chars), shorten(card.label, room.head_chars)
    changes, used = 0, 0
    for change in card.changes:
        used += len(change)
        if used > room.change_chars:
            break
        changes += 1
    notes = []
    if (masthead, label, issuer) != (printed, card.label, card.issuer):
        notes.append("报头过长，已缩短")
    if printed != card.masthead:
        notes.append(f"没有报头，以“{UNNAMED}”代")
    if changes < len(card.changes):
        notes.append(f"更正说明只列出{changes}处，共{len(card.changes)}处")
    short = replace(card, masthead=masthead, label=label, issuer=issuer, changes=card.changes[:changes])
    return Sheet(short, (), len(card.changes) - changes, shortened=bool(notes)), tuple(notes)


def _budgets(card: Card, most: int) -> list[int]:
    """Every lead length, in characters, at which one more sentence of some article comes in; 0 is titles only."""
    lengths = {0}
    for item in card.items:
        used = 0
        for sentence in item.lead:
            used += len(sentence)
            if used > most:
                break
            lengths.add(used)
    return sorted(lengths)


def _sheet(head: Sheet, items: tuple[CardItem, ...], budget: int) -> Sheet:
    kept = [_within(item.lead, budget) for item in items]
    shown = tuple(
        Shown(number, item.title, joined(item.lead[:count]))
        for number, (item, count) in enumerate(zip(items, kept, strict=True), 1)
    )
    cut = any(count < len(item.lead) for item, count in zip(items, kept, strict=True))
    return replace(head, items=shown, shortened=head.shortened or cut)


def _within(lead: tuple[str, ...], budget: int) -> int:
    """How many sentences from the first come to at most `budget` characters."""
    used = 0
    for count, sentence in enumerate(lead):
        used += len(sentence)
        if used > budget:
            return count
    return len(lead)


def _lead_notes(card: Card, budget: int) -> tuple[str, ...]:
    bare: list[int] = []
    cut: list[int] = []
    for number, item in enumerate(card.items, 1):
        count = _within(item.lead, budget)
        if count < len(item.lead):
            (cut if count else bare).append(number)
    return tuple(
        f"{'各' if len(which) == len(card.items) else '第' + _runs(which)}篇只登{what}"
        for which, what in ((cut, "导语"), (bare, "标题"))
        if which
    )


def _runs(numbers: list[int]) -> str:
    """Ascending numbers for people: 1、3-5."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return "、".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _largest(most: int, works: Callable[[int], bool], guess: int = 1) -> int:
    """The largest n from 1 to `most` that works, 0 when none does; what works for n works for less.

    Found in growing strides from `guess`, then by halves: trying 60 huge titles to learn that two fit would be the
    slow way.
    """
    low, high, at, stride = 0, most, min(guess, most), 1
    while low < high:
        if works(at):
            low, at = at, at + stride
        else:
            high, at = at - 1, at - stride
        stride *= 2
        if not low < at <= high:
            at = (low + high + 1) // 2
    return low


def _in_parts(card: Card, build: Build, fits: Fits, room: Room) -> tuple[Message, ...]:
    head, notes = _head(card, room)
    head = replace(head, shortened=True)
    tried = (_packed(head, card, build, fits, parts) for parts in (9, 99, 999, 9999, 99999))
    sheets = next(filter(None, tried), None)
    if sheets is None:
        raise ValueError(NO_ROOM)
    if any(item.continued for sheet in sheets for item in sheet.items):
        notes += ("有标题超过一条消息的长度，分段登出",)
    notes += ("只登标题", f"分为{len(sheets)}部分")
    return tuple(Message(sheet.part, len(sheets), build(replace(sheet, parts=len(sheets))), notes) for sheet in sheets)


def _packed(head: Sheet, card: Card, build: Build, fits: Fits, parts: int) -> list[Sheet]:
    """Titles in order, as many to a part as fit; empty when more than `parts` parts are needed.

    Measured with `parts` as the total, which is as wide as the real one. Changes and their count stand on the first
    part only.
    """
    later = replace(head, card=replace(head.card, changes=()), changes_left_out=0)
    rest = tuple(Shown(number, item.title) for number, item in enumerate(card.items, 1))
    sheets: list[Sheet] = []
    guess = 1
    while rest:
        if len(sheets) == parts:
            return []
        base = replace(later if sheets else head, part=len(sheets) + 1, parts=parts)
        items, rest = _filled(rest, partial(_holds, build, fits, base), guess)
        guess = len(items[0].title)  # the next piece of a title will be about as long
        sheets.append(replace(base, items=items))
    return sheets


def _holds(build: Build, fits: Fits, base: Sheet, items: Items) -> bool:
    return fits(build(replace(base, items=items)))


def _filled(rest: Items, holds: Callable[[Items], bool], guess: int) -> tuple[Items, Items]:
    """What goes on one part, and what is left: as many titles as fit, or a piece of the first, perhaps `guess` long."""
    if count := _largest(len(rest), lambda n: holds(rest[:n])):
        return rest[:count], rest[count:]
    piece, remainder = _split(rest[0], holds, guess)
    return (piece,), (remainder, *rest[1:])


def _split(item: Shown, holds: Callable[[Items], bool], guess: int) -> tuple[Shown, Shown]:
    """The longest beginning of a title that fills a part, and the rest of it as a continuation."""
    most = _largest(len(item.title) - 1, lambda n: holds((replace(item, title=item.title[:n]),)), guess)
    cut = edge(item.title, most)
    if cut == 0 or not holds((replace(item, title=item.title[:cut]),)):
        raise ValueError(NO_ROOM)
    return replace(item, title=item.title[:cut]), replace(item, title=item.title[cut:], continued=True)


def noting(messages: tuple[Message, ...], *notes: str) -> tuple[Message, ...]:
    """The same messages with `notes` in front of each one's own."""
    return tuple(replace(message, notes=(*notes, *message.notes)) for message in messages)
