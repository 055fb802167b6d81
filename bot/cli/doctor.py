"""`jianbao doctor`: is this installation fit to publish? Each line says what to mend."""

from __future__ import annotations

import typer

from bot.bootstrap import examine
from bot.settings import load_settings

from .output import Json, emit, out

MARKS = {"ok": "[green]正常[/]", "warn": "[yellow]注意[/]", "fail": "[red]有误[/]"}


def register(app: typer.Typer) -> None:
    app.command(
        "doctor",
        help="检查设置、数据库、密钥、审计、时钟、磁盘、字体、引擎、证书和各群机器人主机，告诉您该修什么。",
    )(doctor)


def doctor(as_json: Json = False) -> int:
    findings = examine(load_settings())
    if as_json:
        emit([{"check": f.check, "level": f.level, "message": f.message} for f in findings])
    else:
        for finding in findings:
            out.print(MARKS[finding.level], f"[bold]{finding.check}[/]", end=" ")
            out.print(finding.message, markup=False)
    return 2 if any(f.level == "fail" for f in findings) else 0
