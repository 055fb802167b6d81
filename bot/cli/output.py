"""What the commands print: one JSON document on standard output, or text for people; progress on standard error."""

from __future__ import annotations

import datetime as dt
import getpass
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from bot.domain.delivery import DeliveryState, Reason
from bot.domain.errors import ConfigError, os_reason
from bot.domain.plan import ReceiptRow

Json = Annotated[bool, typer.Option("--json", help="标准输出只给出一个 JSON 文档。")]

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

COLOURS = {
    DeliveryState.ACCEPTED: "green",
    DeliveryState.PENDING: "dim",
    DeliveryState.SENDING: "cyan",
    DeliveryState.RETRYING: "yellow",
    DeliveryState.IN_DOUBT: "magenta",
    DeliveryState.REFUSED: "red",
    DeliveryState.EXHAUSTED: "red",
    DeliveryState.CANCELLED: "dim",
}


_URGENCY = {
    DeliveryState.ACCEPTED: 0,
    DeliveryState.CANCELLED: 1,
    DeliveryState.PENDING: 2,
    DeliveryState.SENDING: 2,
    DeliveryState.RETRYING: 3,
    DeliveryState.IN_DOUBT: 4,
    DeliveryState.EXHAUSTED: 5,
    DeliveryState.REFUSED: 6,
}


def emit(document: object) -> None:
    """The one JSON document, flushed: what cannot be written is an error now, not a loss at exit."""
    print(json.dumps(document, ensure_ascii=False, indent=1), flush=True)  # noqa: T201


def read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"文件打不开：{path}（{os_reason(error)}）") from error


def whoami() -> str:
    """Who types this, for the history."""
    try:
        return f"{getpass.getuser()}（命令行）"
    except (KeyError, OSError):
        return "命令行"


def progress() -> Progress:
    """A bar on standard error; nothing when that is not a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )


def instant(moment: dt.datetime | None) -> str | None:
    """ISO 8601 in UTC, for machines."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if moment else None


def receipt_dict(row: ReceiptRow) -> dict[str, Any]:
    """A delivery in the shape of `publish --json` and `receipts --json`."""
    return {
        "id": row.id,
        "issue": row.issue_id,
        "recipient": row.recipient,
        "recipient_name": row.recipient_name,
        "channel": row.channel,
        "target": row.target,
        "list": row.list_kind.value,
        "kind": row.kind.value,
        "part": row.part,
        "parts": row.parts,
        "state": row.state.value,
        "class": row.outcome,
        "reason": row.reason.value if row.reason else None,
        "attempts": row.attempts,
        "vendor_code": row.vendor_code,
        "vendor_message": row.vendor_message,
        "http_status": row.http_status,
        "accepted_at": instant(row.accepted_at),
        "next_try_at": instant(row.next_try_at),
    }


def receipt_table(rows: Iterable[ReceiptRow], zone: ZoneInfo, channel_names: dict[str, str]) -> Table:
    """The ledger for a clerk: what needs a hand comes last, where a long table ends on the screen."""
    table = Table(title="投递回执", title_style="bold", header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("单位", overflow="fold", ratio=5)
    table.add_column("平台", no_wrap=True)
    table.add_column("名单", no_wrap=True)
    table.add_column("状态", no_wrap=True)
    table.add_column("说明", overflow="fold", ratio=4)
    table.add_column("时间", no_wrap=True)
    kept = sorted(rows, key=lambda row: (_URGENCY[row.state], row.id))
    robots = Counter((row.recipient, row.part) for row in kept)
    for row in kept:
        name = row.recipient_name
        if robots[row.recipient, row.part] > 1:
            name += f"·{row.target}"
        if row.parts > 1:
            name += f" {row.part}/{row.parts}"
        when = row.accepted_at or row.next_try_at
        stamp = f"{when.astimezone(zone):%H:%M:%S}" if when else ""
        table.add_row(
            Text(name),
            channel_names.get(row.channel, row.channel),
            row.list_kind.chinese,
            Text(row.state.chinese, style=COLOURS[row.state]),
            explain(row),
            f"约{stamp}" if row.state is DeliveryState.RETRYING else stamp,
        )
    return table


def explain(row: ReceiptRow) -> str:
    """Why it stands as it does, in words a clerk understands; the vendor's code beside it for the engineer."""
    if row.reason is None or row.reason is Reason.ACCEPTED:
        return f"第 {row.attempts} 次送达" if row.attempts > 1 and row.state is DeliveryState.ACCEPTED else ""
    code = f"（代码 {row.vendor_code}）" if row.vendor_code not in (None, "0") else ""
    return row.reason.chinese + code


def counts_line(counts: dict[DeliveryState, int]) -> Text:
    line = Text()
    for state in DeliveryState:
        if counts.get(state):
            line.append(f"{state.chinese} {counts[state]}  ", style=COLOURS[state])
    return line
