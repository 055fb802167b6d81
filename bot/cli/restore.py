"""`jianbao restore`: a backup into an empty database, SQLite or PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.bootstrap import restore_backup
from bot.settings import load_settings

from .output import Json, emit, out


def register(app: typer.Typer) -> None:
    app.command("restore", help="把备份恢复到空的数据库（SQLite 或 PostgreSQL），并逐行核对。")(restore)


def restore(file: Annotated[Path, typer.Argument(metavar="FILE", help="备份文件。")], as_json: Json = False) -> int:
    rows = restore_backup(load_settings(), file)
    if as_json:
        emit({"file": str(file), "rows": rows})
    else:
        out.print(f"已恢复 {sum(rows.values())} 行，逐行核对一致。请运行 jianbao doctor 检查。", markup=False)
    return 0
