"""`jianbao backup`: everything in one file, while the service runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.bootstrap import make_backup
from bot.settings import load_settings

from .output import Json, emit, out


def register(app: typer.Typer) -> None:
    app.command("backup", help="把全部数据备份到一个文件，服务不用停；密钥不在其中，须另行保管。")(backup)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="备份文件；已有的会被换掉。")], as_json: Json = False
) -> int:
    rows = make_backup(load_settings(), file)
    if as_json:
        emit({"file": str(file), "rows": rows})
    else:
        out.print(
            f"已备份 {sum(rows.values())} 行到 {file}。密钥不在其中：请把它另行保管，两样都在才能恢复。", markup=False
        )
    return 0
