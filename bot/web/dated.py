"""名录: changes that take effect on a later day: planned for a unit, listed, withdrawn, tried again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from bot.domain.card import Style
from bot.domain.dated import DatedState
from bot.domain.directory import NOBODY, Directory, RecipientKind
from bot.domain.errors import ConfigError
from bot.domain.plan import StoredIssue
from bot.domain.release import OPEN
from bot.domain.resolver import Resolution
from bot.flows.roster_input import named_unit

from . import pages
from .access import Editor, NotFound, Viewer, Visit
from .forms import LATER, Text, Why, day_of, unit_fields
from .issues import Page, Reach, review
from .units import Robot

router = APIRouter(prefix="/directory")
PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Trial:
    """Who would get an issue on the day of its release. `changes`: how many dated changes count by then; `coming` and
    `going`: whom they bring and take away."""

    issue: StoredIssue
    roster: Directory
    resolution: Resolution
    reach: Reach
    unknown: tuple[str, ...]
    changes: int
    coming: tuple[str, ...]
    going: tuple[str, ...]


@router.get("/who")
def who(visit: Viewer) -> HTMLResponse:
    """名单试算: who would get the issues that are not out yet."""
    lines, _ = visit.office.store.issue_lines(states=OPEN, limit=5)
    return visit.page("who.html", trials=[_trial(visit, line.id) for line in lines])


@router.get("/who/{issue_id}")
def who_gets(visit: Viewer, issue_id: int, q: str = "", page: Page = 1) -> HTMLResponse:
    """The same for one issue, unit by unit."""
    review(visit, issue_id)
    trial = _trial(visit, issue_id)
    units = [trial.roster.by_id[key] for key in trial.resolution.recipients]
    found = [u for u in units if q.strip() in u.name or any(q.strip() in alias for alias in u.aliases)]
    here = f"/directory/who/{issue_id}"
    return visit.page(
        "who_gets.html",
        trial=trial,
        units=found[(page - 1) * PER_PAGE : page * PER_PAGE],
        total=len(found),
        q=q,
        **pages.turns(here, page, more=page * PER_PAGE < len(found), q=q),
    )


def _trial(visit: Visit, issue_id: int) -> Trial:
    office = visit.office
    now = office.publisher.review(issue_id)
    day = office.dated.day_of(now.stored.release_at)
    changes = office.dated.due_by(day)
    roster = office.dated.directory_on(day) if changes else office.store.directory()
    then = office.publisher.review(issue_id, directory=roster) if changes else now
    known = office.store.directory().by_id
    before, after = now.resolution.recipients, then.resolution.recipients
    return Trial(
        issue=then.stored,
        roster=roster,
        resolution=then.resolution,
        reach=_reach(visit, roster, list(after), len(then.resolution.without_target)),
        unknown=(*then.resolution.unresolved(then.publication.deliver), *then.resolution.unresolved_exclusions),
        changes=changes,
        coming=tuple(roster.by_id[key].name for key in after if key not in before),
        going=tuple(known[key].name for key in before if key not in after),
    )


def _reach(visit: Visit, roster: Directory, units: Sequence[str], unreachable: int) -> Reach:
    """By the robots as they will be; what is suspended now is taken to be so still."""
    suspended = {
        (t.target.channel, t.target.url, t.recipient.id)
        for t in visit.office.publisher.store.targets(units)
        if t.suspended_at is not None
    }
    robots = [(t.channel, t.url, key) for key in units for t in roster.by_id[key].targets if t.enabled]
    robots = [robot for robot in robots if roster.by_id[robot[2]].enabled]
    working = [robot for robot in robots if robot not in suspended]
    return Reach(len({key for _, _, key in working}), len(working), len(robots) - len(working), unreachable)


@router.get("/later")
def pending(visit: Viewer) -> HTMLResponse:
    return visit.page("later.html", pending=visit.office.dated.pending())


@router.post("/later/{change_id}/withdraw")
def withdraw(visit: Editor, change_id: int) -> Response:
    visit.office.dated.withdraw(change_id, who=visit.who)
    return visit.go("/directory/later", "已撤回，到时不会改动。")


@router.post("/later/{change_id}/retry")
def retry(visit: Editor, change_id: int) -> Response:
    """Once more, after the directory was put right."""
    state = visit.office.dated.retry(change_id, who=visit.who)
    if state is DatedState.APPLIED:
        visit.office.reassess(who=visit.who)
    return visit.go("/directory/later", "已生效。" if state is DatedState.APPLIED else "还是不能生效，原因见下面。")


# one unit


@router.get("/units/{unit_id}/later")
def plan_unit(visit: Editor, unit_id: str, on: str = "") -> HTMLResponse:
    """First the day; then the unit as it will be on that day, to be changed."""
    try:
        day = day_of(visit, on)
    except ConfigError as error:
        return _page(visit, unit_id, None, on=on, problem=str(error))
    return _page(visit, unit_id, day)


def _page(visit: Visit, unit_id: str, day: dt.date | None, *, on: str = "", problem: str = "") -> HTMLResponse:
    roster = visit.office.dated.directory_on(day or visit.office.dated.today())
    unit = roster.by_id.get(unit_id)
    if unit is None:
        raise NotFound
    return visit.page(
        "unit_later.html",
        status=400 if problem else 200,
        unit=unit,
        day=day,
        on=day.isoformat() if day else on,
        tomorrow=(visit.office.dated.today() + dt.timedelta(days=1)).isoformat(),
        robots=visit.office.store.target_lines(unit_id),
        kinds=tuple(RecipientKind),
        styles=tuple(Style),
        nobody=NOBODY,
        pending=visit.office.dated.pending_for(f"recipient:{unit_id}"),
        problem=problem,
    )


@router.post("/units/{unit_id}/later")
def plan_fields(
    visit: Editor,
    unit_id: str,
    on: Text = "",
    name: Text = "",
    kind: Text = "other",
    aliases: Text = "",
    enabled: Text = "",
    why: Why = "",
) -> Response:
    def act(day: dt.date) -> None:
        fields = unit_fields(name, kind, aliases, bool(enabled))
        visit.office.roster.edit_unit(unit_id, fields, who=visit.who, why=why, on=day)

    return _planned(visit, unit_id, on, act)


@router.post("/units/{unit_id}/later/robot")
def plan_robot(
    visit: Editor, unit_id: str, fields: Robot, on: Text = "", url: Text = "", secret: Text = ""
) -> Response:
    def act(day: dt.date) -> None:
        visit.office.roster.add_target(unit_id, fields.read(), url=url, secret=secret, who=visit.who, on=day)

    return _planned(visit, unit_id, on, act)


@router.post("/units/{unit_id}/later/robots/{target_id}")
def plan_robot_change(visit: Editor, unit_id: str, target_id: int, on: Text = "", act: Text = "") -> Response:
    def change(day: dt.date) -> None:
        roster = visit.office.roster
        if act == "remove":
            roster.remove_target(target_id, who=visit.who, on=day)
        else:
            roster.enable_target(target_id, act == "enable", who=visit.who, on=day)

    return _planned(visit, unit_id, on, change)


@router.post("/units/{unit_id}/later/merge")
def plan_merge(visit: Editor, unit_id: str, on: Text = "", into: Text = "", why: Why = "") -> Response:
    def act(day: dt.date) -> None:
        found = named_unit(into, visit.office.dated.directory_on(day))
        visit.office.roster.merge_unit(unit_id, found.id, who=visit.who, why=why, on=day)

    return _planned(visit, unit_id, on, act)


def _planned(visit: Visit, unit_id: str, on: str, act: Callable[[dt.date], None]) -> Response:
    """Do it for that day, and show it among what is to come."""
    day = None
    try:
        day = day_of(visit, on)
        if day is None:
            raise ConfigError("请先选择生效日期。")
        act(day)
    except ConfigError as error:
        return _page(visit, unit_id, day, on=on, problem=str(error))
    return visit.go("/directory/later", LATER.format(day=day))
