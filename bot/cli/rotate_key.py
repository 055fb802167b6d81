"""`jianbao rotate-key`: another master key, nothing lost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.bootstrap import rotate_key as change_key
from bot.settings import load_settings

from .output import Json, emit, out, whoami


def register(app: typer.Typer) -> None:
    app.command(
        "rotate-key", help="更换主密钥：库中的地址和密钥全部用新密钥重新加密，已发出的链接照常可用。请先停止服务。"
    )(rotate_key)


def rotate_key(
    new_key_file: Annotated[
        Path | None,
        typer.Option(
            "--new-key-file", metavar="F", help="新密钥所在的文件；不写则由程序生成，并换掉数据目录中的密钥文件。"
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    done = change_key(load_settings(), new_key_file, who=whoami())
    if as_json:
        emit({"sealed": done.sealed, "old_key_file": str(done.old_file) if done.old_file else None})
        return 0
    out.print(f"已换新密钥，{done.sealed} 个加密值全部重新加密，已发出的阅读链接照常可用。", markup=False)
    if done.old_file is None:
        out.print(
            "请现在就把新密钥放到原来密钥的位置（JIANBAO_SECRET_KEY 或密钥文件），各台机器都要换，再启动服务。",
            markup=False,
        )
        return 0
    out.print(f"请另行备份新密钥，再启动服务。旧密钥留在 {done.old_file}，只有恢复以前的备份才用得到。", markup=False)
    return 0
