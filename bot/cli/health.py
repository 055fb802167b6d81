"""`jianbao health`: does the service on this machine answer? A container asks every minute, so it starts quickly."""

from __future__ import annotations

import http.client
import sys
from typing import Annotated

import typer

TIMEOUT_S = 5.0


def register(app: typer.Typer) -> None:
    app.command("health", help="检查本机的服务是否在运行（供容器健康检查用）。")(health)


def health(
    host: Annotated[str, typer.Option("--host", help="服务的地址。")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="P", min=1, max=65535, help="服务的端口。")] = 8800,
) -> int:
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(f"服务没有回应：{host}:{port}（{type(error).__name__}）。", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        connection.close()
    if status != 200:
        print(f"服务回应 {status}，应为 200。", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def main(arguments: list[str]) -> int:
    """The command alone, without loading the others: a second of processor time every minute is too much."""
    app = typer.Typer(add_completion=False)
    register(app)
    result = app(arguments, prog_name="jianbao health", standalone_mode=False)
    return result if isinstance(result, int) else 0
