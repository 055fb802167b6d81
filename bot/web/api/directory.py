"""The directory, the history, and who the caller is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from bot.domain.directory import RecipientKind
from bot.domain.pages import TargetLine
from bot.flows.roster_input import UnitFields

from .caller import Administers, ApiError, Caller, Edits, Key, Reads, Releases
from .directory_models import (
    RecipientDetail,
    RecipientIn,
    RecipientOut,
    Revive,
    TargetEdit,
    TargetIn,
    TargetOut,
    Tested,
)
from .issues import Cursor, Id, Limit, Search
from .models import Count, HistoryOut, Me, Paged

router = APIRouter()
UnitId = Annotated[str, Path(min_length=1, max_length=64)]


@router.get("/me", response_model=Me)
def me(caller: Reads) -> Me:
    account = caller.account
    return Me(name=account.name, shown=account.shown, role=account.role, scopes=list(caller.token.scopes))


@router.get("/recipients", response_model=Paged[RecipientOut])
def recipients(
    caller: Reads, search: Search = "", kind: RecipientKind | None = None, cursor: Cursor = 0, limit: Limit = 50
) -> Paged[RecipientOut]:
    """In the order of the directory."""
    lines, total = caller.office.store.recipient_lines(search=search, kind=kind, limit=limit, offset=cursor)
    end = cursor + limit
    return Paged(items=[RecipientOut.of(line) for line in lines], next=end if end < total else None)


@router.post("/recipients", response_model=RecipientDetail)
def add_recipient(caller: Edits, unit: RecipientIn, key: Key = None) -> Response:
    def act() -> RecipientDetail:
        new = caller.office.roster.add_unit(unit_fields(unit), who=caller.who, why=unit.why)
        caller.office.reassess(who=caller.who)
        return _detail(caller, new)

    return caller.once(key, unit, act)


@router.get("/recipients/{unit_id}", response_model=RecipientDetail)
def recipient(caller: Reads, unit_id: UnitId) -> RecipientDetail:
    return _detail(caller, unit_id)


@router.put("/recipients/{unit_id}", response_model=RecipientDetail)
def edit_recipient(caller: Edits, unit_id: UnitId, unit: RecipientIn) -> RecipientDetail:
    """The whole unit, without its robots. A unit is never deleted, for receipts name it: disable it."""
    _detail(caller, unit_id)
    caller.office.roster.edit_unit(unit_id, unit_fields(unit), who=caller.who, why=unit.why)
    caller.office.reassess(who=caller.who)
    return _detail(caller, unit_id)


@router.post("/recipients/{unit_id}/targets", response_model=RecipientDetail)
def add_target(caller: Edits, unit_id: UnitId, target: TargetIn, key: Key = None) -> Response:
    """A group bot, by its webhook URL."""

    def act() -> RecipientDetail:
        _detail(caller, unit_id)
        caller.office.roster.add_target(unit_id, target.fields, url=target.url, secret=target.secret, who=caller.who)
        caller.office.reassess(who=caller.who)
        return _detail(caller, unit_id)

    return caller.once(key, target, act)


@router.put("/targets/{target_id}", response_model=TargetOut)
def edit_target(caller: Edits, target_id: Id, target: TargetEdit) -> TargetOut:
    caller.office.roster.edit_target(
        target_id,
        target.fields(_target(caller, target_id)),
        enabled=target.enabled,
        url=target.url,
        secret=target.secret,
        drop_secret=target.drop_secret,
        who=caller.who,
    )
    caller.office.reassess(who=caller.who)
    return TargetOut.of(_target(caller, target_id))


@router.delete("/targets/{target_id}", response_model=Count)
def remove_target(caller: Edits, target_id: Id) -> Count:
    """Out of the directory; receipts keep naming it, and an undo brings it back."""
    _target(caller, target_id)
    caller.office.roster.remove_target(target_id, who=caller.who)
    caller.office.reassess(who=caller.who)
    return Count(count=1)


@router.post("/targets/{target_id}/test", response_model=Tested)
async def test_target(caller: Edits, target_id: Id) -> Tested:
    """Send a harmless message now; every call sends one."""
    stored = await run_in_threadpool(caller.office.store.stored_target, target_id)
    if stored is None:
        raise ApiError(404, "not_found", "没有这个群机器人。")
    verdict = await caller.office.try_target(stored)
    return Tested(outcome=verdict.outcome, reason=verdict.reason, vendor_message=verdict.vendor_message)


@router.post("/targets/{target_id}/revive", response_model=Count)
def revive(caller: Releases, target_id: Id, how: Revive, key: Key = None) -> Response:
    """End a suspension; with `replay` the latest issue goes out to it again. How many deliveries."""

    def act() -> Count:
        _target(caller, target_id)
        return Count(count=caller.office.settler.revive(target_id, replay=how.replay, who=caller.who))

    return caller.once(key, how, act)


@router.get("/history", response_model=Paged[HistoryOut])
def history(caller: Administers, cursor: Cursor = 0, limit: Limit = 50) -> Paged[HistoryOut]:
    """The audit trail, newest first; each row carries the hash that chains it to the one before."""
    lines = caller.office.store.history_page(before=cursor or None, limit=limit + 1)
    more = len(lines) > limit
    return Paged(items=[HistoryOut.of(x) for x in lines[:limit]], next=lines[limit - 1].id if more else None)


def unit_fields(unit: RecipientIn) -> UnitFields:
    return UnitFields(unit.name, unit.kind, tuple(unit.aliases), unit.enabled)


def _detail(caller: Caller, unit_id: str) -> RecipientDetail:
    unit = caller.office.store.directory().by_id.get(unit_id)
    if unit is None:
        raise ApiError(404, "not_found", "名录里没有这个单位。")
    robots = [TargetOut.of(line) for line in caller.office.store.target_lines(unit_id)]
    return RecipientDetail(**RecipientOut.of(unit).model_dump(), targets=robots)


def _target(caller: Caller, target_id: int) -> TargetLine:
    line = caller.office.store.target_line(target_id)
    if line is None or caller.office.store.stored_target(target_id) is None:
        raise ApiError(404, "not_found", "没有这个群机器人。")
    return line
