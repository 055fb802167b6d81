"""Changes of the directory that take effect on a later day: entered today, carried out at 00:00 of that day.

The same acts as now, by the same functions, over the directory as it will be on that day. docs/decisions/dated.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bot.directory import Change, Entry, FieldChange, diff
from bot.domain.dated import OPEN, DatedChange, DatedState, Steps, carry_out, projected, steps_between
from bot.domain.directory import Directory, Group
from bot.domain.errors import ConfigError

from .ports import Clock

FURTHEST = dt.timedelta(days=3 * 366)
"""A change is not planned further ahead than this but by a slip of the pen."""


class DatedStore(Protocol):
    """The store's side; see bot/store/dated.py for what each promises."""

    def directory(self) -> Directory: ...
    def add_dated(
        self, steps: Steps, effective_on: dt.date, shown: Mapping[str, Any], *, who: str, why: str, now: dt.datetime
    ) -> int: ...
    def dated_changes(
        self, states: Collection[DatedState] = OPEN, *, until: dt.date | None = None
    ) -> list[DatedChange]: ...
    def apply_dated(
        self, change_id: int, act: Callable[[Directory], Directory], *, who: str, why: str, now: dt.datetime
    ) -> DatedState | None: ...
    def withdraw_dated(self, change_id: int, *, who: str, now: dt.datetime) -> bool: ...
    def retry_dated(self, change_id: int, *, who: str, now: dt.datetime) -> bool: ...


@dataclass(frozen=True, slots=True)
class Pending:
    """A change that has not taken effect. `trouble`: why it is held, or could not take effect as things stand now."""

    change: DatedChange
    entries: tuple[Entry, ...]
    trouble: str


@dataclass(frozen=True, slots=True)
class Dated:
    """The use cases. `zone` says when a day begins."""

    store: DatedStore
    clock: Clock
    zone: ZoneInfo

    def today(self) -> dt.date:
        return self.clock().astimezone(self.zone).date()

    def check_day(self, day: dt.date) -> None:
        """ConfigError when a change cannot take effect on this day."""
        if day <= self.today():
            raise ConfigError("生效日期要晚于今天；今天就生效的，直接在原来的页面修改。")
        if day - self.today() > FURTHEST:
            raise ConfigError(f"生效日期 {day} 太远：最多提前三年，请核对年份。")

    def enter(self, act: Callable[[Directory], Directory], on: dt.date, *, who: str, why: str) -> int:
        """Keep what `act` does to the directory as it will be on that day; the change's id. ConfigError when the day
        will not do, when `act` refuses, or when nothing would be different."""
        self.check_day(on)
        before = self.directory_on(on)
        steps = steps_between(before, act(before))
        if steps == Steps():
            raise ConfigError("与那一天的名录一样，没有要改的。")
        shown = {
            "changes": [sentence for entry in entries_of(steps, names_of(before)) for sentence in sentences(entry)]
        }
        return self.store.add_dated(steps, on, shown, who=who, why=why, now=self.clock())

    def day_of(self, moment: dt.datetime | None) -> dt.date:
        """The day of this moment, or today when it is past or None."""
        return max(self.today(), moment.astimezone(self.zone).date()) if moment else self.today()

    def due_by(self, day: dt.date) -> int:
        """How many changes are to take effect until then."""
        return len(self.store.dated_changes((DatedState.WAITING,), until=day))

    def directory_on(self, day: dt.date) -> Directory:
        """The directory with what is to take effect by then; what could not as things stand is left out."""
        waiting = self.store.dated_changes((DatedState.WAITING,), until=day)
        return projected(self.store.directory(), waiting)[0]

    def pending(self) -> list[Pending]:
        """What has not taken effect yet, in the order in which it would."""
        changes = self.store.dated_changes()
        if not changes:
            return []
        directory = self.store.directory()
        after, failed = projected(directory, (c for c in changes if c.state is DatedState.WAITING))
        names = names_of(directory) | names_of(after)
        return [Pending(c, entries_of(c.steps, names), c.trouble or failed.get(c.id, "")) for c in changes]

    def pending_for(self, subject: str) -> list[Pending]:
        """Those of `pending` that touch `subject` (`recipient:ID`, `group:ID`)."""
        return [one for one in self.pending() if subject in one.change.steps.subjects]

    def held(self) -> int:
        """How many have had their day and wait for a person."""
        return len(self.store.dated_changes((DatedState.HELD,)))

    def withdraw(self, change_id: int, *, who: str) -> None:
        if not self.store.withdraw_dated(change_id, who=who, now=self.clock()):
            raise ConfigError("这项变更已经生效或撤回，不能再撤回。")

    def retry(self, change_id: int, *, who: str) -> DatedState | None:
        """Try a held change again, now that the directory was mended; what became of it."""
        if not self.store.retry_dated(change_id, who=who, now=self.clock()):
            raise ConfigError("这项变更不在待处理之列，请刷新后再看。")
        return dict(self.apply_due()).get(change_id)

    def apply_due(self) -> list[tuple[int, DatedState]]:
        """Carry out every change whose day has come, oldest first, also those of days that were missed; (id, what
        became of it). Whoever is second finds nothing left to do."""
        done = []
        for change in self.store.dated_changes((DatedState.WAITING,), until=self.today()):
            state = self.store.apply_dated(
                change.id, _act(change.steps), who=change.who, why=self._why(change), now=self.clock()
            )
            if state is not None:
                done.append((change.id, state))
        return done

    def _why(self, change: DatedChange) -> str:
        entered = change.entered_at.astimezone(self.zone).date()
        return f"{_day(entered)}登记，{_day(change.effective_on)}起生效" + (f"：{change.why}" if change.why else "")


def _act(steps: Steps) -> Callable[[Directory], Directory]:
    return lambda directory: carry_out(directory, steps)


def _day(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def entries_of(steps: Steps, names: Mapping[str, str]) -> tuple[Entry, ...]:
    """What the steps do, for people: credentials masked, members by name."""
    kept = [step for step in steps.groups if step.after is not None]
    old = Directory(
        tuple(s.before for s in steps.units if s.before), tuple(named(s.before, names) for s in kept if s.before)
    )
    new = Directory(tuple(s.after for s in steps.units), tuple(named(s.after, names) for s in kept if s.after))
    known = names_of(old) | {group.id: group.name for group in old.groups}
    changed = [
        replace(entry, name=known.get(entry.id, entry.name))
        for entry in diff(old, new).entries
        if entry.change in (Change.ADDED, Change.CHANGED)
    ]
    removed = [s.before for s in steps.groups if s.after is None and s.before is not None]
    return (*changed, *(_removed(group) for group in removed))


def names_of(directory: Directory) -> dict[str, str]:
    return {unit.id: unit.name for unit in directory.recipients}


def named(group: Group, names: Mapping[str, str]) -> Group:
    """The group as people read it: members by name."""
    return replace(group, members=tuple(names.get(member, member) for member in group.members))


def _removed(group: Group) -> Entry:
    words = "、".join((group.name, *group.phrases))
    return Entry("group", group.id, group.name, Change.CHANGED, (FieldChange("删除分组", "", f"不再认得 {words}"),))


def sentences(entry: Entry) -> Iterator[str]:
    """An entry line by line, for the history."""
    if not entry.fields:
        yield f"{entry.change.chinese} {entry.name}"
    for field in entry.fields:
        yield f"{entry.name} {field.field}：{f'{field.before} → ' if field.before else ''}{field.after}"
