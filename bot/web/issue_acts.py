"""What people do to an issue: correct it, claim a phrase, and decide about its release, numbers before their eyes."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, Response

from bot.domain.errors import ConfigError
from bot.domain.issue import Article, Lists
from bot.domain.plan import StoredIssue
from bot.flows.correct import Correction, correct
from bot.flows.publish import Published
from bot.flows.roster_input import named_unit

from .access import Approver, Editor, NotFound, Visit
from .forms import Text, Why
from .issues import reach, review

router = APIRouter(prefix="/issues/{issue_id}")
SPARE_ARTICLES = 1


class Act(StrEnum):
    APPROVE = "approve"
    HOLD = "hold"
    RESCHEDULE = "reschedule"
    RELEASE = "release"
    CANCEL = "cancel"

    @property
    def chinese(self) -> str:
        return {
            "approve": "批准",
            "hold": "暂停",
            "reschedule": "改期",
            "release": "立即发布",
            "cancel": "取消发布",
        }[self.value]


@router.get("/correct")
def correct_page(visit: Editor, issue_id: int) -> HTMLResponse:
    stored = review(visit, issue_id).stored
    return visit.page("correct.html", stored=stored, issue=stored.issue, spare=SPARE_ARTICLES, problem="")


@router.post("/correct")
async def correct_issue(request: Request, visit: Editor, issue_id: int) -> Response:
    # Articles are as many as there are: the form is read whole.
    return await run_in_threadpool(_correct, visit, issue_id, await request.form())


def _correct(visit: Visit, issue_id: int, form: FormData) -> Response:
    stored = review(visit, issue_id).stored
    try:
        published = correct(
            visit.office.publisher,
            visit.office.store,
            issue_id,
            _correction(form),
            seen_revision=_whole(_field(form, "revision_id")) or 0,
            who=visit.who,
            why=_field(form, "why").strip(),
        )
    except ConfigError as error:
        values = {"stored": stored, "issue": stored.issue, "spare": SPARE_ARTICLES, "problem": str(error)}
        return visit.page("correct.html", status=400, **values)
    return visit.go(f"/issues/{issue_id}", f"更正已保存为第 {published.stored.revision} 版。")


def _correction(form: FormData) -> Correction:
    articles = zip(form.getlist("title"), form.getlist("body"), strict=True)
    day = _field(form, "date")
    try:
        date = dt.date.fromisoformat(day) if day else None
    except ValueError:
        raise ConfigError("日期看不懂，请写成 2026-06-30。") from None
    return Correction(
        masthead=_field(form, "masthead"),
        label=_field(form, "label").strip(),
        year=_whole(_field(form, "year")),
        number=_whole(_field(form, "number")),
        total=_whole(_field(form, "total")),
        date=date,
        issuer=_lines(_field(form, "issuer")),
        articles=tuple(
            Article(str(t).strip(), _lines(str(b))) for t, b in articles if str(t).strip() or str(b).strip()
        ),
        lists=Lists(_lines(_field(form, "report")), _lines(_field(form, "send")), _lines(_field(form, "copy"))),
        exclusions=_lines(_field(form, "exclusions")),
        checked=frozenset(n for n in map(_whole, map(str, form.getlist("checked"))) if n is not None),
    )


def _field(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.replace("\r\n", "\n").split("\n") if line.strip())


def _whole(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ConfigError(f"“{text[:20]}”不是数字。")
    return int(text)


@router.post("/alias")
def add_alias(visit: Editor, issue_id: int, alias: Text, unit: Text) -> Response:
    """A list phrase that nobody matched becomes an alias of a unit, and the issue is assessed anew."""
    roster = visit.office.store.directory()
    # Chosen from a list, or with many units typed by name.
    chosen = unit if unit in roster.by_id else named_unit(unit, roster).id
    visit.office.roster.add_alias(chosen, alias, who=visit.who, why=f"第 {issue_id} 号期刊名单上的写法")
    visit.office.publisher.refresh(issue_id, who=visit.who)
    visit.office.reassess(who=visit.who)
    return visit.go(f"/issues/{issue_id}#recipients", f"“{alias}”已记为别名，名单已重新核对。")


@router.post("/reassess")
def reassess(visit: Editor, issue_id: int) -> Response:
    """Look again, after the directory was mended."""
    review(visit, issue_id)
    published = visit.office.publisher.refresh(issue_id, who=visit.who)
    return visit.go(f"/issues/{issue_id}", f"已重新核对，{published.stored.state.chinese}。")


@router.get("/confirm/{act}")
def confirm(visit: Approver, issue_id: int, act: str) -> HTMLResponse:
    """The question before the act, with the numbers of what follows."""
    if act not in list(Act):
        raise NotFound
    return _ask(visit, review(visit, issue_id), Act(act))


def _ask(visit: Visit, published: Published, act: Act, *, status: int = 200, problem: str = "") -> HTMLResponse:
    stored = published.stored
    at = stored.release_at or visit.office.now()
    return visit.page(
        "confirm.html",
        status=status,
        act=act,
        stored=stored,
        issue=stored.issue,
        holds=published.holds,
        reach=reach(visit, published),
        now=visit.office.now(),
        at=at.astimezone(visit.office.zone).strftime("%Y-%m-%dT%H:%M"),
        problem=problem,
    )


@router.post("/act/{act}")
def decide(
    visit: Approver, issue_id: int, act: str, revision_id: Annotated[int, Form()], why: Why = "", at: Text = ""
) -> Response:
    """Do it, if the issue is still the one that was before the person's eyes."""
    if act not in list(Act):
        raise NotFound
    published = review(visit, issue_id)
    try:
        if published.stored.revision_id != revision_id:
            raise ConfigError("这一期刚有新的版本，您的操作没有生效；请看过新版再决定。")
        stored, said = _decide(visit, published, Act(act), why, at)
    except ConfigError as error:
        return _ask(visit, published, Act(act), status=409, problem=str(error))
    return visit.go(f"/receipts/{stored.id}" if act == Act.RELEASE else f"/issues/{stored.id}", said)


def _decide(visit: Visit, seen: Published, act: Act, why: str, at: str) -> tuple[StoredIssue, str]:
    publisher, issue_id, who = visit.office.publisher, seen.stored.id, visit.who
    match act:
        case Act.APPROVE:
            stored = publisher.approve(issue_id, who=who, why=why).stored
            said = f"已批准，{stored.state.chinese}。"
        case Act.HOLD:
            stored, said = publisher.hold(issue_id, who=who, why=_needed(why)).stored, "已暂停，重新批准后才会发布。"
        case Act.RESCHEDULE:
            stored = publisher.reschedule(issue_id, at=_moment(visit, at), who=who, why=why).stored
            said = "发布时间已改。"
        case Act.CANCEL:
            stored, said = publisher.cancel(issue_id, who=who, why=_needed(why)).stored, "已取消，不会发布。"
        case Act.RELEASE:
            published = publisher.release_now(issue_id, who=who, why=why or "网页立即发布")
            stored, said = published.stored, f"已发布，{published.new_deliveries} 条投递开始发送。"
    visit.office.settler.wake()
    return stored, said


def _needed(why: str) -> str:
    if not why:
        raise ConfigError("请写明原因，以后查得到。")
    return why


def _moment(visit: Visit, text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError("请选择新的发布时间。") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=visit.office.zone)
