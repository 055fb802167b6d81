"""`jianbao scheduler`: one role of an installation on PostgreSQL (clock and sources), as often as it is wanted."""

from __future__ import annotations

import typer

from .role import Host, Port, run_service

PORT = 8801


def register(app: typer.Typer) -> None:
    app.command("scheduler", help="运行定时器和来源：到时发布、提醒、排队投递；可有两个互为备份（需要 PostgreSQL）。")(
        scheduler
    )


def scheduler(host: Host = "127.0.0.1", port: Port = PORT) -> int:
    return run_service("scheduler", host, port)
