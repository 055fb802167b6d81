"""The shapes of groups, and of changes of the directory that take effect on a later day."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field, StrictBool

from bot.domain.dated import DatedState
from bot.domain.directory import Group
from bot.flows.dated import Pending, sentences

from .directory_models import RecipientIn, TargetIn
from .models import Line, Shape, Word

GROUP_MOST = 10_000
UnitId = Annotated[str, Field(min_length=1, max_length=64)]
Members = Annotated[list[UnitId], Field(max_length=GROUP_MOST)]


def _text(value: object) -> object:
    """A number would be taken for seconds since 1970: the description promises text."""
    if not isinstance(value, str):
        raise ValueError("请写成文字，如 2027-01-01")
    return value


def _whole(value: object) -> object:
    """To JSON 5.0 is an integer as well."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Day = Annotated[dt.date, BeforeValidator(_text)]


class GroupFields(Shape):
    """`members`: ids of units, in the order in which they are to be listed."""

    name: Word
    phrases: list[Word] = Field(default=[], max_length=200)
    members: Members


class GroupIn(GroupFields):
    why: Line = ""


class GroupOut(Shape):
    id: str
    name: str
    phrases: list[str]
    members: list[str]

    @classmethod
    def of(cls, group: Group) -> GroupOut:
        return cls(id=group.id, name=group.name, phrases=list(group.phrases), members=list(group.members))


class RecipientThen(RecipientIn):
    """A unit as it is to be, without its robots."""

    id: UnitId


class Merge(Shape):
    """The unit `id` becomes part of the unit `into`."""

    id: UnitId
    into: UnitId


class TargetNew(TargetIn):
    recipient: UnitId


class TargetThen(Shape):
    """Switched on or off, or taken out."""

    id: Annotated[int, Field(strict=True, ge=1, le=2**53), BeforeValidator(_whole)]
    enabled: StrictBool = True
    remove: StrictBool = False


class GroupThen(GroupFields):
    """`id` null: a new group."""

    id: UnitId | None = None


class Planned(Shape):
    """From 00:00 of `effective_on` on, which is after today."""

    effective_on: Day
    why: Line = ""


class PlannedRecipient(Planned):
    recipient: RecipientThen


class PlannedMerge(Planned):
    merge: Merge


class PlannedTarget(Planned):
    add_target: TargetNew


class PlannedTargetState(Planned):
    target: TargetThen


class PlannedGroup(Planned):
    group: GroupThen


class PlannedRemoval(Planned):
    remove_group: UnitId


DatedIn: TypeAlias = (
    PlannedRecipient | PlannedMerge | PlannedTarget | PlannedTargetState | PlannedGroup | PlannedRemoval
)
"""Exactly one act."""


class DatedOut(Shape):
    """`changes`: what it does, in words, credentials masked. `trouble`: why it is held, or could not take effect as
    things stand; empty when it can."""

    id: int
    effective_on: dt.date
    state: DatedState
    who: str
    why: str
    entered_at: dt.datetime
    changes: list[str]
    trouble: str

    @classmethod
    def of(cls, pending: Pending) -> DatedOut:
        change = pending.change
        return cls(
            id=change.id,
            effective_on=change.effective_on,
            state=change.state,
            who=change.who,
            why=change.why,
            entered_at=change.entered_at,
            changes=[sentence for entry in pending.entries for sentence in sentences(entry)],
            trouble=pending.trouble,
        )
