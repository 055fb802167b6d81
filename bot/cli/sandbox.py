"""`jianbao sandbox`: the simulated chat platforms, for trying things out and for tests."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.bootstrap import run_sandbox
from bot.domain.errors import ConfigError, os_reason

from .output import err


def register(app: typer.Typer) -> None:
    app.command("sandbox", help="启动模拟的企业微信、钉钉、飞书、蓝信、WeLink 平台（不会连接任何真实平台）。")(sandbox)


def sandbox(
    port: Annotated[int, typer.Option("--port", metavar="P", min=0, max=65535, help="端口；0 为任选。")] = 8900,
    host: Annotated[str, typer.Option("--host", help="监听地址。")] = "127.0.0.1",
    open_mode: Annotated[bool, typer.Option("--open", help="接受任何密钥，不必先登记机器人。")] = False,
    limits: Annotated[bool, typer.Option("--limits/--no-limits", help="是否执行平台的频率限制。")] = True,
) -> int:
    def ready(url: str) -> None:
        err.print(f"模拟平台：{url}/  （Ctrl+C 停止）", markup=False)

    try:
        run_sandbox(host, port, open_mode=open_mode, rate_limits=limits, on_ready=ready)
    except OSError as error:
        raise ConfigError(f"端口 {host}:{port} 不能用：{os_reason(error)}。请换一个 --port。") from error
    return 0
