"""`jianbao issues|reassess|approve|hold|release|reschedule|cancel|history`: what people decide about an issue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.table import Table

from bot.bootstrap import App, open_app
from bot.domain.acts import chinese
from bot.domain.errors import ConfigError
from bot.domain.plan import StoredIssue
from bot.domain.release import IssueState
from bot.flows.publish import Published
from bot.settings import load_settings

from .output import Json, emit, instant, out, whoami
from .publish import deliver_and_report

Number = Annotated[int, typer.Argument(metavar="ISSUE", help="期刊编号，见 jianbao issues。")]
Why = Annotated[str, typer.Option("--why", help="原因，记入历史。")]
Who = Annotated[str | None, typer.Option("--who", help="以谁的名义；不写则为当前系统用户。")]

_COLOURS = {
    IssueState.HELD: "yellow",
    IssueState.SCHEDULED: "cyan",
    IssueState.RELEASED: "green",
    IssueState.CANCELLED: "dim",
}


def register(app: typer.Typer) -> None:
    app.command("issues", help="列出各期：状态、发布时间、等什么。")(issues)
    app.command("reassess", help="重新核对一期：名录或设置改好以后，看它还在等什么。")(reassess)
    app.command("approve", help="批准一期：已看过内容和未决问题，到时可以发布。")(approve)
    app.command("hold", help="暂停一期，直到有人重新批准。")(hold)
    app.command("release", help="立即发布一期。")(release)
    app.command("reschedule", help="改一期的发布时间。")(reschedule)
    app.command("cancel", help="取消一期，不再发布。")(cancel)
    app.command("history", help="谁在何时做了什么、为什么。")(history)


def issues(as_json: Json = False) -> int:
    app = open_app(load_settings())
    try:
        stored = app.store.issues()
        if as_json:
            emit([issue_dict(s) for s in stored])
            return 0
        table = Table(header_style="bold")
        for column in ("编号", "刊名", "期号", "状态", "发布时间", "等待"):
            table.add_column(column, overflow="fold")
        for s in stored:
            at = s.released_at or s.release_at
            when = f"{at.astimezone(app.settings.zone):%Y-%m-%d %H:%M}" if at else ""
            waiting = "\n".join(h.message for h in s.holds) if s.state is IssueState.HELD else ""
            row = (str(s.id), s.issue.masthead, s.issue.label, s.state.chinese, when, waiting)
            table.add_row(*row, style=_COLOURS[s.state])
        out.print(table)
    finally:
        app.close()
    return 0


def reassess(issue: Number, who: Who = None, as_json: Json = False) -> int:
    return _act(lambda app, name: app.publisher.refresh(issue, who=name), who, as_json)


def approve(issue: Number, why: Why = "", who: Who = None, as_json: Json = False) -> int:
    return _act(lambda app, name: app.publisher.approve(issue, who=name, why=why), who, as_json)


def hold(issue: Number, why: Why, who: Who = None, as_json: Json = False) -> int:
    return _act(lambda app, name: app.publisher.hold(issue, who=name, why=why), who, as_json)


def cancel(issue: Number, why: Why, who: Who = None, as_json: Json = False) -> int:
    return _act(lambda app, name: app.publisher.cancel(issue, who=name, why=why), who, as_json)


def reschedule(
    issue: Number,
    at: Annotated[str, typer.Option("--at", metavar="TIME", help="新的发布时间，如 2026-03-02 09:00（按设定时区）。")],
    why: Why = "",
    who: Who = None,
    as_json: Json = False,
) -> int:
    settings = load_settings()
    try:
        moment = dt.datetime.fromisoformat(at)
    except ValueError as error:
        raise ConfigError(f"看不懂的时间 {at}：请写成 2026-03-02 09:00。") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=settings.zone)
    return _act(lambda app, name: app.publisher.reschedule(issue, at=moment, who=name, why=why), who, as_json)


def release(
    issue: Number,
    why: Why = "",
    who: Who = None,
    wait: Annotated[
        float | None, typer.Option("--wait", metavar="S", min=0, help="等到全部了结，或最多 S 秒。")
    ] = None,
    as_json: Json = False,
) -> int:
    app = open_app(load_settings())
    try:
        published = app.publisher.release_now(issue, who=who or whoami(), why=why or "命令行 release")
        return deliver_and_report(app, published, wait=wait, as_json=as_json)
    finally:
        app.close()


def history(
    issue: Annotated[int | None, typer.Argument(metavar="[ISSUE]", help="期刊编号；不写则全部。")] = None,
    as_json: Json = False,
) -> int:
    app = open_app(load_settings())
    try:
        rows = list(app.store.history(f"issue:{issue}" if issue is not None else None))
        if as_json:
            emit(
                [
                    {
                        "id": r.id,
                        "at": instant(r.at),
                        "who": r.who,
                        "action": r.action,
                        "subject": r.subject,
                        "why": r.why,
                        "before": r.before,
                        "after": r.after,
                    }
                    for r in rows
                ]
            )
            return 0
        table = Table(header_style="bold")
        for column in ("时间", "谁", "做了什么", "对象", "原因"):
            table.add_column(column, overflow="fold")
        for r in rows:
            when = f"{r.at.astimezone(app.settings.zone):%Y-%m-%d %H:%M:%S}"
            table.add_row(when, r.who, chinese(r.action), r.subject, r.why)
        out.print(table)
    finally:
        app.close()
    return 0


def issue_dict(stored: StoredIssue) -> dict[str, Any]:
    """An issue in the shape of `issues --json`."""
    return {
        "id": stored.id,
        "masthead": stored.issue.masthead,
        "label": stored.issue.label,
        "revision": stored.revision,
        "state": stored.state.value,
        "release_at": instant(stored.release_at),
        "released_at": instant(stored.released_at),
        "holds": [{"code": h.code, "message": h.message} for h in stored.holds],
    }


def _act(act: Callable[[App, str], Published], who: str | None, as_json: bool) -> int:
    app = open_app(load_settings())
    try:
        stored = act(app, who or whoami()).stored
        if as_json:
            emit(issue_dict(stored))
            return 0
        zone = app.settings.zone
        when = f"，{stored.release_at.astimezone(zone):%Y-%m-%d %H:%M} 发布" if stored.release_at else ""
        soon = when if stored.state is IssueState.SCHEDULED else ""
        out.print(f"{stored.issue.masthead} {stored.issue.label}：{stored.state.chinese}{soon}。", markup=False)
        for h in stored.holds:
            out.print(f"等待：{h.message}", style="yellow", markup=False)
    finally:
        app.close()
    return 0
