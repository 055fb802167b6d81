"""What an import would change, for a person to confirm. Credentials are masked, also where only they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from bot.domain.directory import Directory, Group, Recipient, Target

from .keys import STYLES
from .masking import shown_url

_NONE = "（无）"
_FLAG = {True: "是", False: "否"}
T = TypeVar("T", Recipient, Group)


class Change(StrEnum):
    """`absent`: the database has it and the file does not; an import leaves it alone."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ABSENT = "absent"

    @property
    def chinese(self) -> str:
        return {"added": "新增", "changed": "修改", "unchanged": "不变", "absent": "文件中没有，保持原样"}[self.value]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """`field` in Chinese (`别名`, `群机器人“政务公开群”的地址`); `before` and `after` as a person may see them.

    Of a list `after` tells what comes and goes, and `before` is empty.
    """

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One unit (`kind` `recipient`) or group (`group`); `fields` only when it is changed."""

    kind: str
    id: str
    name: str
    change: Change
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """Entries in the new file's order, units first; what it does not name follows at the end of its kind."""

    entries: tuple[Entry, ...]

    def counts(self) -> Mapping[Change, int]:
        """How many units and groups of each change; every change is there."""
        counted = Counter(e.change for e in self.entries)
        return {change: counted[change] for change in Change}

    @property
    def empty(self) -> bool:
        """Would the import change nothing?"""
        return all(e.change in (Change.UNCHANGED, Change.ABSENT) for e in self.entries)


def diff(old: Directory, new: Directory) -> Difference:
    """What importing `new` over `old` would change."""
    return Difference(
        (
            *_entries("recipient", old.recipients, new.recipients, _recipient_changes),
            *_entries("group", old.groups, new.groups, _group_changes),
        )
    )


def _entries(
    kind: str, old: Sequence[T], new: Sequence[T], changes: Callable[[T, T], Iterator[FieldChange]]
) -> Iterator[Entry]:
    before = {thing.id: thing for thing in old}
    for thing in new:
        was = before.pop(thing.id, None)
        if was is None:
            yield Entry(kind, thing.id, thing.name, Change.ADDED)
        elif was == thing:
            yield Entry(kind, thing.id, thing.name, Change.UNCHANGED)
        else:
            yield Entry(kind, thing.id, thing.name, Change.CHANGED, tuple(changes(was, thing)))
    for thing in before.values():
        yield Entry(kind, thing.id, thing.name, Change.ABSENT)


def _recipient_changes(old: Recipient, new: Recipient) -> Iterator[FieldChange]:
    yield from _changed("全称", old.name, new.name)
    yield from _changed("类别", old.kind.chinese, new.kind.chinese)
    yield from _moved("别名", old.aliases, new.aliases)
    yield from _changed("启用", _FLAG[old.enabled], _FLAG[new.enabled])
    yield from _target_changes(old.targets, new.targets)


def _group_changes(old: Group, new: Group) -> Iterator[FieldChange]:
    yield from _changed("名称", old.name, new.name)
    yield from _moved("名单用语", old.phrases, new.phrases)
    yield from _moved("成员", old.members, new.members)


def _target_changes(old: Sequence[Target], new: Sequence[Target]) -> Iterator[FieldChange]:
    """A robot is the same one when its URL is; failing that, when channel and label are."""
    pairs: list[tuple[Target, Target]] = []
    left, right = list(old), list(new)
    for same in (_same_url, _same_label):
        for target in tuple(right):
            was = next((t for t in left if same(t, target)), None)
            if was is not None:
                pairs.append((was, target))
                left.remove(was)
                right.remove(target)
    pairs.sort(key=lambda pair: new.index(pair[1]))
    for was, now in pairs:
        title = f"群机器人“{now.label or shown_url(now.url, mask=True)}”的"
        yield from _changed(f"{title}平台", was.channel, now.channel)
        yield from _changed(f"{title}群名称", was.label or _NONE, now.label or _NONE)
        if was.url != now.url:
            yield FieldChange(
                f"{title}地址", shown_url(was.url, mask=True), f"{shown_url(now.url, mask=True)}（已更换）"
            )
        if was.secret != now.secret:
            yield FieldChange(f"{title}签名密钥", "有" if was.secret else "无", "已更换" if now.secret else "无")
        yield from _changed(f"{title}样式", STYLES[was.style], STYLES[now.style])
        yield from _changed(f"{title}启用", _FLAG[was.enabled], _FLAG[now.enabled])
        yield from _changed(f"{title}提醒", *(_several(t.mention.words()) for t in (was, now)))
        yield from _changed(f"{title}证书文件", was.ca_file or _NONE, now.ca_file or _NONE)
        yield from _changed(f"{title}附原文", _FLAG[was.attach_original], _FLAG[now.attach_original])
    for target in left:
        yield FieldChange("群机器人", _robot(target), "删去")
    for target in right:
        yield FieldChange("群机器人", _NONE, _robot(target))
    if not left and not right and [was for was, _ in pairs] != list(old):
        yield FieldChange("群机器人", "原顺序", "顺序有调整")


def _same_url(a: Target, b: Target) -> bool:
    return a.url == b.url


def _same_label(a: Target, b: Target) -> bool:
    return (a.channel, a.label) == (b.channel, b.label)


def _robot(target: Target) -> str:
    words = (target.channel, target.label, shown_url(target.url, mask=True), STYLES[target.style])
    return " ".join(w for w in words if w) + ("" if target.enabled else "（未启用）")


def _changed(field: str, before: str, after: str) -> Iterator[FieldChange]:
    if before != after:
        yield FieldChange(field, before, after)


def _moved(field: str, old: Sequence[str], new: Sequence[str]) -> Iterator[FieldChange]:
    """Of a list only what comes and what goes: it may be long, and nobody compares two long lines by eye."""
    if old == new:
        return
    come, gone = _without(new, old), _without(old, new)
    told = [f"{act} {'、'.join(words)}" for act, words in (("增加", come), ("减少", gone)) if words]
    yield FieldChange(field, "", "；".join(told) or "顺序有调整")


def _without(words: Sequence[str], others: Sequence[str]) -> list[str]:
    known = set(others)
    return [word for word in words if word not in known]


def _several(words: Sequence[str]) -> str:
    return "、".join(words) or _NONE
