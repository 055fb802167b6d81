"""`jianbao render`: the messages as they would go out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bot.bootstrap import preview_page, refuse_own_file, render_document
from bot.domain.card import Style
from bot.domain.errors import ConfigError, os_reason
from bot.domain.issue import ListKind
from bot.settings import load_settings

from .output import Json, emit, out, read_file


def register(app: typer.Typer) -> None:
    app.command("render", help="生成某个平台的消息，看发出去是什么样。")(render)


def render(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="简报文件。")],
    channel: Annotated[str, typer.Option("--channel", metavar="C", help="平台：wecom、dingtalk、feishu 等。")],
    style: Annotated[Style, typer.Option("--style", help="样式。")] = Style.CARD,
    list_kind: Annotated[ListKind, typer.Option("--list", help="按哪份名单上的单位生成。")] = ListKind.SEND,
    html: Annotated[Path | None, typer.Option("--html", metavar="F", help="写成网页，按手机上的样子显示。")] = None,
    as_json: Json = False,
) -> int:
    if as_json and html is not None:
        raise ConfigError("--json、--html 只能选一个。")
    settings = load_settings()
    if html is not None:
        refuse_own_file(settings, html)
    rendered = render_document(settings, read_file(file), file.name, channel, style, list_kind)
    if as_json:
        emit(
            [
                {"part": m.part, "parts": m.parts, "payload": m.payload, "bytes": len(m.body), "notes": list(m.notes)}
                for m in rendered.messages
            ]
        )
        return 0
    if html is not None:
        try:
            html.write_text(preview_page(file.name, channel, rendered), encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"写不了文件：{html}（{os_reason(error)}）") from error
        out.print(f"已写到 {html}，用浏览器打开即可。", markup=False)
        return 0
    for message in rendered.messages:
        out.print(f"第 {message.part}/{message.parts} 条，{len(message.body)} 字节", style="bold")
        out.print(json.dumps(message.payload, ensure_ascii=False, indent=2), markup=False)
        for note in message.notes:
            out.print(f"注：{note}", style="yellow", markup=False)
    return 0
