"""Groups, and changes of the directory that take effect on a later day."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from bot.domain.dated import DatedState
from bot.domain.directory import Group
from bot.flows.dated import Pending

from .caller import ApiError, Caller, Edits, Key, Reads
from .directory import unit_fields
from .group_models import (
    DatedIn,
    DatedOut,
    GroupIn,
    GroupOut,
    PlannedGroup,
    PlannedMerge,
    PlannedRecipient,
    PlannedRemoval,
    PlannedTarget,
    PlannedTargetState,
)
from .issues import Cursor, Id, Limit
from .models import Count, Paged

router = APIRouter()
GroupId = Annotated[str, Path(min_length=1, max_length=64)]


@router.get("/groups", response_model=Paged[GroupOut])
def groups(caller: Reads, cursor: Cursor = 0, limit: Limit = 50) -> Paged[GroupOut]:
    """In the order of the directory."""
    every = caller.office.store.group_lines()
    end = cursor + limit
    return Paged(items=[GroupOut.of(g) for g in every[cursor:end]], next=end if end < len(every) else None)


@router.post("/groups", response_model=GroupOut)
def add_group(caller: Edits, group: GroupIn, key: Key = None) -> Response:
    return caller.once(key, group, lambda: _saved(caller, None, group))


@router.get("/groups/{group_id}", response_model=GroupOut)
def group(caller: Reads, group_id: GroupId) -> GroupOut:
    return GroupOut.of(_group(caller, group_id))


@router.put("/groups/{group_id}", response_model=GroupOut)
def edit_group(caller: Edits, group_id: GroupId, group: GroupIn) -> GroupOut:
    """The whole group: members that are not named are taken off."""
    _group(caller, group_id)
    return _saved(caller, group_id, group)


@router.delete("/groups/{group_id}", response_model=Count)
def remove_group(caller: Edits, group_id: GroupId) -> Count:
    """Its phrases mean nothing any more; issues that wait are assessed anew. An undo brings it back."""
    _group(caller, group_id)
    caller.office.roster.remove_group(group_id, who=caller.who)
    caller.office.reassess(who=caller.who)
    return Count(count=1)


def _saved(caller: Caller, group_id: str | None, group: GroupIn) -> GroupOut:
    saved = caller.office.roster.save_group(
        group_id,
        name=group.name,
        phrases=group.phrases,
        members=lambda _: group.members,
        who=caller.who,
        why=group.why,
    )
    return GroupOut.of(_group(caller, saved))


def _group(caller: Caller, group_id: str) -> Group:
    found = next((g for g in caller.office.store.group_lines() if g.id == group_id), None)
    if found is None:
        raise ApiError(404, "not_found", "没有这个分组。")
    return found


# dated changes


@router.get("/dated-changes", response_model=Paged[DatedOut])
def dated_changes(caller: Reads) -> Paged[DatedOut]:
    """What has not taken effect yet, in the order in which it would; `trouble` says why it could not."""
    return Paged(items=[DatedOut.of(pending) for pending in caller.office.dated.pending()], next=None)


@router.post("/dated-changes", response_model=DatedOut)
def plan(caller: Edits, change: DatedIn, key: Key = None) -> Response:
    """One act on the directory, to take effect at 00:00 of a day after today."""

    def act() -> DatedOut:
        caller.office.dated.check_day(change.effective_on)
        _act(caller, change)
        mine = [p for p in caller.office.dated.pending() if p.change.who == caller.who]
        return DatedOut.of(max(mine, key=lambda p: p.change.id))

    return caller.once(key, change, act)


def _act(caller: Caller, change: DatedIn) -> None:
    roster, who, why, on = caller.office.roster, caller.who, change.why, change.effective_on
    match change:
        case PlannedRecipient(recipient=unit):
            roster.edit_unit(unit.id, unit_fields(unit), who=who, why=why, on=on)
        case PlannedMerge(merge=merge):
            roster.merge_unit(merge.id, merge.into, who=who, why=why, on=on)
        case PlannedTarget(add_target=new):
            roster.add_target(new.recipient, new.fields, url=new.url, secret=new.secret, who=who, on=on)
        case PlannedTargetState(target=robot) if robot.remove:
            roster.remove_target(robot.id, who=who, why=why, on=on)
        case PlannedTargetState(target=robot):
            roster.enable_target(robot.id, robot.enabled, who=who, on=on)
        case PlannedGroup(group=group):
            members, phrases = group.members, group.phrases
            roster.save_group(
                group.id, name=group.name, phrases=phrases, members=lambda _: members, who=who, why=why, on=on
            )
        case PlannedRemoval(remove_group=group_id):
            roster.remove_group(group_id, who=who, why=why, on=on)


@router.delete("/dated-changes/{change_id}", response_model=Count)
def withdraw(caller: Edits, change_id: Id) -> Count:
    _pending(caller, change_id)
    caller.office.dated.withdraw(change_id, who=caller.who)
    return Count(count=1)


@router.post("/dated-changes/{change_id}/retry", response_model=Count)
def retry(caller: Edits, change_id: Id, key: Key = None) -> Response:
    """Try one that is held again, after the directory was put right: 1 when it has taken effect, else 0."""

    def act() -> Count:
        _pending(caller, change_id)
        state = caller.office.dated.retry(change_id, who=caller.who)
        if state is DatedState.APPLIED:
            caller.office.reassess(who=caller.who)
        return Count(count=int(state is DatedState.APPLIED))

    return caller.once(key, None, act)


def _pending(caller: Caller, change_id: int) -> Pending:
    found = next((p for p in caller.office.dated.pending() if p.change.id == change_id), None)
    if found is None:
        raise ApiError(404, "not_found", "没有这项预约变更，或者已经生效、已经撤回。")
    return found
