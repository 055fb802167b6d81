"""`jianbao serve`: the whole service in one process."""

from __future__ import annotations

from typing import Annotated

import typer

from .role import Host, run_service


def register(app: typer.Typer) -> None:
    app.command("serve", help="运行服务：网页、定时发布、收件箱和投递都在一个进程里。")(serve)


def serve(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="P", min=0, max=65535, help="端口；0 为任选。")] = 8800,
) -> int:
    return run_service(None, host, port)
