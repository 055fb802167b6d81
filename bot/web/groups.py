"""名录: groups. Members are chosen from a list that is searched and paged on the server.

What is chosen and not yet saved travels in the form, so that it survives every search and page, and nothing changes
before it is saved as a whole.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, Response

from bot.domain.directory import Directory, Group
from bot.domain.errors import ConfigError
from bot.flows.reassess import touched_by_removal
from bot.flows.roster_input import named_units, nobody_named

from . import pages
from .access import Editor, NotFound, Viewer, Visit
from .changes import some
from .forms import LATER, Text, Why, day_of, lines_of
from .issues import Page

router = APIRouter(prefix="/directory/groups")

PER_PAGE = 50
UNITS_PER_PAGE = 100
MOST_SUGGESTED = 5
"""To look for near names takes a while among 5,000 units."""
MOST_CHANGED = 500
"""How many members may be chosen or taken off before it is saved: the form carries them."""


@router.get("")
def groups(visit: Viewer, page: Page = 1) -> HTMLResponse:
    every = visit.office.store.group_lines()
    return visit.page(
        "groups.html",
        groups=every[(page - 1) * PER_PAGE : page * PER_PAGE],
        names=visit.office.store.recipient_names(),
        **pages.turns("/directory/groups", page, more=page * PER_PAGE < len(every)),
    )


class GroupForm(BaseModel):
    """The form as it comes in. `had`: the units that were ticked when the page was made, `members`: those that are now.
    Of units that are not on the page, `added` and `dropped` say what was done on others."""

    name: str = ""
    phrases: str = ""
    members: list[str] = []
    had: list[str] = []
    added: list[str] = []
    dropped: list[str] = []
    paste: str = ""
    q: str = ""
    page: int = Field(default=1, ge=1, le=100_000)
    on: str = ""
    why: str = ""
    do: str = "save"
    csrf: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A group as its form holds it: `added` and `dropped` against the members it has in the directory."""

    name: str = ""
    phrases: tuple[str, ...] = ()
    added: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    paste: str = ""
    """Names typed out that could not be found."""
    q: str = ""
    page: int = 1
    on: dt.date | None = None
    looking: bool = False
    """Somebody searches or pages: what is wrong is told where they look, beside the units."""
    problems: tuple[str, ...] = ()


@router.get("/new")
def new_group(visit: Editor, on: str = "") -> HTMLResponse:
    return _show(visit, None, *_begun(visit, None, on))


@router.get("/{group_id}")
def group_page(visit: Editor, group_id: str, on: str = "") -> HTMLResponse:
    return _show(visit, group_id, *_begun(visit, group_id, on))


def _begun(visit: Visit, group_id: str | None, on: str) -> tuple[Directory, Draft]:
    """The directory of that day, and the draft as it is before anything is changed."""
    day: dt.date | None = None
    problems: tuple[str, ...] = ()
    try:
        day = day_of(visit, on)
    except ConfigError as error:
        problems = (str(error),)
    roster = _roster(visit, day)
    group = _group(roster, group_id)
    return roster, Draft(group.name, group.phrases, on=day, problems=problems)


def _roster(visit: Visit, day: dt.date | None) -> Directory:
    return visit.office.dated.directory_on(day) if day else visit.office.store.directory()


def _group(roster: Directory, group_id: str | None) -> Group:
    if group_id is None:
        return Group("", "")
    found = next((g for g in roster.groups if g.id == group_id), None)
    if found is None:
        raise NotFound
    return found


def _show(visit: Visit, group_id: str | None, roster: Directory, draft: Draft) -> HTMLResponse:
    group = _group(roster, group_id)
    chosen = (set(group.members) | draft.added) - draft.dropped
    found = _found(roster, draft.q)
    # Members first, in their order: whoever opens a group wants to see who is in it.
    found.sort(key=lambda key: key not in group.members)
    last = max(1, -(-len(found) // UNITS_PER_PAGE))
    page = min(draft.page, last)
    shown = found[(page - 1) * UNITS_PER_PAGE : page * UNITS_PER_PAGE]
    names = {key: unit.name for key, unit in roster.by_id.items()}
    return visit.page(
        "group.html",
        status=400 if draft.problems else 200,
        group_id=group_id,
        draft=draft,
        tomorrow=(visit.office.dated.today() + dt.timedelta(days=1)).isoformat(),
        pending=visit.office.dated.pending_for(f"group:{group_id}"),
        members=len(group.members),
        chosen=chosen,
        shown=[(key, names[key]) for key in shown],
        carried=[("added", key) for key in sorted(draft.added)] + [("dropped", key) for key in sorted(draft.dropped)],
        coming=some([names[key] for key in sorted(draft.added)]),
        going=some([names.get(key, key) for key in sorted(draft.dropped)]),
        page=page,
        last=last,
        total=len(found),
    )


def _found(roster: Directory, q: str) -> list[str]:
    q = q.strip()
    return [u.id for u in roster.recipients if not q or any(q in word for word in (u.name, *u.aliases))]


@router.post("/new")
def add_group(visit: Editor, form: Annotated[GroupForm, Form()]) -> Response:
    return _posted(visit, None, form)


@router.post("/{group_id}")
def edit_group(visit: Editor, group_id: str, form: Annotated[GroupForm, Form()]) -> Response:
    return _posted(visit, group_id, form)


def _posted(visit: Visit, group_id: str | None, form: GroupForm) -> Response:
    """Save, or only look at other units: the form says which button it was."""
    day, problems = None, []
    try:
        day = day_of(visit, form.on)
    except ConfigError as error:
        problems.append(str(error))
    roster = _roster(visit, day)
    draft = _draft(form, roster, _group(roster, group_id), day, problems)
    if form.do != "save" or draft.problems:
        return _show(visit, group_id, roster, draft)

    def members(now: tuple[str, ...]) -> list[str]:
        kept = [member for member in now if member not in draft.dropped]
        return kept + [u.id for u in roster.recipients if u.id in draft.added and u.id not in now]

    try:
        visit.office.roster.save_group(
            group_id,
            name=draft.name,
            phrases=draft.phrases,
            members=members,
            who=visit.who,
            why=form.why.strip()[:200],
            on=day,
        )
    except ConfigError as error:
        return _show(visit, group_id, roster, replace(draft, problems=(str(error),)))
    if day is not None:
        return visit.go("/directory/later", LATER.format(day=day))
    return visit.go("/directory/groups", f"分组“{draft.name.strip()}”已保存。")


def _draft(form: GroupForm, roster: Directory, group: Group, day: dt.date | None, problems: list[str]) -> Draft:
    """What the form holds now: what it carried, what was ticked or cleared on this page, what was typed out."""
    ticked, cleared = set(form.members) - set(form.had), set(form.had) - set(form.members)
    added = (set(form.added) | ticked) - cleared
    dropped = (set(form.dropped) | cleared) - ticked
    lines = lines_of(form.paste)
    if len(lines) > MOST_CHANGED:
        problems.append(f"一次最多粘贴 {MOST_CHANGED} 个名称，现在有 {len(lines)} 个：请分几次。")
        lines = ()
    named, unknown = named_units(lines, roster)
    problems += [nobody_named(line, roster) for line in unknown[:MOST_SUGGESTED]]
    if len(unknown) > MOST_SUGGESTED:
        problems.append(f"一共有 {len(unknown)} 个名称认不出，都留在粘贴框里。")
    added, dropped = added | set(named), dropped - set(named)
    added, dropped = (added & roster.by_id.keys()) - set(group.members), dropped & set(group.members)
    if len(added) + len(dropped) > MOST_CHANGED:
        problems.append(f"一次最多改动 {MOST_CHANGED} 个成员，现在有 {len(added) + len(dropped)} 个：请分几次保存。")
    step = {"next": 1, "back": -1}.get(form.do, 0)
    return Draft(
        name=form.name,
        phrases=lines_of(form.phrases),
        added=frozenset(added),
        dropped=frozenset(dropped),
        paste="\n".join(unknown),
        q=form.q[:100],
        page=1 if form.do == "find" else max(1, form.page + step),
        on=day,
        looking=form.do != "save",
        problems=tuple(problems),
    )


# deleting


@router.get("/{group_id}/remove")
def ask_removal(visit: Editor, group_id: str, on: str = "") -> HTMLResponse:
    """The question, with what would be read differently."""
    roster, draft = _begun(visit, group_id, on)
    return _ask(visit, group_id, roster, draft)


def _ask(visit: Visit, group_id: str, roster: Directory, draft: Draft) -> HTMLResponse:
    group = _group(roster, group_id)
    return visit.page(
        "group_remove.html",
        status=400 if draft.problems else 200,
        group=group,
        draft=draft,
        tomorrow=(visit.office.dated.today() + dt.timedelta(days=1)).isoformat(),
        touched=touched_by_removal(visit.office.publisher, visit.office.store, roster, group_id),
    )


@router.post("/{group_id}/remove")
def remove_group(visit: Editor, group_id: str, on: Text = "", why: Why = "") -> Response:
    roster, draft = _begun(visit, group_id, on)
    try:
        if draft.problems:
            raise ConfigError(draft.problems[0])
        visit.office.roster.remove_group(group_id, who=visit.who, why=why, on=draft.on)
    except ConfigError as error:
        return _ask(visit, group_id, roster, replace(draft, problems=(str(error),)))
    if draft.on is not None:
        return visit.go("/directory/later", LATER.format(day=draft.on))
    visit.office.reassess(who=visit.who)
    return visit.go("/directory/groups", f"分组“{draft.name}”已删除；可以在变更记录里撤销。")
