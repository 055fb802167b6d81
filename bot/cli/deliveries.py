"""`jianbao deliveries …`: what waits for a person, and what a person does about it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from bot.bootstrap import CHANNEL_NAMES, App, open_app
from bot.domain.delivery import DeliveryState, OutcomeClass
from bot.domain.errors import ConfigError
from bot.domain.pages import AttemptLine, DeliveryDetail, Settling, TargetLine
from bot.domain.plan import ReceiptRow
from bot.flows.settle import Settler
from bot.settings import load_settings

from .output import COLOURS, Json, counts_line, emit, explain, instant, out, receipt_dict, whoami

app = typer.Typer(help="投递：查看和处理存疑、被拒绝、重试用尽的投递，以及停用的群机器人。", no_args_is_help=True)

OPEN_QUESTIONS = (DeliveryState.IN_DOUBT, DeliveryState.REFUSED, DeliveryState.EXHAUSTED)
INCOMPLETE = 4

Ids = Annotated[list[int], typer.Argument(metavar="ID...", help="投递编号，见 jianbao deliveries list；可写多个。")]
Robot = Annotated[int, typer.Argument(metavar="TARGET", help="群机器人编号，见 jianbao deliveries targets。")]
Why = Annotated[str, typer.Option("--why", help="原因，记入历史。")]
Who = Annotated[str | None, typer.Option("--who", help="以谁的名义；不写则为当前系统用户。")]
Wait = Annotated[float, typer.Option("--wait", metavar="S", min=0, help="等到该期全部了结，或最多 S 秒。")]
PATIENCE_S = 10.0
"""A robot may have to wait for its turn: the platforms allow one message in some seconds."""


@app.command("list", help="列出要人处理的投递：存疑、被拒绝、重试用尽。")
def list_open(
    issue: Annotated[int | None, typer.Argument(metavar="[ISSUE]", help="期刊编号；不写则全部。")] = None,
    as_json: Json = False,
) -> int:
    with _desk(None) as desk:
        if issue is not None:
            desk.app.store.issue(issue)
        rows = list(desk.app.store.receipts(issue, states=OPEN_QUESTIONS))
        if as_json:
            emit([receipt_dict(row) for row in rows])
        else:
            out.print(_table(rows))
            out.print(counts_line(dict(Counter(row.state for row in rows))) if rows else "没有要人处理的投递。")
    return 0


@app.command("show", help="一条投递的全部经过：每次尝试、平台的答复、链接是否被打开。")
def show(
    delivery: Annotated[int, typer.Argument(metavar="ID", help="投递编号，见 jianbao deliveries list。")],
    as_json: Json = False,
) -> int:
    with _desk(None) as desk:
        detail = desk.app.store.delivery(delivery)
        if detail is None:
            raise ConfigError(f"没有 {delivery} 号投递。")
        if as_json:
            emit(_detail_dict(detail))
            return 0
        zone = desk.app.settings.zone
        row = detail.row
        out.print(f"{row.recipient_name} {CHANNEL_NAMES.get(row.channel, row.channel)}·{row.target}", markup=False)
        out.print(Text(row.state.chinese, style=COLOURS[row.state]), row.state.promise, explain(row))
        for one in detail.attempts:
            answer = one.reason.chinese if one.reason else "尚无答复"
            said = f"，平台答复：{one.vendor_message}" if one.vendor_message else ""
            took = f"，用时 {one.duration_ms} 毫秒" if one.duration_ms is not None else ""
            when = f"{one.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
            out.print(f"第 {one.number} 次 {when}：{answer}{said}{took}", markup=False)
        if detail.opened_at:
            out.print(f"链接已被打开：{detail.opened_at.astimezone(zone):%Y-%m-%d %H:%M}，可见已经到达。")
    return 0


@app.command("arrived", help="到群里核实过：存疑的投递确已到达。")
def arrived(ids: Ids, why: Why = "", who: Who = None, as_json: Json = False) -> int:
    return _settle(ids, Settling.ARRIVED, why, who, as_json)


@app.command("cancel", help="不再发送这些投递。")
def cancel(ids: Ids, why: Why = "", who: Who = None, as_json: Json = False) -> int:
    return _settle(ids, Settling.CANCEL, why, who, as_json)


@app.command("resend", help="重新发送这些投递；存疑的可能因此在群里出现两次。")
def resend(ids: Ids, why: Why = "", who: Who = None, wait: Wait = PATIENCE_S, as_json: Json = False) -> int:
    return _settle(ids, Settling.RESEND, why, who, as_json, send=True, wait=wait)


@app.command("resend-failed", help="补发一期中被拒绝和重试用尽的投递；存疑的不动。")
def resend_failed(
    issue: Annotated[int, typer.Argument(metavar="ISSUE", help="期刊编号，见 jianbao issues。")],
    why: Why = "",
    who: Who = None,
    wait: Wait = PATIENCE_S,
    as_json: Json = False,
) -> int:
    with _desk(who) as desk:
        desk.app.store.issue(issue)
        failed = [row.id for row in desk.app.store.receipts(issue, states=OPEN_QUESTIONS)]
        desk.settler.resend_failed(issue, who=desk.who, why=why)
        again = [key for key in failed if desk.row(key).state not in OPEN_QUESTIONS]
        return desk.send_and_report(again, as_json, wait=wait)


@app.command("targets", help="列出停用的群机器人和停用的原因。")
def targets(as_json: Json = False) -> int:
    with _desk(None) as desk:
        lines = desk.app.store.target_lines()
        if as_json:
            emit([_target_dict(line) for line in lines])
            return 0
        table = Table(header_style="bold", box=SIMPLE_HEAD)
        for column in ("编号", "单位", "平台", "群机器人", "停用时间", "原因"):
            table.add_column(column, overflow="fold")
        for line in lines:
            when = f"{line.suspended_at.astimezone(desk.app.settings.zone):%Y-%m-%d %H:%M}" if line.suspended_at else ""
            reason = line.suspended_reason.chinese if line.suspended_reason else ""
            name = CHANNEL_NAMES.get(line.channel, line.channel)
            table.add_row(str(line.id), line.recipient_name, name, line.name, when, reason)
        out.print(table if lines else "没有停用的群机器人。")
    return 0


@app.command("test", help="给一个群机器人发一条测试消息，看平台怎么答复。")
def try_robot(target: Robot, who: Who = None, as_json: Json = False) -> int:
    with _desk(who) as desk:
        stored = desk.app.store.stored_target(target)
        if stored is None:
            raise ConfigError(f"没有 {target} 号群机器人。")
        verdict = asyncio.run(desk.app.try_target(stored))
        known = {"outcome": verdict.outcome.value, "reason": verdict.reason.value}
        desk.app.store.note("target.tested", f"target:{target}", known, who=desk.who, why="", now=desk.app.clock())
        fine = verdict.outcome is OutcomeClass.OK
        if as_json:
            answered = {"vendor_code": verdict.vendor_code, "vendor_message": verdict.vendor_message}
            emit({"target": target, **known, **answered})
        else:
            said = f"（平台答复：{verdict.vendor_message}）" if verdict.vendor_message else ""
            words = "测试成功，请到群里看一眼：" if fine else "测试没有成功："
            out.print(f"{words}{verdict.reason.chinese}{said}", markup=False)
    return 0 if fine else INCOMPLETE


@app.command("revive", help="群机器人已修复：重新启用，并补发最近一期缺的投递。")
def revive(
    target: Robot,
    replay: Annotated[bool, typer.Option("--replay/--no-replay", help="是否补发。")] = True,
    who: Who = None,
    wait: Wait = PATIENCE_S,
    as_json: Json = False,
) -> int:
    with _desk(who) as desk:
        if desk.app.store.target_line(target) is None:
            raise ConfigError(f"没有 {target} 号群机器人。")
        before = desk.open_of(target)
        desk.settler.revive(target, replay=replay, who=desk.who)
        again = [key for key in before if desk.row(key).state not in OPEN_QUESTIONS]
        return desk.send_and_report(again, as_json, wait=wait)


@dataclass(frozen=True, slots=True)
class _Desk:
    """An installation with somebody at it."""

    app: App
    settler: Settler
    who: str

    def detail(self, delivery_id: int) -> DeliveryDetail:
        detail = self.app.store.delivery(delivery_id)
        if detail is None:
            raise ConfigError(f"没有 {delivery_id} 号投递。")
        return detail

    def row(self, delivery_id: int) -> ReceiptRow:
        return self.detail(delivery_id).row

    def open_of(self, target_id: int) -> list[int]:
        """Ids of the deliveries to this robot that are not settled well."""
        line = self.app.store.target_line(target_id)
        rows = self.app.store.receipts(recipient_id=line.recipient_id) if line else ()
        waiting = (*OPEN_QUESTIONS, DeliveryState.PENDING, DeliveryState.RETRYING)
        return [row.id for row in rows if row.state in waiting and self.detail(row.id).target.id == target_id]

    def send_and_report(self, ids: Iterable[int], as_json: bool, *, wait: float) -> int:
        """Send what is due of these deliveries' issues, and show what became of them; 4 when not all arrived."""
        wanted = list(ids)
        for issue_id in sorted({self.row(key).issue_id for key in wanted}):
            self.app.deliver(issue_id, wait_s=wait, on_settled=None)
        return self.report(wanted, as_json)

    def report(self, ids: Iterable[int], as_json: bool) -> int:
        rows = [self.row(key) for key in ids]
        if as_json:
            emit([receipt_dict(row) for row in rows])
        else:
            out.print(_table(rows))
            out.print(counts_line(dict(Counter(row.state for row in rows))) if rows else "没有可以补发的投递。")
        fine = (DeliveryState.ACCEPTED, DeliveryState.CANCELLED)
        return 0 if all(row.state in fine for row in rows) else INCOMPLETE


@contextmanager
def _desk(who: str | None) -> Iterator[_Desk]:
    installation = open_app(load_settings())
    try:
        # Whoever else is at work looks into the ledger at least once a second; nobody need be woken.
        settler = Settler(installation.store, installation.publisher, lambda: None)
        yield _Desk(installation, settler, who or whoami())
    finally:
        installation.close()


def _settle(
    ids: list[int],
    act: Settling,
    why: str,
    who: str | None,
    as_json: bool,
    *,
    send: bool = False,
    wait: float = PATIENCE_S,
) -> int:
    with _desk(who) as desk:
        for key in ids:
            desk.row(key)
        for key in ids:
            desk.settler.settle(key, act, who=desk.who, why=why)
        return desk.send_and_report(ids, as_json, wait=wait) if send else desk.report(ids, as_json)


def _table(rows: Iterable[ReceiptRow]) -> Table:
    table = Table(header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column, ratio in (("编号", None), ("期", None), ("单位", 4), ("平台", None), ("状态", None), ("说明", 5)):
        table.add_column(column, overflow="fold", ratio=ratio)
    for row in rows:
        part = f" {row.part}/{row.parts}" if row.parts > 1 else ""
        table.add_row(
            str(row.id),
            str(row.issue_id),
            Text(f"{row.recipient_name}·{row.target}{part}"),
            CHANNEL_NAMES.get(row.channel, row.channel),
            Text(row.state.chinese, style=COLOURS[row.state]),
            Text(explain(row)),
        )
    return table


def _target_dict(line: TargetLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "recipient": line.recipient_id,
        "recipient_name": line.recipient_name,
        "channel": line.channel,
        "target": line.name,
        "suspended_at": instant(line.suspended_at),
        "reason": line.suspended_reason.value if line.suspended_reason else None,
    }


def _detail_dict(detail: DeliveryDetail) -> dict[str, Any]:
    return {
        **receipt_dict(detail.row),
        "opened_at": instant(detail.opened_at),
        "signed_at": instant(detail.signed_at),
        "log": [_attempt_dict(one) for one in detail.attempts],
    }


def _attempt_dict(one: AttemptLine) -> dict[str, Any]:
    return {
        "number": one.number,
        "started_at": instant(one.started_at),
        "finished_at": instant(one.finished_at),
        "class": one.outcome.value if one.outcome else None,
        "reason": one.reason.value if one.reason else None,
        "http_status": one.http_status,
        "vendor_code": one.vendor_code,
        "vendor_message": one.vendor_message,
        "duration_ms": one.duration_ms,
    }
