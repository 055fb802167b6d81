"""`jianbao parse`: a document as data, nothing stored."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.bootstrap import explain_document, read_document, read_folder
from bot.domain.errors import ConfigError, os_reason
from bot.domain.issue import Issue, ListKind

from .output import Json, emit, err, out, progress, read_file

SUFFIX = ".out.json"


def register(app: typer.Typer) -> None:
    app.command("parse", help="识读一份文件（或一个文件夹里的全部文件），不入库。")(parse)


def parse(
    path: Annotated[Path, typer.Argument(metavar="FILE|FOLDER", help="文件或文件夹。")],
    as_json: Json = False,
    to: Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="文件夹模式：结果写到这里。")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="逐段列出识读为何种成分、依据哪条规则。")] = False,
) -> int:
    if path.is_dir():
        return _folder(path, to, as_json)
    data = read_file(path)
    if explain:
        rows = explain_document(data, path.name)
        if as_json:
            emit([{"where": r.where, "role": r.role, "rule": r.rule, "text": r.text} for r in rows])
        else:
            for row in rows:
                out.print(f"{row.where}\t{row.role}\t{row.rule}", style="dim", markup=False)
                out.print(f"    {row.text}", markup=False)
        return 0
    issue = read_document(data, path.name)
    if as_json:
        emit(issue.to_dict())
    else:
        _show(issue)
    return 0


def _folder(folder: Path, to: Path | None, as_json: bool) -> int:
    """Every document of a folder; one bad file does not stop the rest."""
    if to is None:
        raise ConfigError("识读整个文件夹时要用 --out 指定结果文件夹。")
    try:
        files = [p for p in sorted(folder.iterdir()) if _may_be_a_document(p)]
        to.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"文件夹打不开或建不了：{error.filename}（{os_reason(error)}）") from error
    results = _result_names(files)
    summary: dict[str, Any] = {"documents": len(files), "read": 0, "refused": {}}
    with progress() as bar:
        task = bar.add_task("识读", total=len(files))
        for file, result in read_folder(files):
            if isinstance(result, Issue):
                document: dict[str, Any] = result.to_dict()
                summary["read"] += 1
            else:
                document = {"error": {"code": result.code, "message": str(result)}, "expect_error": result.code}
                summary["refused"][file.name] = {"code": result.code, "message": str(result)}
            target = to / results[file]
            try:
                target.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
            except OSError as error:
                raise ConfigError(f"写不了文件：{target}（{os_reason(error)}）") from error
            bar.advance(task)
    if as_json:
        emit(summary)
    else:
        out.print(f"共 {summary['documents']} 份，读出 {summary['read']} 份，结果在 {to}。", markup=False)
        for name, why in summary["refused"].items():
            err.print(f"拒收 {name}：{why['message']}", markup=False)
    return 0


def _may_be_a_document(path: Path) -> bool:
    """A file, or a link that leads nowhere, which is told of; neither results nor hidden files."""
    there = path.is_file() or (path.is_symlink() and not path.exists())
    return there and path.suffix.lower() != ".json" and path.name[0] != "."


def _result_names(files: list[Path]) -> dict[Path, str]:
    """Named by the stem; by the whole name where another document would get the same."""
    stems, names = Counter(file.stem for file in files), {file.name for file in files}
    return {
        file: f"{file.stem if stems[file.stem] == 1 and file.stem not in names else file.name}{SUFFIX}"
        for file in files
    }


def _show(issue: Issue) -> None:
    out.print(issue.masthead, style="bold red", markup=False)
    day = f"{issue.date:%Y年%m月%d日}" if issue.date else "（无日期）"
    out.print(f"{issue.label}  {'、'.join(issue.issuer)}  {day}", markup=False)
    for number, article in enumerate(issue.articles, 1):
        out.print(f"{number}. {article.title}（{article.paragraphs} 段 {article.chars} 字）", markup=False)
    for kind in ListKind:
        if items := issue.lists.of(kind):
            out.print(f"{kind.chinese}：{'、'.join(items)}", markup=False)
    if issue.exclusions:
        out.print(f"不发：{'、'.join(issue.exclusions)}", markup=False)
    for warning in issue.warnings:
        mark = "须人工处理" if warning.blocking else "提示"
        err.print(f"[{mark}] {warning.message} {warning.where}", markup=False, style="yellow")
