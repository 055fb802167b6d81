"""`jianbao directory import|export|check|dated`: the distribution lists as a file, and what will change in them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.bootstrap import check_directory, dump_directory, open_app, refuse_own_file
from bot.domain.directory import Directory
from bot.domain.errors import ConfigError, os_reason
from bot.flows.dated import Pending, sentences
from bot.flows.reassess import reassess
from bot.settings import load_settings

from .output import Json, emit, err, instant, out, whoami

app = typer.Typer(help="名录：单位、群机器人、分组。", no_args_is_help=True)


@app.command("import", help="导入名录（YAML 或 XLSX）：增加和更新，文件没写到的保持不变。")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="F", help="名录文件。")],
    why: Annotated[str, typer.Option("--why", help="原因，记入历史。")] = "",
    as_json: Json = False,
) -> int:
    settings = load_settings()
    roster, notes = check_directory(settings, file)
    installation = open_app(settings)
    try:
        counts = installation.store.import_directory(
            roster, who=whoami(), why=why or f"导入 {file.name}", now=installation.clock()
        )
        reassess(installation.publisher, installation.store, who=whoami())
    finally:
        installation.close()
    if as_json:
        emit({**counts, "notes": list(notes)})
        return 0
    for note in notes:
        err.print(f"提示：{note}", style="yellow", markup=False)
    out.print(
        f"新增 {counts['added']}，更新 {counts['changed']}，未变 {counts['unchanged']}；"
        f"库中另有 {counts['absent']} 个不在此文件中，保持不变。"
    )
    return 0


@app.command("export", help="导出名录（按扩展名 .yaml 或 .xlsx）。含机器人地址，请妥善保管。")
def export_file(
    file: Annotated[Path, typer.Argument(metavar="F", help="写到哪里；- 为标准输出（YAML）。")],
    mask: Annotated[bool, typer.Option("--mask", help="遮住机器人地址和密钥（不能再导入）。")] = False,
    as_json: Json = False,
) -> int:
    if as_json and str(file) == "-":
        raise ConfigError("标准输出只能给出一样：名录（-）或 --json 的结果。请写文件名，或去掉 --json。")
    settings = load_settings()
    refuse_own_file(settings, file)
    installation = open_app(settings)
    try:
        roster = installation.store.directory()
    finally:
        installation.close()
    data = dump_directory(roster, "xlsx" if file.suffix.lower() == ".xlsx" else "yaml", mask=mask)
    if str(file) == "-":
        typer.echo(data.decode(), nl=False)
        return 0
    try:
        # Credentials are inside: nobody else on this machine may read the file.
        file.touch(mode=0o600)
        file.chmod(0o600)
        file.write_bytes(data)
    except OSError as error:
        raise ConfigError(f"写不了文件：{file}（{os_reason(error)}）") from error
    if as_json:
        emit({"file": str(file), **_counts(roster)})
        return 0
    err.print(f"已导出到 {file}（仅本人可读）。", markup=False)
    return 0


@app.command("check", help="检查名录文件，不导入。")
def check_file(file: Annotated[Path, typer.Argument(metavar="F", help="名录文件。")], as_json: Json = False) -> int:
    roster, notes = check_directory(load_settings(), file)
    without = [r.name for r in roster.recipients if not r.reachable]
    counts = _counts(roster)
    if as_json:
        emit({**counts, "without_target": without, "notes": list(notes)})
        return 0
    out.print(
        f"名录可用：{counts['recipients']} 个单位，{counts['targets']} 个群机器人，{counts['groups']} 个分组。",
        markup=False,
    )
    if without:
        err.print(f"没有可用群机器人：{'、'.join(without)}", style="yellow", markup=False)
    for note in notes:
        err.print(f"提示：{note}", style="yellow", markup=False)
    return 0


def _counts(roster: Directory) -> dict[str, int]:
    return {
        "recipients": len(roster.recipients),
        "targets": sum(len(r.targets) for r in roster.recipients),
        "groups": len(roster.groups),
    }


@app.command("dated", help="列出还没有生效的预约变更；加 --withdraw 撤回其中一项。")
def dated(
    withdraw: Annotated[int | None, typer.Option("--withdraw", metavar="N", help="撤回编号为 N 的变更。")] = None,
    as_json: Json = False,
) -> int:
    installation = open_app(load_settings())
    try:
        if withdraw is not None:
            installation.dated.withdraw(withdraw, who=whoami())
        pending = installation.dated.pending()
    finally:
        installation.close()
    if as_json:
        emit([_dated_dict(one) for one in pending])
        return 0
    for one in pending:
        change = one.change
        out.print(
            f"{change.id}  {change.effective_on} {change.state.chinese}  {change.who}  {change.why}", markup=False
        )
        for sentence in _said(one):
            out.print(f"    {sentence}", markup=False)
        if one.trouble:
            out.print(f"    {one.trouble}", style="yellow", markup=False)
    if not pending:
        out.print("没有预约的变更。")
    return 0


def _said(one: Pending) -> list[str]:
    return [sentence for entry in one.entries for sentence in sentences(entry)]


def _dated_dict(one: Pending) -> dict[str, Any]:
    change = one.change
    return {
        "id": change.id,
        "effective_on": change.effective_on.isoformat(),
        "state": change.state.value,
        "who": change.who,
        "why": change.why,
        "entered_at": instant(change.entered_at),
        "changes": _said(one),
        "trouble": one.trouble,
    }
