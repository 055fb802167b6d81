"""The three lists: lines labelled 报送 / 发送 / 抄送 (and their kin) -> raw items and exclusions.

Items are the text after the colon split at 、，；, never inside brackets, nothing expanded or repaired.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bot.bulletins import exclusions
from bot.bulletins.characters import key, plain, printed, unspaced
from bot.bulletins.labels import LIST_LABELS
from bot.domain.issue import ListKind, Lists

_WORDS = {word: r"\s*".join(word) for word in sorted(LIST_LABELS, key=len, reverse=True)}
_LONG = "|".join(w for word, w in _WORDS.items() if len(word) > 1)
_ANY = "|".join(_WORDS.values())
_OF = r"(?:\s*(?:单位|机关|范围|对象|部门|领导))?"
_LEAD = r"[\s●○■□★☆◆◇▲·•\-*【\[(（]*"
# A label at the start of a line, or after a blank or a stop on the same line.
_AT_START = re.compile(rf"^{_LEAD}(?P<label>{_ANY}){_OF}\s*[】\])）]?\s*[:：﹕∶]\s*")
_BARE = re.compile(rf"^{_LEAD}(?P<label>{_LONG})[】\])）]?(?:\s+|$)(?![:：])|^(?P<short>[报送发])(?:\s{{2,}}|\t)(?=\S)")
_CELL = re.compile(rf"^(?:{_ANY})$")
_INSIDE = re.compile(rf"(?:(?<=[\s。；;])|(?<=\t))(?P<label>{_ANY}){_OF}\s*[:：﹕∶]\s*")
_PROSE = re.compile(
    r"^(?:本期|本刊|本简报|本期简报|此件|该期|此期)(?:简报|动态|信息)?(?:分别)?(?P<list>" + _LONG + r")(?![:：])"
)
_PROSE_LABEL = re.compile(
    rf"(?:^|(?<=[，,；;。并]))(?:本期|本刊|本简报|本期简报|此件)?(?:简报|动态|信息)?(?:分别|同时|并|另)?(?P<label>{_LONG})(?:给|至|到)?[:：]?"
)
_OPEN, _CLOSE = "([{（〔【《<〈［", ")]}）〕】》>〉］"


@dataclass(slots=True)
class Reading:
    """What the lists of a bulletin say so far."""

    report: list[str] = field(default_factory=list)
    send: list[str] = field(default_factory=list)
    copy: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)

    def lists(self) -> Lists:
        return Lists(tuple(self.report), tuple(self.send), tuple(self.copy))

    def add(self, kind: ListKind, text: str) -> None:
        rest, excluded = exclusions.take_out(text)
        getattr(self, kind.value).extend(items(rest))
        self.excluded.extend(excluded)


def kind_of(label: str) -> ListKind:
    return LIST_LABELS[re.sub(r"\s", "", label)]


def starts_list(text: str, *, in_cell: bool = False) -> bool:
    """Whether a block opens a list: `报送：`, `报 送:`, `抄送 市委办`, or the label alone in a cell."""
    text = plain(text).strip()
    return bool(_AT_START.match(text) or _BARE.match(text) or (in_cell and _CELL.match(re.sub(r"\s", "", text))))


def is_prose_list(text: str) -> bool:
    """A sentence that names the lists: `本期报送市委、市政府，发送各县（市、区）人民政府。`"""
    return bool(_PROSE.match(key(text)))


def split_labels(text: str, *, in_cell: bool = False) -> list[tuple[ListKind, str]]:
    """The lists one block opens, each with the text after its label; [] when it opens none."""
    shown = printed(text)
    if in_cell and _CELL.match(re.sub(r"\s", "", shown)):
        return [(kind_of(shown), "")]
    first = _AT_START.match(shown) or _BARE.match(shown)
    marks = [first] if first else []
    if first is None and is_prose_list(text):
        shown = unspaced(text)
        marks = list(_PROSE_LABEL.finditer(shown))
    elif first is not None:
        marks += [m for m in _INSIDE.finditer(shown) if m.start() >= first.end()]
    found = []
    for i, mark in enumerate(marks):
        end = marks[i + 1].start() if i + 1 < len(marks) else len(shown)
        label = mark["label"] or mark["short"]
        found.append((kind_of(label), shown[mark.end() : end].strip()))
    return found


def split_inside(text: str) -> tuple[str, list[tuple[ListKind, str]]]:
    """A line that goes on with a list and opens others: what stands before the first label, and the others."""
    shown = printed(text)
    marks = list(_INSIDE.finditer(shown))
    if not marks:
        return shown, []
    ends = [m.start() for m in marks[1:]] + [len(shown)]
    opened = [(kind_of(m["label"]), shown[m.end() : end].strip()) for m, end in zip(marks, ends, strict=True)]
    return shown[: marks[0].start()].strip(), opened


def items(text: str) -> list[str]:
    """Split at 、，；outside brackets; final stops dropped, empty items too."""
    out, depth, start = [], 0, 0
    for i, c in enumerate(text):
        if c in _OPEN:
            depth += 1
        elif c in _CLOSE:
            depth = max(0, depth - 1)
        elif c in "、，,；;" and depth == 0:
            out.append(text[start:i])
            start = i + 1
    out.append(text[start:])
    return [item for part in out if (item := _clean(part))]


def _clean(item: str) -> str:
    item = re.sub(r"\s+", " ", item).strip().rstrip("。.;；,，、 ")
    return re.sub(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])", "", item)
