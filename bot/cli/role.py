"""What the commands `serve`, `web`, `scheduler` and `worker` share."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from bot.domain.errors import JianbaoError
from bot.settings import load_settings

from .output import err

if TYPE_CHECKING:
    from bot.bootstrap import App

Host = Annotated[str, typer.Option("--host", help="监听地址。")]
Port = Annotated[
    int, typer.Option("--port", metavar="P", min=0, max=65535, help="端口（健康检查和指标也在此）；0 为任选。")
]

log = logging.getLogger(__name__)


def run_service(role: str | None, host: str, port: int) -> int:
    """`role`: None for all of them in one process."""
    from bot.bootstrap.logs import configure_logging  # noqa: PLC0415
    from bot.bootstrap.roles import Role  # noqa: PLC0415 - a web framework only these commands need
    from bot.bootstrap.service import serve  # noqa: PLC0415

    settings = load_settings()
    run = partial(serve, settings, host, port, role=Role(role) if role else None)
    if settings.log_format == "json":
        configure_logging(settings)
        return told_by_log(partial(run, on_ready=partial(_log_ready, role)))
    run(on_ready=partial(_show_ready, role))
    return 0


def told_by_log(run: Callable[[], None]) -> int:
    """The exit code; why it ended is an event of the log. A fault's trace is in it: a container's files end with it."""
    try:
        run()
    except JianbaoError as error:
        log.critical("ended", extra={"why": str(error)})
        return error.exit_code
    except Exception:
        log.critical("ended by a fault of the program", exc_info=True)
        return 1
    return 0


def _has_pages(role: str | None) -> bool:
    return role in (None, "web")


def _show_ready(role: str | None, app: App, address: str) -> None:
    from bot.bootstrap.service import setup_address  # noqa: PLC0415

    err.print(f"{role or '服务'}{' ' if role else ''}已启动：{address}/", markup=False)
    setup = setup_address(app, app.settings.public_url or address) if _has_pages(role) else None
    if setup is not None:
        err.print("还没有账号。请用浏览器打开这个一次性链接，设置管理员（3 天内有效）：", markup=False)
        err.print(setup, markup=False, soft_wrap=True)


def _log_ready(role: str | None, app: App, address: str) -> None:
    """The same for machines, but for the link: logs are collected and copied about, and whoever opens it first is the
    administrator. `jianbao account` shows it to a person."""
    log.info("listening", extra={"role": role or "serve", "address": address})
    if _has_pages(role) and not app.store.has_accounts():
        log.warning("nobody can sign in yet", extra={"do": "jianbao account"})
