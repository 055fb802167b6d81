"""Issues, their release, deliveries and sign-offs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, UploadFile
from starlette.responses import Response

from bot.domain.delivery import DeliveryState
from bot.domain.errors import ConfigError
from bot.domain.plan import StoredIssue
from bot.domain.release import IssueState
from bot.flows.publish import Published, Publisher

from .caller import ApiError, Caller, Edits, Key, Reads, Releases
from .issue_models import (
    AttemptOut,
    Decision,
    DeliveryDetailOut,
    DeliveryOut,
    IssueOut,
    Moved,
    Reasoned,
    Released,
    Settle,
    SignOffOut,
)
from .models import Count, Paged

router = APIRouter()
Id = Annotated[int, Path(ge=1, le=2**53)]
Cursor = Annotated[int, Query(ge=0, le=2**53)]
Limit = Annotated[int, Query(ge=1, le=200)]
Search = Annotated[str, Query(max_length=100)]


@router.get("/issues", response_model=Paged[IssueOut])
def issues(
    caller: Reads, search: Search = "", state: IssueState | None = None, cursor: Cursor = 0, limit: Limit = 50
) -> Paged[IssueOut]:
    """Newest first."""
    states = (state,) if state is not None else ()
    lines, total = caller.office.store.issue_lines(search=search, states=states, limit=limit, offset=cursor)
    end = cursor + limit
    return Paged(items=[IssueOut.of_line(line) for line in lines], next=end if end < total else None)


@router.post("/issues", response_model=IssueOut)
def upload(caller: Edits, file: UploadFile, key: Key = None) -> Response:
    """Take in one document (TXT, HTML, DOCX, PDF). The same document again is the same issue."""
    data, name = file.file.read(), (file.filename or "upload")[-200:]

    def act() -> IssueOut:
        published = caller.office.publisher.take_in(data, name, source="api", who=caller.who)
        caller.office.settler.wake()
        return _out(caller, published.stored)

    return caller.once(key, name.encode() + b"\0" + data, act)


@router.get("/issues/{issue_id}", response_model=IssueOut)
def issue(caller: Reads, issue_id: Id) -> IssueOut:
    return _out(caller, _stored(caller, issue_id))


@router.get("/issues/{issue_id}/content", response_model=dict[str, Any])
def content(caller: Reads, issue_id: Id) -> dict[str, Any]:
    """The document as data, in the shape of `jianbao parse --json`."""
    return _stored(caller, issue_id).issue.to_dict()


@router.get("/issues/{issue_id}/recipients", response_model=dict[str, Any])
def recipients(caller: Reads, issue_id: Id) -> dict[str, Any]:
    """Who would get it on the day of its release, by the directory with the changes that take effect until then, in the
    shape of `jianbao resolve --json`."""
    roster = caller.office.dated.directory_on(caller.office.dated.day_of(_stored(caller, issue_id).release_at))
    return caller.office.publisher.review(issue_id, directory=roster).resolution.to_dict()


@router.post("/issues/{issue_id}/reassess", response_model=IssueOut)
def reassess(caller: Edits, issue_id: Id, key: Key = None) -> Response:
    """Look again at what holds it, after directory or settings were mended."""

    def act() -> IssueOut:
        _stored(caller, issue_id)
        return _out(caller, caller.office.publisher.refresh(issue_id, who=caller.who).stored)

    return caller.once(key, None, act)


@router.post("/issues/{issue_id}/approve", response_model=IssueOut)
def approve(caller: Releases, issue_id: Id, decision: Decision, key: Key = None) -> Response:
    # Recorded under the account alone: two people are two accounts, not two tokens.
    return _decide(
        caller,
        issue_id,
        decision,
        key,
        lambda publisher, why: publisher.approve(issue_id, who=caller.account.who, why=why),
    )


@router.post("/issues/{issue_id}/hold", response_model=IssueOut)
def hold(caller: Releases, issue_id: Id, decision: Reasoned, key: Key = None) -> Response:
    """Until it is approved again."""
    return _decide(
        caller, issue_id, decision, key, lambda publisher, why: publisher.hold(issue_id, who=caller.who, why=why)
    )


@router.post("/issues/{issue_id}/reschedule", response_model=IssueOut)
def reschedule(caller: Releases, issue_id: Id, decision: Moved, key: Key = None) -> Response:
    """Release it at another moment."""
    return _decide(
        caller,
        issue_id,
        decision,
        key,
        lambda publisher, why: publisher.reschedule(issue_id, at=decision.at, who=caller.who, why=why),
    )


@router.post("/issues/{issue_id}/cancel", response_model=IssueOut)
def cancel(caller: Releases, issue_id: Id, decision: Reasoned, key: Key = None) -> Response:
    """It will not go out. A corrected document opens it again."""
    return _decide(
        caller, issue_id, decision, key, lambda publisher, why: publisher.cancel(issue_id, who=caller.who, why=why)
    )


@router.post("/issues/{issue_id}/release", response_model=Released)
def release(caller: Releases, issue_id: Id, decision: Decision, key: Key = None) -> Response:
    """Now. A released issue again sends only to those not covered yet."""
    return _decide(
        caller,
        issue_id,
        decision,
        key,
        lambda publisher, why: publisher.release_now(issue_id, who=caller.who, why=why or "接口立即发布"),
        released=True,
    )


def _decide(
    caller: Caller,
    issue_id: int,
    decision: Decision,
    key: str | None,
    act: Callable[[Publisher, str], Published],
    *,
    released: bool = False,
) -> Response:
    def do() -> IssueOut:
        stored = _stored(caller, issue_id)
        if decision.revision_id is not None and decision.revision_id != stored.revision_id:
            raise ApiError(409, "stale", "这一期已有新的版本，没有执行。")
        published = act(caller.office.publisher, decision.why.strip())
        caller.office.settler.wake()
        out = _out(caller, published.stored)
        return Released(**out.model_dump(), new_deliveries=published.new_deliveries) if released else out

    return caller.once(key, decision, do)


@router.get("/issues/{issue_id}/deliveries", response_model=Paged[DeliveryOut])
def deliveries(
    caller: Reads, issue_id: Id, state: DeliveryState | None = None, cursor: Cursor = 0, limit: Limit = 50
) -> Paged[DeliveryOut]:
    """In order of id."""
    _stored(caller, issue_id)
    states = (state,) if state is not None else ()
    rows = caller.office.store.receipt_page(issue_id=issue_id, states=states, after=cursor, limit=limit + 1)
    more = len(rows) > limit
    return Paged(items=[DeliveryOut.of(r) for r in rows[:limit]], next=rows[limit - 1].id if more else None)


@router.post("/issues/{issue_id}/resend-failed", response_model=Count)
def resend_failed(caller: Releases, issue_id: Id, key: Key = None) -> Response:
    """Send again what was refused or given up, where the robot works; never what is in doubt."""

    def act() -> Count:
        _stored(caller, issue_id)
        return Count(count=caller.office.settler.resend_failed(issue_id, who=caller.who))

    return caller.once(key, None, act)


@router.get("/issues/{issue_id}/signoffs", response_model=list[SignOffOut])
def signoffs(caller: Reads, issue_id: Id) -> list[SignOffOut]:
    _stored(caller, issue_id)
    return [SignOffOut.of(line) for line in caller.office.store.signoffs(issue_id)]


@router.post("/issues/{issue_id}/remind", response_model=Count)
def remind(caller: Releases, issue_id: Id, key: Key = None) -> Response:
    """A reminder card to every unit that has not signed; how many units."""

    def act() -> Count:
        _stored(caller, issue_id)
        return Count(count=caller.office.settler.remind_now(issue_id, who=caller.who))

    return caller.once(key, None, act)


@router.get("/deliveries/{delivery_id}", response_model=DeliveryDetailOut)
def delivery(caller: Reads, delivery_id: Id) -> DeliveryDetailOut:
    """One delivery with every attempt and what the platform answered."""
    return _detail(caller, delivery_id)


@router.post("/deliveries/{delivery_id}/settle", response_model=DeliveryDetailOut)
def settle(caller: Releases, delivery_id: Id, decision: Settle, key: Key = None) -> Response:
    """`arrived` (in doubt only), `resend` or `cancel`."""

    def act() -> DeliveryDetailOut:
        _detail(caller, delivery_id)
        caller.office.settler.settle(delivery_id, decision.act, who=caller.who, why=decision.why)
        return _detail(caller, delivery_id)

    return caller.once(key, decision, act)


def _detail(caller: Caller, delivery_id: int) -> DeliveryDetailOut:
    found = caller.office.store.delivery(delivery_id)
    if found is None:
        raise ApiError(404, "not_found", "没有这条投递。")
    return DeliveryDetailOut(
        delivery=DeliveryOut.of(found.row),
        attempts=[AttemptOut.of(a) for a in found.attempts],
        opened_at=found.opened_at,
        signed_at=found.signed_at,
        notes=list(found.notes),
        is_file=found.is_file,
    )


def _stored(caller: Caller, issue_id: int) -> StoredIssue:
    try:
        return caller.office.store.issue(issue_id)
    except ConfigError as error:
        raise ApiError(404, "not_found", str(error)) from None


def _out(caller: Caller, stored: StoredIssue) -> IssueOut:
    return IssueOut.of_stored(stored, dict(caller.office.store.counts(stored.id)))
