"""`jianbao receipts`: the ledger, on screen or as a file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from bot.bootstrap import CHANNEL_NAMES, open_app, refuse_own_file
from bot.domain.errors import ConfigError, os_reason
from bot.flows.export import receipts_csv, receipts_xlsx
from bot.settings import load_settings

from .output import Json, counts_line, emit, err, out, receipt_dict, receipt_table


def register(app: typer.Typer) -> None:
    app.command("receipts", help="查看或导出投递回执。")(receipts)


def receipts(
    issue: Annotated[int | None, typer.Argument(metavar="[ISSUE]", help="期刊编号；不写则全部。")] = None,
    as_json: Json = False,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="F", help="导出 CSV。")] = None,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", metavar="F", help="导出 XLSX。")] = None,
) -> int:
    if sum((as_json, csv is not None, xlsx is not None)) > 1:
        raise ConfigError("--json、--csv、--xlsx 只能选一个。")
    settings = load_settings()
    if target := csv or xlsx:
        refuse_own_file(settings, target)
    app = open_app(settings)
    try:
        if issue is not None:
            app.store.issue(issue)
        rows = app.store.receipts(issue)
        if as_json:
            emit([receipt_dict(row) for row in rows])
        elif target:
            write = receipts_csv if csv else receipts_xlsx
            try:
                count = write(rows, target, app.settings.zone, CHANNEL_NAMES)
            except OSError as error:
                raise ConfigError(f"写不了文件：{target}（{os_reason(error)}）") from error
            err.print(f"已导出 {count} 条到 {target}。", markup=False)
        else:
            kept = list(rows)
            out.print(receipt_table(kept, app.settings.zone, CHANNEL_NAMES))
            out.print(counts_line(dict(Counter(row.state for row in kept))))
    finally:
        app.close()
    return 0
