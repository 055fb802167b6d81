"""The directory (名录) as people edit it: units, aliases, robots and groups, one change at a time, each undoable.

Every change reads and writes in one transaction of the store, which also puts it on record; with a day (`on`) it is
kept until then (dated.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.directory import CheckOptions
from bot.domain.directory import Directory, Group, Recipient, Target
from bot.domain.errors import ConfigError
from bot.domain.pages import HistoryLine
from bot.domain.plan import StoredTarget
from bot.domain.secret import Secret

from .dated import Dated
from .ports import Clock
from .roster_input import RobotFields, UnitFields, checked, checked_group, checked_secret, free_id, with_fields


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
class Roster:
    """The use cases. All raise ConfigError with what to mend; nothing is changed then.

    `on`: the day from which the change is to hold; None: now.
    """

    store: RosterStore
    clock: Clock
    recognise: Callable[[str], str | None]
    """A pasted URL to its channel; None when it is no known vendor's."""
    check_target: Callable[[str, str], str | None]
    """(channel, URL) to None, or to one sentence that says why the URL may not be used."""
    check_options: CheckOptions
    """A target to what speaks against its options: key to one sentence."""
    dated: Dated

    # --- units -----------------------------------------------------------------------------------------------------

    def add_unit(self, fields: UnitFields, *, who: str, why: str = "") -> str:
        """The new unit's id."""
        made: list[str] = []

        def change(roster: Directory) -> Directory:
            unit = checked(Recipient(free_id("unit", roster.by_id), fields.name), fields, roster)
            made.append(unit.id)
            return replace(roster, recipients=(*roster.recipients, unit))

        self.edit(change, who, why)
        return made[0]

    def edit_unit(
        self, unit_id: str, fields: UnitFields, *, who: str, why: str = "", on: dt.date | None = None
    ) -> None:
        self.unit(unit_id, lambda unit, roster: checked(unit, fields, roster), who, why, on)

    def add_alias(self, unit_id: str, alias: str, *, who: str, why: str = "") -> None:
        """So that a list phrase which nobody matched finds its unit from now on."""

        def change(unit: Recipient, roster: Directory) -> Recipient:
            return checked(unit, UnitFields(unit.name, unit.kind, (*unit.aliases, alias), unit.enabled), roster)

        self.unit(unit_id, change, who, why)

    def merge_unit(self, unit_id: str, into_id: str, *, who: str, why: str = "", on: dt.date | None = None) -> None:
        """One unit becomes part of another: whatever named it names the other, and it takes the place in groups.

        The unit itself stays, switched off and under a name no list prints, for receipts refer to it.
        """

        def change(roster: Directory) -> Directory:
            if unit_id == into_id or not {unit_id, into_id} <= roster.by_id.keys():
                raise ConfigError("请选择并入名录里的另一个单位。")
            gone, into = roster.by_id[unit_id], roster.by_id[into_id]
            past = UnitFields(f"{gone.name}（已并入）", gone.kind, (), enabled=False)
            words = (*into.aliases, gone.name, *gone.aliases)
            units = tuple(checked(u, past, roster) if u.id == unit_id else u for u in roster.recipients)
            merged = Directory(units, tuple(_replaced(g, unit_id, into_id) for g in roster.groups))
            heir = checked(into, UnitFields(into.name, into.kind, words, into.enabled), merged)
            return replace(merged, recipients=tuple(heir if u.id == into_id else u for u in units))

        self.edit(change, who, why or self._merging(unit_id, into_id), on)

    def _merging(self, unit_id: str, into_id: str) -> str:
        known = self.store.directory().by_id
        gone, into = (known[key].name if key in known else key for key in (unit_id, into_id))
        return f"{gone}并入{into}"

    # --- robots ----------------------------------------------------------------------------------------------------

    def add_target(
        self,
        unit_id: str,
        fields: RobotFields,
        *,
        url: str,
        secret: str,
        who: str,
        on: dt.date | None = None,
    ) -> str:
        """The channel the URL was recognised as."""
        channel = self._channel(url)
        target = with_fields(Target(channel, Secret(url.strip()), secret=checked_secret(secret, channel)), fields)
        self._unopposed(target)
        self.unit(unit_id, lambda unit, _: replace(unit, targets=(*unit.targets, target)), who, "添加群机器人", on)
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
            new = replace(with_fields(old, fields), enabled=enabled)
            if url.strip():
                new = replace(new, channel=self._channel(url), url=Secret(url.strip()))
            if drop_secret or secret.strip():
                new = replace(new, secret=None if drop_secret else checked_secret(secret, new.channel))
            # A robot whose CA file has gone can still be renamed and switched off.
            if replace(new, label=old.label, enabled=old.enabled) != old:
                self._unopposed(new)
            return new

        self.target(target_id, change, who, "修改群机器人")

    def remove_target(self, target_id: int, *, who: str, why: str = "", on: dt.date | None = None) -> None:
        self.target(target_id, lambda _: None, who, why or "移除群机器人", on)

    def enable_target(self, target_id: int, enabled: bool, *, who: str, on: dt.date | None = None) -> None:
        self.target(target_id, lambda old: replace(old, enabled=enabled), who, "启用" if enabled else "停用", on)

    # --- groups ----------------------------------------------------------------------------------------------------

    def save_group(
        self,
        group_id: str | None,
        *,
        name: str,
        phrases: Sequence[str],
        members: Callable[[tuple[str, ...]], Sequence[str]],
        who: str,
        why: str = "",
        on: dt.date | None = None,
    ) -> str:
        """A new group (None) or other content for a known one; its id. `members`: those it has to those it gets."""
        made: list[str] = []

        def change(roster: Directory) -> Directory:
            known = {g.id: g for g in roster.groups}
            if group_id is not None and group_id not in known:
                raise ConfigError("没有这个分组。")
            # One that is to come must not take an id that somebody may be given until then.
            key = group_id or free_id(f"group-{on:%Y%m%d}" if on else "group", known)
            made.append(key)
            had = known[key].members if key in known else ()
            group = checked_group(Group(key, name, tuple(phrases), tuple(members(had))), roster)
            rest = tuple(group if g.id == key else g for g in roster.groups)
            return replace(roster, groups=rest if group_id is not None else (*roster.groups, group))

        self.edit(change, who, why or "维护分组", on)
        return made[0]

    def remove_group(self, group_id: str, *, who: str, why: str = "", on: dt.date | None = None) -> None:
        """Its phrases mean nothing from then on; the units stay."""

        def change(roster: Directory) -> Directory:
            rest = tuple(g for g in roster.groups if g.id != group_id)
            if len(rest) == len(roster.groups):
                raise ConfigError("没有这个分组，可能已被删除。")
            return replace(roster, groups=rest)

        self.edit(change, who, why or "删除分组", on)

    # --- how -------------------------------------------------------------------------------------------------------

    def edit(self, change: Callable[[Directory], Directory], who: str, why: str, on: dt.date | None = None) -> None:
        if on is None:
            self.store.edit_directory(change, who=who, why=why, now=self.clock())
        else:
            self.dated.enter(change, on, who=who, why=why)

    def unit(
        self,
        unit_id: str,
        change: Callable[[Recipient, Directory], Recipient],
        who: str,
        why: str,
        on: dt.date | None = None,
    ) -> None:
        def edit(roster: Directory) -> Directory:
            if unit_id not in roster.by_id:
                raise ConfigError("名录里没有这个单位。")
            units = tuple(change(u, roster) if u.id == unit_id else u for u in roster.recipients)
            return replace(roster, recipients=units)

        self.edit(edit, who, why, on)

    def target(
        self,
        target_id: int,
        change: Callable[[Target], Target | None],
        who: str,
        why: str,
        on: dt.date | None = None,
    ) -> None:
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

        self.unit(found.recipient.id, edit, who, why, on)

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


def _replaced(group: Group, unit_id: str, into_id: str) -> Group:
    """The group with one member in the place of another, once."""
    members = (into_id if member == unit_id else member for member in group.members)
    return replace(group, members=tuple(dict.fromkeys(members)))
