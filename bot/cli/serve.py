"""`jianbao serve`: the whole service in one process."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.settings import load_settings

from .output import err


def register(app: typer.Typer) -> None:
    app.command("serve", help="运行服务：网页、定时发布、收件箱和投递都在一个进程里。")(serve)


def serve(
    host: Annotated[str, typer.Option("--host", help="监听地址。")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="P", min=0, max=65535, help="端口；0 为任选。")] = 8800,
) -> int:
    from bot.bootstrap.service import serve as run_service  # noqa: PLC0415 - a web framework only this command needs

    run_service(load_settings(), host, port, on_ready=lambda url: err.print(f"服务已启动：{url}/", markup=False))
    return 0
