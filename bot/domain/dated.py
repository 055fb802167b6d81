"""A *dated change* (预约变更): an act on the directory that takes effect on a later day, at 00:00.

It is kept as steps: a unit or group as it was counted on, and as it is to be. On its day only what differs between the
two is changed, whatever else was changed meanwhile; where the directory is no longer as counted on, nothing is changed
and a person is asked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, TypeVar

from .directory import Directory, Group, Recipient, Target
from .errors import Conflict
from .resolver import normal

T = TypeVar("T", Recipient, Group)


class DatedState(StrEnum):
    WAITING = "waiting"
    HELD = "held"
    APPLIED = "applied"
    WITHDRAWN = "withdrawn"

    @property
    def chinese(self) -> str:
        return {"waiting": "待生效", "held": "未生效，待处理", "applied": "已生效", "withdrawn": "已撤回"}[self.value]


OPEN = (DatedState.WAITING, DatedState.HELD)
"""Neither carried out nor called off."""


@dataclass(frozen=True, slots=True)
class UnitStep:
    before: Recipient | None
    after: Recipient


@dataclass(frozen=True, slots=True)
class GroupStep:
    """`before` None: a new group. `after` None: it is taken out."""

    before: Group | None
    after: Group | None


@dataclass(frozen=True, slots=True)
class Steps:
    units: tuple[UnitStep, ...] = ()
    groups: tuple[GroupStep, ...] = ()

    @property
    def subjects(self) -> set[str]:
        """What they touch, in the words of the history: `recipient:meijiang`, `group:counties`."""
        units = {f"recipient:{step.after.id}" for step in self.units}
        return units | {f"group:{thing.id}" for s in self.groups for thing in (s.before, s.after) if thing is not None}


@dataclass(frozen=True, slots=True)
class DatedChange:
    """`effective_on`: a day of the installation's time zone. `trouble`: why it is held, else empty."""

    id: int
    effective_on: dt.date
    state: DatedState
    steps: Steps
    who: str
    why: str
    entered_at: dt.datetime
    trouble: str = ""


def steps_between(old: Directory, new: Directory) -> Steps:
    """What changes the one into the other. Units are never taken out of a directory; one that `new` lacks stays."""
    units = tuple(UnitStep(old.by_id.get(u.id), u) for u in new.recipients if old.by_id.get(u.id) != u)
    was, now = {g.id: g for g in old.groups}, {g.id: g for g in new.groups}
    changed = [GroupStep(was.get(g.id), g) for g in new.groups if was.get(g.id) != g]
    return Steps(units, (*changed, *(GroupStep(g, None) for g in old.groups if g.id not in now)))


def carry_out(directory: Directory, steps: Steps) -> Directory:
    """The directory after these steps; Conflict, and nothing is done, when it is not as they count on."""
    units, groups = dict(directory.by_id), {g.id: g for g in directory.groups}
    for unit_step in steps.units:
        units[unit_step.after.id] = _stepped(unit_step.before, unit_step.after, units.get(unit_step.after.id))
    for step in steps.groups:
        if step.after is not None:
            groups[step.after.id] = _stepped(step.before, step.after, groups.get(step.after.id))
        elif step.before is not None:
            found = groups.pop(step.before.id, step.before)
            if found != step.before:
                raise Conflict(f"分组“{found.name}”在登记之后有过改动，没有删除。")
    changed = Directory(tuple(units.values()), tuple(groups.values()))
    _check(changed, steps)
    return changed


def projected(directory: Directory, changes: Iterable[DatedChange]) -> tuple[Directory, dict[int, str]]:
    """The directory once these have taken effect, in their order; and which could not, with the reason."""
    failed: dict[int, str] = {}
    for change in changes:
        try:
            directory = carry_out(directory, change.steps)
        except Conflict as conflict:
            failed[change.id] = str(conflict)
    return directory, failed


def _stepped(before: T | None, after: T, now: T | None) -> T:
    what = _WHAT[type(after)]
    if before is None:
        if now is not None and now != after:
            raise Conflict(f"{what}编号 {after.id} 已经有了。")
        return after
    if now is None:
        raise Conflict(f"{what}“{before.name}”已经不在名录里。")
    return _merged(before, after, now, f"{what}“{now.name}”")


def _merged(before: T, after: T, now: T, called: str) -> T:
    """`now` with what differs between `before` and `after`; lists take in and give off single words."""
    values: dict[str, Any] = {}
    for name in (field.name for field in fields(now)):
        was, wanted, is_now = (getattr(one, name) for one in (before, after, now))
        if wanted in (was, is_now):
            continue
        if name == "targets":
            values[name] = _merged_targets(was, wanted, is_now, called)
        elif isinstance(is_now, tuple):
            values[name] = _merged_words(was, wanted, is_now)
        elif is_now == was:
            values[name] = wanted
        else:
            raise Conflict(
                f"{called}的{_FIELDS[name]}登记时是“{_word(was)}”，现在是“{_word(is_now)}”，没有改为“{_word(wanted)}”。"
            )
    return replace(now, **values)


def _merged_words(was: Sequence[str], wanted: Sequence[str], now: Sequence[str]) -> tuple[str, ...]:
    kept = [word for word in now if word in wanted or word not in was]
    return tuple(dict.fromkeys((*kept, *(word for word in wanted if word not in was))))


def _merged_targets(
    was: Sequence[Target], wanted: Sequence[Target], now: Sequence[Target], called: str
) -> tuple[Target, ...]:
    old, new, found = ({_key(t): t for t in targets} for targets in (was, wanted, now))
    for key in dict.fromkeys((*old, *new)):
        if old.get(key) == new.get(key) or found.get(key) == new.get(key):
            continue
        if found.get(key) != old.get(key):
            label = (old.get(key) or new[key]).label
            raise Conflict(f"{called}的群机器人{f'“{label}”' if label else ''}在登记之后有过改动，没有照登记的改。")
        if key in new:
            found[key] = new[key]
        else:
            del found[key]
    return tuple(found.values())


def _key(target: Target) -> tuple[str, str]:
    return target.channel, target.url.reveal()


def _check(directory: Directory, steps: Steps) -> None:
    """What every act on the directory promises holds after a merge too."""
    after = [step.after for step in steps.units]
    _unlike(directory.recipients, {unit.id for unit in after}, "单位", lambda unit: unit.name)
    touched = {step.after.id for step in steps.groups if step.after is not None}
    _unlike(directory.groups, touched, "分组", lambda group: group.name)
    for group in directory.groups:
        if group.id in touched:
            if not group.members:
                raise Conflict(f"分组“{group.name}”会变得没有成员。")
            if gone := [m for m in group.members if m not in directory.by_id]:
                raise Conflict(f"分组“{group.name}”的成员 {gone[0]} 不在名录里。")


def _unlike(things: Sequence[T], touched: set[str], what: str, name: Callable[[T], str]) -> None:
    if not touched:
        return
    names: dict[str, str] = {}
    for thing in things:
        other = names.setdefault(normal(name(thing)), thing.id)
        if other != thing.id and touched & {other, thing.id}:
            raise Conflict(f"已经有名为“{name(thing)}”的{what}。")


_WHAT: dict[type, str] = {Recipient: "单位", Group: "分组"}
_FIELDS = {"name": "名称", "kind": "类别", "enabled": "启用"}


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(getattr(value, "chinese", value))
