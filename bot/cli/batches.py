"""`jianbao batches`: what workers could not get through, and how it is handed out again."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.bootstrap import open_app
from bot.settings import load_settings

from .output import Json, emit, instant, out, whoami


def register(app: typer.Typer) -> None:
    app.command("batches", help="列出被搁置的批次；修好原因后加 --again 重新派发（只在 PostgreSQL 上会有）。")(batches)


def batches(
    again: Annotated[int | None, typer.Option("--again", metavar="N", help="把批次 N 重新派发。")] = None,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="原因，记入历史。")] = "",
    as_json: Json = False,
) -> int:
    app = open_app(load_settings())
    try:
        if again is not None:
            app.store.batch_again(again, who=whoami(), why=why, now=app.clock())
        rows = app.store.batches_set_aside()
        if as_json:
            emit([{"batch": n, "due": due, "set_aside_at": instant(at)} for n, due, at in rows])
        elif not rows:
            out.print("没有被搁置的批次。")
        else:
            for number, due, at in rows:
                since = f"{at.astimezone(app.settings.zone):%Y-%m-%d %H:%M}"
                out.print(f"批次 {number}：{due} 条待投递，{since} 起搁置。请查看日志，修好后加 --again {number}。")
        return 0
    finally:
        app.close()
