"""Who gets it: list phrases to recipients. Exact after normalising; a near match is only ever suggested."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from .directory import Directory, Lookup
from .issue import Issue, ListKind

_DROP = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\u00ad·]+")
_WIDTH = str.maketrans("〔［【｛{[「『〕］】｝}]」』，,；;", "(" * 8 + ")" * 8 + "、、、、")

_MOST_PIECES = 4
"""Items that one phrase of the directory may have been cut into."""
_MOST_SUGGESTED = 200
"""Unknown phrases of one issue that get suggestions. Looking is slow (about 20 ms against 5,000 units, where an exact
look-up takes 2 µs: 10,000 known phrases 21 ms), and a hostile list may be long."""


def normal(text: str) -> str:
    """A phrase without what printing adds: width, bracket style, spaces, list punctuation, a final stop."""
    text = unicodedata.normalize("NFKC", text)
    if text.isalnum():
        # Nearly all names, of which a release may go through a million: nothing below is a letter or a digit.
        return text
    return _DROP.sub("", text).translate(_WIDTH).strip("、。.:")


class Via(StrEnum):
    NAME = "name"
    ALIAS = "alias"
    GROUP = "group"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Phrase:
    """One list item and what it came to. `suggestions` are recipient or group ids for a person to choose from."""

    text: str
    via: Via
    recipients: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolution:
    """The dry-run: every phrase of every list, and what follows from them. Ids are recipient ids."""

    report: tuple[Phrase, ...]
    send: tuple[Phrase, ...]
    copy: tuple[Phrase, ...]
    excluded: tuple[str, ...]
    """Taken off a group by an exclusion on the bulletin."""
    unresolved_exclusions: tuple[str, ...]
    recipients: Mapping[str, ListKind]
    """Who gets a card, once each, with the highest list they stand on."""
    without_target: tuple[str, ...]
    """Of `recipients`, those with no working target: shown to a person, never skipped silently."""

    def of(self, kind: ListKind) -> tuple[Phrase, ...]:
        return {ListKind.REPORT: self.report, ListKind.SEND: self.send, ListKind.COPY: self.copy}[kind]

    def unresolved(self, kinds: Iterable[ListKind] = tuple(ListKind)) -> tuple[str, ...]:
        return tuple(p.text for kind in kinds for p in self.of(kind) if p.via is Via.NONE)

    def without_members(self) -> Resolution:
        """How the lists were read, and not all the units it comes to: as long as the lists, not as the directory."""

        def bare(phrases: tuple[Phrase, ...]) -> tuple[Phrase, ...]:
            return tuple(replace(p, recipients=()) if p.via is Via.GROUP else p for p in phrases)

        return replace(self, report=bare(self.report), send=bare(self.send), copy=bare(self.copy), recipients={})

    def to_dict(self) -> dict[str, object]:
        """The shape of `jianbao resolve --json`."""

        def rows(phrases: tuple[Phrase, ...]) -> list[dict[str, object]]:
            return [
                {
                    "text": p.text,
                    "via": p.via.value,
                    "recipients": list(p.recipients),
                    "suggestions": list(p.suggestions),
                }
                for p in phrases
            ]

        return {
            "report": rows(self.report),
            "send": rows(self.send),
            "copy": rows(self.copy),
            "unresolved": list(self.unresolved()),
            "unresolved_exclusions": list(self.unresolved_exclusions),
            "excluded": list(self.excluded),
            "without_target": list(self.without_target),
            "recipients": list(self.recipients),
        }


class Resolver:
    """Looks phrases up in one directory; build it once, use it for many issues."""

    def __init__(self, directory: Lookup, keys: Container[str] | None = None) -> None:
        """`keys`: the normalised words that will be asked for, None for whatever there is. What is near to a phrase
        is only known with all words at hand: without them nothing is suggested but what a word fits several of."""
        self._directory = directory
        self._whole = keys is None
        self._names = _table(directory.names(), keys)
        self._aliases = _table(directory.aliases(), keys)
        self._groups = _table(directory.phrases(), keys)
        self._members: dict[str, tuple[str, ...]] = {}

    @classmethod
    def for_issue(cls, directory: Lookup, issue: Issue) -> Resolver:
        """Of a directory that is not in memory only what this issue can ask for is."""
        return cls.of(directory) if isinstance(directory, Directory) else cls(directory, _asked(issue))

    @classmethod
    def of(cls, directory: Directory) -> Resolver:
        """The resolver of this very directory, built once: with 5,000 units that takes 50 ms."""
        kept = directory.__dict__
        if "resolver" not in kept:
            kept["resolver"] = cls(directory)
        built: Resolver = kept["resolver"]
        return built

    def phrase(self, text: str) -> Phrase:
        """Resolve one item. A word that fits two units or two groups is not guessed at: both are suggested."""
        return self._suggested(self.exact(text))

    def exact(self, text: str) -> Phrase:
        """A full name wins over all else; an alias and a group phrase are of equal rank, so they must agree."""
        key = normal(text)
        if not key:
            return Phrase(text, Via.NONE)
        fits: list[tuple[str, Phrase]] = [(id_, Phrase(text, Via.NAME, (id_,))) for id_ in self._names.get(key, ())]
        if not fits:
            fits = [(id_, Phrase(text, Via.ALIAS, (id_,))) for id_ in sorted(self._aliases.get(key, ()))]
            fits += [(id_, Phrase(text, Via.GROUP, self._of(id_))) for id_ in sorted(self._groups.get(key, ()))]
        if len(fits) == 1 or len({frozenset(phrase.recipients) for _, phrase in fits}) == 1:
            return fits[0][1]
        return Phrase(text, Via.NONE, suggestions=tuple(sorted(id_ for id_, _ in fits)))

    def _of(self, group_id: str) -> tuple[str, ...]:
        if group_id not in self._members:
            self._members[group_id] = self._directory.members(group_id)
        return self._members[group_id]

    def _items(self, items: tuple[str, ...]) -> list[Phrase]:
        """Resolve a list's items, one phrase for each.

        The parser cuts at every 、 outside brackets, but a phrase may hold one (各县、市、区人民政府). Where an item
        says nothing alone and is part of such a phrase, each piece stands for the whole; nobody gets two cards by it.
        """
        found = [self.exact(item) for item in items]
        start = 0
        while start < len(found):
            for end in range(min(start + _MOST_PIECES, len(found)), start + 1, -1):
                if whole := self._joined(found[start:end]):
                    found[start:end] = [replace(whole, text=item) for item in items[start:end]]
                    start = end - 1
                    break
            start += 1
        return found

    def _joined(self, pieces: list[Phrase]) -> Phrase | None:
        if all(p.via is not Via.NONE for p in pieces):
            return None
        whole = self.exact("、".join(p.text for p in pieces))
        return whole if whole.via is not Via.NONE else None

    def _suggested(self, found: Phrase) -> Phrase:
        if found.via is not Via.NONE or found.suggestions or not self._whole:
            return found
        return replace(found, suggestions=self._suggest(normal(found.text)))

    def _suggest(self, key: str) -> tuple[str, ...]:
        words = [*self._names, *self._aliases, *self._groups]
        near = difflib.get_close_matches(key, words, n=3, cutoff=0.6)
        near += [w for w in words if len(key) >= 3 and (key in w or (len(w) >= 3 and w in key)) and w not in near][:3]
        ids: dict[str, None] = {}
        for word in near:
            for table in (self._names, self._aliases, self._groups):
                ids.update(dict.fromkeys(sorted(table.get(word, ()))))
        return tuple(ids)[:5]

    def resolve(self, issue: Issue, *, deliver: Iterable[ListKind] = (ListKind.SEND, ListKind.COPY)) -> Resolution:
        """Resolve all three lists; `deliver` are the lists whose recipients get a card.

        An exclusion takes a unit off group phrases; a unit also named on its own still gets its card.
        """
        banned: dict[str, None] = {}
        unknown: list[str] = []
        for name in issue.exclusions:
            hit = self.exact(name)
            banned.update(dict.fromkeys(hit.recipients))
            if hit.via is Via.NONE:
                unknown.append(name)
        excluded: dict[str, None] = {}
        phrases: dict[ListKind, tuple[Phrase, ...]] = {}
        missed = 0
        for kind in ListKind:
            rows = []
            for found in self._items(issue.lists.of(kind)):
                if found.via is Via.GROUP and banned:
                    kept = tuple(r for r in found.recipients if r not in banned)
                    excluded.update(dict.fromkeys(r for r in found.recipients if r in banned))
                    rows.append(replace(found, recipients=kept))
                    continue
                missed += found.via is Via.NONE
                rows.append(self._suggested(found) if missed <= _MOST_SUGGESTED else found)
            phrases[kind] = tuple(rows)
        chosen = set(deliver)
        recipients: dict[str, ListKind] = {}
        for kind in ListKind:
            if kind in chosen:
                for row in phrases[kind]:
                    for rid in row.recipients:
                        recipients.setdefault(rid, kind)
        return Resolution(
            report=phrases[ListKind.REPORT],
            send=phrases[ListKind.SEND],
            copy=phrases[ListKind.COPY],
            excluded=tuple(r for r in excluded if r not in recipients),
            unresolved_exclusions=tuple(unknown),
            recipients=recipients,
            without_target=self._directory.unreachable(recipients),
        )


def _table(words: Iterable[tuple[str, str]], keys: Container[str] | None) -> dict[str, set[str]]:
    """Normalised word -> the ids it stands for."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for word, id_ in words:
        key = normal(word)
        if keys is None or key in keys:
            found[key].add(id_)
    return found


def _asked(issue: Issue) -> set[str]:
    """What resolving this issue may look up, normalised: each item, and those that a phrase may have been cut into."""
    asked = {normal(name) for name in issue.exclusions}
    for kind in ListKind:
        items = issue.lists.of(kind)
        runs = (items[start:end] for start in range(len(items)) for end in range(start + 1, start + 1 + _MOST_PIECES))
        asked.update(normal("、".join(run)) for run in runs)
    return asked
