"""`jianbao worker`: one role of an installation on PostgreSQL (delivers), as often as it is wanted."""

from __future__ import annotations

import typer

from .role import Host, Port, run_service

PORT = 8802


def register(app: typer.Typer) -> None:
    app.command("worker", help="运行投递进程：领取排好队的投递并发送，可有任意多个（需要 PostgreSQL）。")(worker)


def worker(host: Host = "127.0.0.1", port: Port = PORT) -> int:
    return run_service("worker", host, port)
