"""名录: units and their robots. Addresses and secrets go in by forms and never come out again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from bot.domain.card import Style
from bot.domain.delivery import OutcomeClass
from bot.domain.directory import NOBODY, Mention, RecipientKind
from bot.domain.errors import ConfigError
from bot.domain.pages import TargetLine
from bot.domain.plan import StoredTarget
from bot.flows.roster_input import RobotFields

from . import pages
from .access import Approver, Editor, NotFound, Viewer, Visit
from .forms import Text, Why, unit_fields
from .issues import Page

router = APIRouter(prefix="/directory")
PER_PAGE = 50
_APART = re.compile(r"[\s,，、;；]+")


@router.get("")
def unit_list(visit: Viewer, q: str = "", kind: str = "", suspended: int = 0, page: Page = 1) -> HTMLResponse:
    chosen = next((k for k in RecipientKind if k.value == kind), None)
    lines, total = visit.office.store.recipient_lines(
        search=q.strip()[:100], kind=chosen, suspended=bool(suspended), limit=PER_PAGE, offset=(page - 1) * PER_PAGE
    )
    here = {"q": q, "kind": kind, "suspended": suspended}
    return visit.page(
        "directory.html",
        lines=lines,
        total=total,
        kinds=tuple(RecipientKind),
        **pages.turns("/directory", page, more=page * PER_PAGE < total, **here),
        q=q,
        chosen=kind,
        suspended=suspended,
    )


@router.get("/new")
def new_unit(visit: Editor, name: str = "") -> HTMLResponse:
    return visit.page("unit_new.html", kinds=tuple(RecipientKind), fields=None, name=name[:100], problem="")


@router.post("/new")
def add_unit(visit: Editor, name: Text = "", kind: Text = "other", aliases: Text = "") -> Response:
    try:
        unit_id = visit.office.roster.add_unit(unit_fields(name, kind, aliases, True), who=visit.who)
    except ConfigError as error:
        values = {"kinds": tuple(RecipientKind), "fields": (kind, aliases), "name": name, "problem": str(error)}
        return visit.page("unit_new.html", status=400, **values)
    visit.office.reassess(who=visit.who)
    return visit.go(f"/directory/units/{unit_id}", "单位已添加。接下来给它添加群机器人。")


@router.get("/units/{unit_id}")
def unit_page(visit: Viewer, unit_id: str) -> HTMLResponse:
    return _unit(visit, unit_id)


def _unit(visit: Visit, unit_id: str, *, status: int = 200, problem: str = "") -> HTMLResponse:
    unit = visit.office.store.directory().by_id.get(unit_id)
    if unit is None:
        raise NotFound
    robots = visit.office.store.target_lines(unit_id)
    return visit.page(
        "unit.html",
        status=status,
        unit=unit,
        robots=robots,
        kinds=tuple(RecipientKind),
        styles=tuple(Style),
        nobody=NOBODY,
        channels=[(name, c.CHINESE) for name, c in visit.office.channels.items()],
        deliveries=visit.office.store.receipt_page(recipient_id=unit_id, limit=10),
        history=visit.office.store.history_page(
            subjects=[f"recipient:{unit_id}", *(f"target:{r.id}" for r in robots)], limit=10
        ),
        pending=visit.office.dated.pending_for(f"recipient:{unit_id}"),
        problem=problem,
    )


@router.post("/units/{unit_id}")
def edit_unit(
    visit: Editor,
    unit_id: str,
    name: Text = "",
    kind: Text = "other",
    aliases: Text = "",
    enabled: Text = "",
    why: Why = "",
) -> Response:
    try:
        fields = unit_fields(name, kind, aliases, bool(enabled))
        visit.office.roster.edit_unit(unit_id, fields, who=visit.who, why=why)
    except ConfigError as error:
        return _unit(visit, unit_id, status=400, problem=str(error))
    visit.office.reassess(who=visit.who)
    return visit.go(f"/directory/units/{unit_id}", "已保存。")


# robots


@dataclass(frozen=True, slots=True)
class RobotForm:
    """A robot's fields besides its address and secret, as both forms send them."""

    label: Text = ""
    style: Text = "card"
    mention: Text = "nobody"
    members: Text = ""
    ca_file: Text = ""
    attach_original: Text = ""

    def read(self) -> RobotFields:
        """ConfigError for what no form of ours sends, and for members that are not named."""
        if self.style not in list(Style):
            raise ConfigError("请选择样式。")
        named = Mention.of(word.removeprefix("@") for word in _APART.split(self.members) if word.strip("@"))
        mention = {"nobody": NOBODY, "all": Mention(everyone=True), "members": named}.get(self.mention)
        if mention is None or (self.mention == "members" and mention == NOBODY):
            raise ConfigError("请填写要提醒的成员，一行一个；或选“不提醒”。")
        return RobotFields(
            self.label, Style(self.style), mention, self.ca_file.strip() or None, bool(self.attach_original)
        )


Robot = Annotated[RobotForm, Depends()]


@router.post("/units/{unit_id}/robots")
def add_robot(visit: Editor, unit_id: str, fields: Robot, url: Text = "", secret: Text = "") -> Response:
    try:
        channel = visit.office.roster.add_target(unit_id, fields.read(), url=url, secret=secret, who=visit.who)
    except ConfigError as error:
        return _unit(visit, unit_id, status=400, problem=str(error))
    visit.office.reassess(who=visit.who)
    said = f"已认出是{visit.office.channel_name(channel)}的群机器人并保存。请点“发送测试”看群里能否收到。"
    return visit.go(f"/directory/units/{unit_id}#robots", said)


@router.post("/robots/{target_id}")
def edit_robot(
    visit: Editor,
    target_id: int,
    fields: Robot,
    url: Text = "",
    secret: Text = "",
    drop_secret: Text = "",
    enabled: Text = "",
) -> Response:
    line = _robot(visit, target_id)
    try:
        visit.office.roster.edit_target(
            target_id,
            fields.read(),
            enabled=bool(enabled),
            url=url,
            secret=secret,
            drop_secret=bool(drop_secret),
            who=visit.who,
        )
    except ConfigError as error:
        return _unit(visit, line.recipient_id, status=400, problem=str(error))
    visit.office.reassess(who=visit.who)
    return visit.go(f"/directory/units/{line.recipient_id}#robots", "群机器人已保存。")


@router.post("/robots/{target_id}/remove")
def remove_robot(visit: Editor, target_id: int) -> Response:
    line = _robot(visit, target_id)
    visit.office.roster.remove_target(target_id, who=visit.who)
    visit.office.reassess(who=visit.who)
    return visit.go(f"/directory/units/{line.recipient_id}#robots", "群机器人已移除；可在变更记录里撤销。")


@router.post("/robots/{target_id}/test")
async def test_robot(visit: Editor, target_id: int) -> Response:
    """Send a harmless message now and say what the platform answered."""
    stored = await _stored(visit, target_id)
    verdict = await visit.office.try_target(stored)
    words = verdict.reason.chinese + (f"（平台答复：{verdict.vendor_message}）" if verdict.vendor_message else "")
    after = {"outcome": verdict.outcome.value, "reason": verdict.reason.value}
    await run_in_threadpool(
        lambda: visit.office.store.note(
            "target.tested", f"target:{target_id}", after, who=visit.who, why="", now=visit.office.now()
        )
    )
    said = f"测试成功：{words}。请到群里看一眼。" if verdict.outcome is OutcomeClass.OK else f"测试没有成功：{words}。"
    return visit.go(f"/directory/units/{stored.recipient.id}#robots", said)


async def _stored(visit: Visit, target_id: int) -> StoredTarget:
    stored = await run_in_threadpool(visit.office.store.stored_target, target_id)
    if stored is None:
        raise NotFound
    return stored


@router.post("/robots/{target_id}/revive")
def revive_robot(visit: Approver, target_id: int, replay: Text = "") -> Response:
    line = _robot(visit, target_id)
    count = visit.office.settler.revive(target_id, replay=bool(replay), who=visit.who)
    said = f"已重新启用，补发 {count} 条。" if replay else "已重新启用。"
    return visit.go(f"/directory/units/{line.recipient_id}#robots", said)


def _robot(visit: Visit, target_id: int) -> TargetLine:
    line = visit.office.store.target_line(target_id)
    if line is None:
        raise NotFound
    return line
