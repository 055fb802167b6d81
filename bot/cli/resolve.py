"""`jianbao resolve`: who would get it; nothing is stored and nothing is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from bot.bootstrap import resolve_document
from bot.domain.issue import ListKind
from bot.domain.resolver import Via
from bot.settings import load_settings

from .output import Json, emit, err, out, read_file

_VIA = {Via.NAME: "全称", Via.ALIAS: "别名", Via.GROUP: "分组", Via.NONE: "未识别"}


def register(app: typer.Typer) -> None:
    app.command("resolve", help="按名录核对文件上的报送、发送、抄送名单，看谁会收到。")(resolve)


def resolve(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="简报文件。")],
    directory: Annotated[
        Path | None, typer.Option("--directory", metavar="D", help="名录文件；不写则用库中的名录。")
    ] = None,
    as_json: Json = False,
) -> int:
    resolution, names = resolve_document(load_settings(), read_file(file), file.name, directory)
    if as_json:
        emit(resolution.to_dict())
        return 0
    table = Table(header_style="bold")
    for column in ("名单", "文件所列", "依据", "单位"):
        table.add_column(column, overflow="fold")
    for kind in ListKind:
        for phrase in resolution.of(kind):
            who = "、".join(names[r] for r in phrase.recipients)
            if phrase.suggestions:
                who = "可能是：" + "、".join(names.get(s, s) for s in phrase.suggestions)
            style = "yellow" if phrase.via is Via.NONE else ""
            table.add_row(kind.chinese, phrase.text, _VIA[phrase.via], who, style=style)
    out.print(table)
    out.print(f"将投递 {len(resolution.recipients)} 个单位。")
    for label, ids in (("按文件不发", resolution.excluded), ("没有可用群机器人", resolution.without_target)):
        if ids:
            err.print(f"{label}：{'、'.join(names[i] for i in ids)}", style="yellow", markup=False)
    if resolution.unresolved_exclusions:
        err.print(f"不发单位认不出：{'、'.join(resolution.unresolved_exclusions)}", style="yellow", markup=False)
    return 0
