"""`jianbao demo`: sandbox, service and a sample issue together, end to end, on the embedded database."""

from __future__ import annotations

import shutil
import threading
from typing import Annotated

import typer
from rich.panel import Panel

from bot.bootstrap import App, Rehearsal, open_app, sandbox_server, set_stage
from bot.domain.delivery import DeliveryState
from bot.flows.publish import Published
from bot.settings import load_settings

from .output import COLOURS, err, out
from .publish import delivery_bar, show, take_and_release

WAIT_S = 8.0
"""Long enough to see the first retry (5 s, give or take a fifth) succeed."""


def register(app: typer.Typer) -> None:
    app.command("demo", help="演示：在模拟平台上把样例简报发给四十多个群，打印回执。不连接任何真实平台。")(demo)


def demo(
    stay: Annotated[bool, typer.Option("--stay", help="结束后保留页面，直到按 Ctrl+C。")] = False,
    port: Annotated[int, typer.Option("--port", metavar="P", min=0, max=65535, help="模拟平台的端口；0 为任选。")] = 0,
) -> int:
    from bot.bootstrap.service import Service, address_of, listen, setup_address  # noqa: PLC0415 - a web framework

    settings = load_settings()
    data_dir = settings.data_dir / "demo"
    shutil.rmtree(data_dir, ignore_errors=True)
    with sandbox_server(port=port) as sandbox, listen("127.0.0.1", 0) as listener:
        pages = address_of(listener)
        stage = set_stage(settings, sandbox.url, pages, data_dir)
        err.print(f"模拟平台已启动：{sandbox.url}/", markup=False)
        err.print(f"其中 {len(stage.troubled)} 个群机器人安排了故障：", markup=False)
        for name, what in stage.troubled.items():
            err.print(f"  · {name}：{what}", markup=False)
        app = open_app(stage.settings)
        try:
            with delivery_bar() as bar:
                service = Service(app, listener, on_settled=bar.settled)
                with service.in_thread():
                    published = _publish(app, stage)
                    bar.expect(app, published.stored.id)
                    app.deliver(published.stored.id, wait_s=WAIT_S, on_settled=bar.settled)
                    bar.done()
                    show(app, published, list(app.store.receipts(published.stored.id)))
                    out.print(Panel(_legend(), title="各状态的含义", title_align="left", expand=False))
                    out.print(
                        f"数据在 {data_dir}，可用 JIANBAO_DATA_DIR={data_dir} jianbao receipts 再看。", markup=False
                    )
                    if stay:
                        _stay(sandbox.url, setup_address(app, pages))
        finally:
            app.close()
    return 0


def _publish(app: App, stage: Rehearsal) -> Published:
    """Document and directory in; from here the service sends."""
    document = stage.document
    return take_and_release(app, document.read_bytes(), document.name, stage.directory_file, now=True)


def _stay(chats: str, setup: str | None) -> None:
    out.print(f"各群收到的卡片：{chats}/", markup=False)
    if setup is not None:
        out.print("管理页面（一次性链接，先设置管理员）：", markup=False)
        out.print(setup, markup=False, soft_wrap=True)
    out.print("按 Ctrl+C 结束。")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        out.print("已结束。")


def _legend() -> str:
    return "\n".join(f"[{COLOURS[state]}]{state.chinese}[/] {state.promise}" for state in DeliveryState)
