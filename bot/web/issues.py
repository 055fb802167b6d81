"""期刊: the list, uploading, and one issue with its reading, recipients and cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, UploadFile
from markupsafe import Markup
from starlette.responses import HTMLResponse, JSONResponse, Response

from bot.domain.acts import known
from bot.domain.card import Style
from bot.domain.channel import Channel
from bot.domain.errors import DocumentRefused
from bot.domain.issue import ListKind
from bot.domain.plan import PlanTarget
from bot.domain.release import IssueState
from bot.flows.publish import Published

from . import pages
from .access import Editor, NotFound, Viewer, Visit

router = APIRouter(prefix="/issues")

PER_PAGE = 20
MOST_FILES = 50
Page = Annotated[int, Query(ge=1, le=100_000)]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one uploaded file."""

    name: str
    ok: bool
    said: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """Who a release now would reach: the numbers of the confirmation."""

    units: int
    robots: int
    suspended: int
    unreachable: int

    @property
    def sentence(self) -> str:
        said = f"将发送至 {self.units} 个单位 {self.robots} 个群"
        if self.suspended:
            said += f"，另有 {self.suspended} 个群机器人已停用，不会收到"
        if self.unreachable:
            said += f"；{self.unreachable} 个单位没有可用的群机器人"
        return f"{said}。"


@router.get("")
def issue_list(visit: Viewer, q: str = "", state: str = "", page: Page = 1) -> HTMLResponse:
    states = tuple(s for s in IssueState if s.value == state)
    lines, total = visit.office.store.issue_lines(
        search=q.strip()[:100], states=states, limit=PER_PAGE, offset=(page - 1) * PER_PAGE
    )
    here = {"q": q, "state": state}
    return visit.page(
        "issues.html",
        lines=lines,
        total=total,
        states=tuple(IssueState),
        **pages.turns("/issues", page, more=page * PER_PAGE < total, **here),
        q=q,
        chosen=state,
    )


@router.post("/upload")
def upload(visit: Editor, files: list[UploadFile]) -> Response:
    """Take in each file; one that cannot be read does not stop the others. A script asks for JSON and gets a list."""
    taken = [_take_in(visit, file) for file in files[:MOST_FILES] if file.filename]
    if visit.wants_json:
        return JSONResponse([{"name": t.name, "ok": t.ok, "said": t.said, "path": t.path} for t in taken])
    if len(taken) == 1 and taken[0].ok:
        return visit.go(taken[0].path, taken[0].said)
    return visit.page("uploaded.html", taken=taken)


def _take_in(visit: Visit, file: UploadFile) -> Taken:
    name = (file.filename or "").replace("\\", "/").rsplit("/", 1)[-1][:200]
    data = file.file.read()
    try:
        published = visit.office.publisher.take_in(data, name, source="upload", who=visit.who)
    except DocumentRefused as refusal:
        return Taken(name, False, str(refusal))
    visit.office.settler.wake()
    stored = published.stored
    news = "已收到" if stored.new_revision else "内容与已有的相同"
    return Taken(name, True, f"{stored.issue.label}：{news}，{stored.state.chinese}。", f"/issues/{stored.id}")


@router.get("/{issue_id}")
def issue_page(visit: Viewer, issue_id: int) -> HTMLResponse:
    published = review(visit, issue_id)
    return visit.page("issue.html", **_common(visit, published), **_people(visit, published))


def review(visit: Visit, issue_id: int) -> Published:
    """The issue against the directory as it is now; NotFound when there is none."""
    if not visit.office.store.revisions(issue_id):
        raise NotFound
    # In memory, however large: what is near to an unknown phrase is for the person who looks at it.
    return visit.office.publisher.review(issue_id, directory=visit.office.store.directory())


def _common(visit: Visit, published: Published) -> dict[str, Any]:
    stored = published.stored
    return {
        "stored": stored,
        "now": visit.office.now(),
        "issue": stored.issue,
        "publication": published.publication,
        "holds": published.holds,
        "approvals": visit.office.store.approvals(stored.id, stored.issue.content_hash),
        "revisions": visit.office.store.revisions(stored.id),
        "original": visit.office.store.original_name(stored.revision_id),
    }


def _people(visit: Visit, published: Published) -> dict[str, Any]:
    resolution = published.resolution
    names = {unit.id: unit.name for unit in visit.office.store.directory().recipients}
    groups = {g.id: g.name for g in visit.office.store.group_lines()}
    deliver = published.publication.deliver
    lines = visit.office.store.history_page(subjects=[f"issue:{published.stored.id}"], limit=20)
    return {
        "lists": [(kind, resolution.of(kind), kind in deliver) for kind in ListKind],
        "names": names,
        "group_names": groups,
        "resolution": resolution,
        "reach": reach(visit, published),
        # An approval and what follows from it stand apart in the audit trail; here they are one act.
        "history": [line for line in lines if known(line.action) != "issue.approval_counted"],
    }


def reach(visit: Visit, published: Published) -> Reach:
    robots = robots_of(visit, published)
    suspended = sum(robot.suspended for robot in robots)
    units = {robot.recipient_id for robot in robots if not robot.suspended}
    return Reach(len(units), len(robots) - suspended, suspended, len(published.resolution.without_target))


def robots_of(visit: Visit, published: Published) -> Sequence[PlanTarget]:
    return visit.office.publisher.store.plan_targets(list(published.resolution.recipients))


@router.get("/{issue_id}/cards")
def cards(visit: Viewer, issue_id: int, channel: str = "", style: str = "") -> HTMLResponse:
    """The card as recipients will see it, for each channel and style; those that are in use come first."""
    published = review(visit, issue_id)
    looks = _looks(visit.office.channels, robots_of(visit, published))
    chosen = next((look for look in looks if look[:2] == (channel, style)), looks[0])
    messages = visit.office.publisher.renderer.messages(
        published.stored, channel=chosen[0], style=Style(chosen[1]), list_kind=ListKind.SEND
    )
    # The preview escapes every text of the payload; nothing else is ever marked as safe.
    shown = [Markup(visit.office.preview(chosen[0], dict(message.payload))) for message in messages]  # noqa: S704
    notes = [note for message in messages for note in message.notes]
    return visit.page(
        "cards.html",
        stored=published.stored,
        issue=published.stored.issue,
        looks=looks,
        chosen=chosen,
        shown=shown,
        notes=notes,
    )


def _looks(channels: Mapping[str, Channel], robots: Sequence[PlanTarget]) -> list[tuple[str, str, int]]:
    """(channel, style, how many robots take it so); those in use first."""
    used: dict[tuple[str, str], int] = {}
    for robot in robots:
        look = (robot.channel, robot.style.value)
        used[look] = used.get(look, 0) + 1
    every = [(name, style.value) for name, c in channels.items() for style in Style if style in c.STYLES]
    return sorted(
        ((*look, used.get(look, 0)) for look in every), key=lambda look: (-look[2], every.index((look[0], look[1])))
    )


@router.get("/{issue_id}/reading")
def reading(visit: Viewer, issue_id: int) -> HTMLResponse:
    """The document, block by block, beside what each block was taken for."""
    published = review(visit, issue_id)
    original = visit.office.store.original(published.stored.revision_id)
    if original is None:
        raise NotFound
    rows = visit.office.explain(original.data, original.name)
    return visit.page(
        "reading.html", stored=published.stored, issue=published.stored.issue, rows=rows, original=original
    )


@router.get("/{issue_id}/original")
def original_file(visit: Viewer, issue_id: int) -> Response:
    stored = review(visit, issue_id).stored
    found = visit.office.store.original(stored.revision_id)
    if found is None:
        raise NotFound
    return pages.download(found.data, found.name)
