"""`jianbao migrate`: an installation moves to another database."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.bootstrap import move_database
from bot.settings import load_settings

from .output import Json, emit, out


def register(app: typer.Typer) -> None:
    app.command("migrate", help="把数据库搬到另一个空的数据库（如 SQLite 到 PostgreSQL），并逐行核对；原库不动。")(
        migrate
    )


def migrate(
    to: Annotated[
        str, typer.Argument(metavar="URL", help="新数据库的地址：postgresql+psycopg://… 或 sqlite:///路径。")
    ],
    as_json: Json = False,
) -> int:
    rows = move_database(load_settings(), to)
    if as_json:
        emit({"rows": rows})
    else:
        out.print(
            f"已搬迁 {sum(rows.values())} 行，逐行核对一致。请把 JIANBAO_DATABASE_URL 改为新地址后启动。", markup=False
        )
    return 0
