"""The directory (名录) as people edit it: units, aliases, robots and groups, one change at a time, each undoable.

Every change reads and writes in one transaction of the store, which also puts it on record.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from bot.channels import objection_to_secret
from bot.directory import Change, CheckOptions, Entry, Loaded, diff
from bot.domain.card import Style
from bot.domain.directory import NOBODY, Directory, Group, Mention, Recipient, RecipientKind, Target
from bot.domain.errors import ConfigError
from bot.domain.pages import HistoryLine
from bot.domain.plan import StoredTarget
from bot.domain.resolver import normal
from bot.domain.secret import Secret

from .ports import Clock

MOST_WORDS = 200
LONGEST = 100


class RosterStore(Protocol):
    """The store's side; see bot/store/desk.py for what each promises."""

    def directory(self) -> Directory: ...
    def edit_directory(
        self, change: Callable[[Directory], Directory], *, who: str, why: str, now: dt.datetime
    ) -> Mapping[str, int]: ...
    def stored_target(self, target_id: int) -> StoredTarget | None: ...
    def removed_target(self, target_id: int) -> tuple[str, Target] | None: ...
    def history_line(self, row_id: int) -> HistoryLine | None: ...


@dataclass(frozen=True, slots=True)
class UnitFields:
    """What a person writes about a unit."""

    name: str
    kind: RecipientKind
    aliases: tuple[str, ...] = ()
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class RobotFields:
    """What a person writes about a robot besides its address and secret; the same names as the target's."""

    label: str = ""
    style: Style = Style.CARD
    mention: Mention = NOBODY
    ca_file: str | None = None
    attach_original: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """What importing `directory` would change. `counts` by the change's Chinese word; `entries` are what differs."""

    directory: Directory
    notes: tuple[str, ...]
    counts: Mapping[str, int]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Roster:
    """The use cases. All raise ConfigError with what to mend; nothing is changed then."""

    store: RosterStore
    clock: Clock
    recognise: Callable[[str], str | None]
    """A pasted URL to its channel; None when it is no known vendor's."""
    check_target: Callable[[str, str], str | None]
    """(channel, URL) to None, or to one sentence that says why the URL may not be used."""
    check_options: CheckOptions
    """A target to what speaks against its options: key to one sentence."""
    read: Callable[[bytes, str], Loaded]
    """A directory file; DirectoryError with every problem."""

    # --- units -----------------------------------------------------------------------------------------------------

    def add_unit(self, fields: UnitFields, *, who: str, why: str = "") -> str:
        """The new unit's id."""
        made: list[str] = []

        def change(roster: Directory) -> Directory:
            unit = _checked(Recipient(_free("unit", roster.by_id), fields.name), fields, roster)
            made.append(unit.id)
            return replace(roster, recipients=(*roster.recipients, unit))

        self._edit(change, who, why)
        return made[0]

    def edit_unit(self, unit_id: str, fields: UnitFields, *, who: str, why: str = "") -> None:
        self._unit(unit_id, lambda unit, roster: _checked(unit, fields, roster), who, why)

    def add_alias(self, unit_id: str, alias: str, *, who: str, why: str = "") -> None:
        """So that a list phrase which nobody matched finds its unit from now on."""

        def change(unit: Recipient, roster: Directory) -> Recipient:
            return _checked(unit, UnitFields(unit.name, unit.kind, (*unit.aliases, alias), unit.enabled), roster)

        self._unit(unit_id, change, who, why)

    # --- robots ----------------------------------------------------------------------------------------------------

    def add_target(self, unit_id: str, fields: RobotFields, *, url: str, secret: str, who: str) -> str:
        """The channel the URL was recognised as."""
        channel = self._channel(url)
        target = _with(Target(channel, Secret(url.strip()), secret=_secret(secret, channel)), fields)
        self._unopposed(target)
        self._unit(unit_id, lambda unit, _: replace(unit, targets=(*unit.targets, target)), who, "添加群机器人")
        return target.channel

    def edit_target(
        self,
        target_id: int,
        fields: RobotFields,
        *,
        enabled: bool,
        url: str = "",
        secret: str = "",
        drop_secret: bool = False,
        who: str,
    ) -> None:
        """`url` and `secret` are write-only: empty means as it is."""

        def change(old: Target) -> Target:
            new = replace(_with(old, fields), enabled=enabled)
            if url.strip():
                new = replace(new, channel=self._channel(url), url=Secret(url.strip()))
            if drop_secret or secret.strip():
                new = replace(new, secret=None if drop_secret else _secret(secret, new.channel))
            # A robot whose CA file has gone can still be renamed and switched off.
            if replace(new, label=old.label, enabled=old.enabled) != old:
                self._unopposed(new)
            return new

        self._target(target_id, change, who, "修改群机器人")

    def remove_target(self, target_id: int, *, who: str, why: str = "") -> None:
        self._target(target_id, lambda _: None, who, why or "移除群机器人")

    def enable_target(self, target_id: int, enabled: bool, *, who: str) -> None:
        self._target(target_id, lambda old: replace(old, enabled=enabled), who, "启用" if enabled else "停用")

    # --- groups ----------------------------------------------------------------------------------------------------

    def save_group(
        self, group_id: str | None, *, name: str, phrases: Sequence[str], members: Sequence[str], who: str
    ) -> str:
        """A new group (None) or other content for a known one; its id."""
        made: list[str] = []

        def change(roster: Directory) -> Directory:
            if unknown := [m for m in members if m not in roster.by_id]:
                raise ConfigError(f"没有这些单位：{'、'.join(unknown[:5])}")
            if not members:
                raise ConfigError("分组里至少要有一个成员单位。")
            known = {g.id: g for g in roster.groups}
            if group_id is not None and group_id not in known:
                raise ConfigError("没有这个分组。")
            key = group_id or _free("group", known)
            made.append(key)
            group = Group(key, _name(name), _words(phrases), tuple(dict.fromkeys(members)))
            if any(normal(g.name) == normal(group.name) for g in roster.groups if g.id != key):
                raise ConfigError(f"已经有名为“{group.name}”的分组。")
            rest = tuple(group if g.id == key else g for g in roster.groups)
            return replace(roster, groups=rest if group_id is not None else (*roster.groups, group))

        self._edit(change, who, "维护分组")
        return made[0]

    # --- files -----------------------------------------------------------------------------------------------------

    def compare(self, data: bytes, name: str) -> Comparison:
        """A directory file and what importing it would change; nothing is changed."""
        loaded = self.read(data, name)
        found = diff(self.store.directory(), loaded.directory)
        return Comparison(
            loaded.directory,
            notes=tuple(map(str, loaded.warnings)),
            counts={change.chinese: count for change, count in found.counts().items()},
            entries=tuple(e for e in found.entries if e.change in (Change.ADDED, Change.CHANGED)),
        )

    # --- undo ------------------------------------------------------------------------------------------------------

    def undo(self, row_id: int, *, who: str) -> None:
        """Put back what a line of the history changed. What others changed since stays, except in the same fields."""
        line = self.store.history_line(row_id)
        kind, _, key = line.subject.partition(":") if line is not None else ("", "", "")
        if line is None or not undoable(line):
            raise ConfigError("这条记录不能撤销。")
        why, before, after = f"撤销第 {row_id} 条记录", line.before or {}, line.after or {}
        if kind == "target":
            self._undo_target(int(key), line.action, before, who, why)
        elif kind == "group":
            self._undo_group(key, before, after, who, why)
        elif line.action == "recipient.added":
            self._unit(key, lambda unit, _: replace(unit, enabled=False), who, why)
        else:

            def change(unit: Recipient, roster: Directory) -> Recipient:
                fields = {f: before[f] if before[f] != after.get(f) else getattr(unit, f) for f in before}
                kind_, aliases = RecipientKind(fields["kind"]), tuple(fields["aliases"])
                return _checked(unit, UnitFields(fields["name"], kind_, aliases, fields["enabled"]), roster)

            self._unit(key, change, who, why)

    def _undo_target(self, target_id: int, action: str, before: Mapping[str, object], who: str, why: str) -> None:
        removed = self.store.removed_target(target_id)
        if removed is not None and (action == "target.removed" or before.get("removed") is False):
            owner, target = removed
            self._unit(owner, lambda u, _: replace(u, targets=(*u.targets, replace(target, enabled=True))), who, why)
        elif action == "target.added" or before.get("removed"):
            self._target(target_id, lambda _: None, who, why)
        elif action == "target.changed":
            self._target(target_id, lambda t: _as_before(t, before), who, why)
        else:
            raise ConfigError("这个群机器人已经恢复，不用再撤销。")

    def _undo_group(
        self, key: str, before: Mapping[str, object], after: Mapping[str, object], who: str, why: str
    ) -> None:
        def change(roster: Directory) -> Directory:
            def back(group: Group) -> Group:
                fields = {f: before[f] if before[f] != after.get(f) else getattr(group, f) for f in before}
                phrases, members = fields["phrases"], fields["members"]
                assert isinstance(phrases, list | tuple)
                assert isinstance(members, list | tuple)
                return Group(group.id, str(fields["name"]), tuple(phrases), tuple(members))

            return replace(roster, groups=tuple(back(g) if g.id == key else g for g in roster.groups))

        self._edit(change, who, why)

    # --- how -------------------------------------------------------------------------------------------------------

    def _edit(self, change: Callable[[Directory], Directory], who: str, why: str) -> None:
        self.store.edit_directory(change, who=who, why=why, now=self.clock())

    def _unit(self, unit_id: str, change: Callable[[Recipient, Directory], Recipient], who: str, why: str) -> None:
        def edit(roster: Directory) -> Directory:
            if unit_id not in roster.by_id:
                raise ConfigError("名录里没有这个单位。")
            units = tuple(change(u, roster) if u.id == unit_id else u for u in roster.recipients)
            return replace(roster, recipients=units)

        self._edit(edit, who, why)

    def _target(self, target_id: int, change: Callable[[Target], Target | None], who: str, why: str) -> None:
        """Change one robot, or with None take it out. It is known by channel and URL, as the store knows it."""
        found = self.store.stored_target(target_id)
        if found is None:
            raise ConfigError("没有这个群机器人，可能已被移除。")
        old = found.target

        def same(other: Target) -> bool:
            return (other.channel, other.url) == (old.channel, old.url)

        def edit(unit: Recipient, _: Directory) -> Recipient:
            changed = (change(t) if same(t) else t for t in unit.targets)
            return replace(unit, targets=tuple(t for t in changed if t is not None))

        self._unit(found.recipient.id, edit, who, why)

    def _unopposed(self, target: Target) -> None:
        if objections := self.check_options(target):
            raise ConfigError("；".join(s.removesuffix("。") for s in objections.values()) + "。")

    def _channel(self, url: str) -> str:
        url = url.strip()
        if not url.startswith(("https://", "http://")) or any(c.isspace() for c in url):
            raise ConfigError("请粘贴完整的机器人地址，以 https:// 开头，中间没有空格。")
        channel = self.recognise(url)
        if channel is None:
            raise ConfigError("认不出这是哪个平台的群机器人地址，请从群机器人设置页重新复制。")
        if (objection := self.check_target(channel, url)) is not None:
            raise ConfigError(objection.replace(url, "（地址）"))
        return channel


def undoable(line: HistoryLine) -> bool:
    """Can `Roster.undo` put this back?"""
    return line.action in (
        *("recipient.added", "recipient.changed", "group.changed"),
        *("target.added", "target.changed", "target.removed"),
    )


def _checked(unit: Recipient, fields: UnitFields, roster: Directory) -> Recipient:
    name = _name(fields.name)
    if any(normal(other.name) == normal(name) for other in roster.recipients if other.id != unit.id):
        raise ConfigError(f"名录里已经有“{name}”。")
    aliases = tuple(a for a in _words(fields.aliases) if normal(a) != normal(name))
    return replace(unit, name=name, kind=fields.kind, aliases=aliases, enabled=fields.enabled)


def _with(target: Target, fields: RobotFields) -> Target:
    return replace(
        target,
        label=_text(fields.label),
        style=fields.style,
        mention=Mention.of(map(_text, fields.mention.words())),
        ca_file=_text(fields.ca_file or "") or None,
        attach_original=fields.attach_original,
    )


def _as_before(target: Target, before: Mapping[str, Any]) -> Target:
    """With the fields a line of the history shows; lines of older versions know fewer of them."""
    words = before.get("mention")
    return replace(
        target,
        label=str(before["label"]),
        style=Style(before["style"]),
        enabled=bool(before["enabled"]),
        mention=target.mention if words is None else Mention.of(words),
        ca_file=before.get("ca_file", target.ca_file),
        attach_original=before.get("attach_original", target.attach_original),
    )


def _name(text: str) -> str:
    text = _text(text)
    if not normal(text):
        raise ConfigError("请填写名称。")
    return text


def _text(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST:
        raise ConfigError(f"太长：最多 {LONGEST} 个字。")
    if any(not c.isprintable() for c in text):
        raise ConfigError("含有不可见的字符，请删去后重试。")
    return text


def _words(words: Sequence[str]) -> tuple[str, ...]:
    """Each once, empty ones left out."""
    found = {normal(text): text for text in map(_text, words) if normal(text)}
    if len(found) > MOST_WORDS:
        raise ConfigError(f"太多：最多 {MOST_WORDS} 个。")
    return tuple(found.values())


def _secret(text: str, channel: str) -> Secret | None:
    """None for an empty field. ConfigError when the channel cannot sign with it."""
    if not text.strip():
        return None
    if (trouble := objection_to_secret(channel, text.strip())) is not None:
        raise ConfigError(trouble)
    return Secret(text.strip())


def _free(stem: str, taken: Mapping[str, object]) -> str:
    return next(key for n in itertools.count(1) if (key := f"{stem}-{n}") not in taken)
