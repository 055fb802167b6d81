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

    run_service(load_settings(), host, port, on_ready=_ready)
    return 0


def _ready(address: str, setup: str | None) -> None:
    err.print(f"服务已启动：{address}/", markup=False)
    if setup is not None:
        err.print("还没有账号。请用浏览器打开这个一次性链接，设置管理员（3 天内有效）：", markup=False)
        err.print(setup, markup=False, soft_wrap=True)
