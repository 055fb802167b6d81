"""What the commands `web`, `scheduler` and `worker` share."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.settings import load_settings

from .output import err

Host = Annotated[str, typer.Option("--host", help="监听地址。")]
Port = Annotated[
    int, typer.Option("--port", metavar="P", min=0, max=65535, help="端口（健康检查和指标也在此）；0 为任选。")
]


def run_role(role: str, host: str, port: int) -> int:
    from bot.bootstrap.roles import Role  # noqa: PLC0415 - a web framework only these commands need
    from bot.bootstrap.service import serve_role  # noqa: PLC0415

    def ready(address: str) -> None:
        err.print(f"{role} 已启动：{address}/", markup=False)

    serve_role(load_settings(), Role(role), host, port, on_ready=ready)
    return 0
