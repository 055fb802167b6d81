"""`jianbao demo`: sandbox, service and a sample issue together, end to end, on the embedded database."""

from __future__ import annotations

import shutil
import threading
from typing import Annotated

import typer
from rich.panel import Panel

from bot.bootstrap import open_app, sandbox_server, set_stage
from bot.domain.delivery import DeliveryState
from bot.settings import load_settings

from .output import COLOURS, err, out
from .publish import deliver, show, take_and_release

WAIT_S = 8.0
"""Long enough to see the first retry (5 s, give or take a fifth) succeed."""


def register(app: typer.Typer) -> None:
    app.command("demo", help="演示：在模拟平台上把样例简报发给四十多个群，打印回执。不连接任何真实平台。")(demo)


def demo(
    stay: Annotated[bool, typer.Option("--stay", help="结束后保留页面，直到按 Ctrl+C。")] = False,
    port: Annotated[int, typer.Option("--port", metavar="P", min=0, max=65535, help="模拟平台的端口；0 为任选。")] = 0,
) -> int:
    settings = load_settings()
    data_dir = settings.data_dir / "demo"
    shutil.rmtree(data_dir, ignore_errors=True)
    with sandbox_server(port=port) as sandbox:
        stage = set_stage(settings, sandbox.url, data_dir)
        err.print(f"模拟平台已启动：{sandbox.url}/", markup=False)
        err.print(f"其中 {len(stage.troubled)} 个群机器人安排了故障：", markup=False)
        for name, what in stage.troubled.items():
            err.print(f"  · {name}：{what}", markup=False)
        app = open_app(stage.settings)
        try:
            published = take_and_release(
                app,
                stage.document.read_bytes(),
                stage.document.name,
                app.load_directory(stage.directory_file),
                imported_from=stage.directory_file,
                now=True,
            )
            rows = deliver(app, published, wait=WAIT_S)
            show(app, published, rows)
        finally:
            app.close()
        out.print(Panel(_legend(), title="各状态的含义", title_align="left", expand=False))
        out.print(f"数据在 {data_dir}，可用 JIANBAO_DATA_DIR={data_dir} jianbao receipts 再看回执。", markup=False)
        if stay:
            out.print(f"各群收到的卡片：{sandbox.url}/  按 Ctrl+C 结束。", markup=False)
            _wait()
    return 0


def _legend() -> str:
    return "\n".join(f"[{COLOURS[state]}]{state.chinese}[/] {state.promise}" for state in DeliveryState)


def _wait() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        out.print("已结束。")
