"""`jianbao web`: one role of an installation on PostgreSQL (the pages and the API), as often as it is wanted."""

from __future__ import annotations

import typer

from .role import Host, Port, run_service

PORT = 8800


def register(app: typer.Typer) -> None:
    app.command("web", help="运行网页：可与 scheduler、worker 分开，也可有多个（需要 PostgreSQL）。")(web)


def web(host: Host = "127.0.0.1", port: Port = PORT) -> int:
    return run_service("web", host, port)
