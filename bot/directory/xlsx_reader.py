"""A workbook to the same nodes as YAML gives, each naming its sheet, cell and column."""

from __future__ import annotations

import datetime as dt
import io
import warnings
import zipfile
import zlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from bot.domain.errors import Problem

from .node import Node, NotText, Value
from .text import near, trimmed
from .xlsx_sheets import GROUPS, NOTES, RECIPIENTS, SHEETS, TARGETS, Sheet, words

_MAX_EXPANDED = 100_000_000
_MAX_ROWS = 50_000
_MAX_COLUMNS = 50
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, InvalidFileException, EOFError, NotImplementedError, RuntimeError),
    *(KeyError, IndexError, ValueError, TypeError, AttributeError, SyntaxError, OSError),
)
"""What openpyxl and the XML parsers under it raise for a damaged workbook (their parse errors are SyntaxErrors)."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One row as the sheet has it; `values` by column, from the left."""

    number: int
    values: list[Value]


@dataclass(frozen=True, slots=True)
class _Row:
    """One row: a node for each of the sheet's columns that are there."""

    number: int
    place: str
    fields: dict[str, Node]

    @property
    def node(self) -> Node:
        return Node(self.number, dict(self.fields), self.place)

    def node_without(self, key: str) -> Node:
        return Node(self.number, {name: node for name, node in self.fields.items() if name != key}, self.place)

    def word(self, key: str) -> str:
        """The cell's text without blanks around it; "" where it holds no text."""
        value = self.fields[key].value
        return trimmed(value) if isinstance(value, str) else ""

    def take_lists(self, other: _Row, keys: Set[str]) -> None:
        """Append what a continuation row holds."""
        for key in keys & other.fields.keys():
            mine, more = self.fields[key].value, other.fields[key].value
            if isinstance(mine, list) and isinstance(more, list):
                mine.extend(more)


def read(data: bytes, channels: Mapping[str, str], problems: list[Problem]) -> Node | None:
    """The workbook as the file's mapping; None when sheets or columns are missing, with the reason in `problems`."""
    try:
        contents = _contents(data)
    except _BROKEN as error:
        # The library's words may quote a cell; only the kind of error is told.
        message = f"不是完好的 xlsx 表格（{type(error).__name__}），请用 Excel 或 WPS 重新另存"
        problems.append(Problem(None, "文件", message))
        return None
    if contents is None:
        problems.append(Problem(None, "文件", f"表格太大：每张工作表最多 {_MAX_ROWS} 行，请删去名录以外的内容"))
        return None
    known = {sheet.title for sheet in SHEETS}
    before = len(problems)
    strange = [title for title, lines in contents.items() if lines and title not in known | {NOTES}]
    problems += [Problem(None, "工作表", f"有一张不认识的工作表，请删去或改名{near(t, known)}") for t in strange]
    problems += [Problem(None, title, "缺少这张工作表") for title in sorted(known - contents.keys())]
    tables = {s: _table(contents[s.title], s, channels, problems) for s in SHEETS if s.title in contents}
    return _assembled(tables, problems) if len(problems) == before else None


def _contents(data: bytes) -> dict[str, list[_Line]] | None:
    """By sheet, the rows with anything in them; None for a workbook that is too large."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > _MAX_EXPANDED:
            return None
    with warnings.catch_warnings():
        # It warns of what it leaves out of a broken workbook; the sheet that is missing then is told of by name.
        warnings.simplefilter("ignore", UserWarning)
        book = load_workbook(io.BytesIO(data), read_only=True)
    try:
        contents: dict[str, list[_Line]] = {}
        for sheet in book.worksheets:
            lines = contents.setdefault(trimmed(sheet.title), [])
            # The size a workbook claims is not to be relied on: some programs write none, or the whole sheet.
            sheet.reset_dimensions()
            for number, cells in enumerate(sheet.iter_rows(max_col=_MAX_COLUMNS), 1):
                if number > _MAX_ROWS:
                    return None
                values = [_value(cell) for cell in cells]
                if any(trimmed(v) if isinstance(v, str) else v is not None for v in values):
                    lines.append(_Line(number, values))
        return contents
    finally:
        book.close()


def _table(lines: Sequence[_Line], sheet: Sheet, channels: Mapping[str, str], problems: list[Problem]) -> list[_Row]:
    """The rows below the header, which is the first one; none when the header is wrong."""
    if not lines:
        problems.append(Problem(None, sheet.title, "缺少表头"))
        return []
    columns = _columns(lines[0], sheet, problems)
    headers = {k.name: k.chinese for k in sheet.keys}
    chinese = words(channels)
    rows = []
    for line in lines[1:]:
        fields: dict[str, Node] = {}
        for index, key in columns.items():
            place = f"{_cell(sheet, index, line.number)}（{headers[key]}）"
            value = line.values[index]
            if key in sheet.lists:
                fields[key] = _several(line.number, value, place)
            elif isinstance(value, str):
                fields[key] = Node(line.number, chinese.get(key, {}).get(trimmed(value), value), place)
            else:
                fields[key] = Node(line.number, value, place)
        rows.append(_Row(line.number, f"{sheet.title}!{line.number}", fields))
    return rows


def _columns(header: _Line, sheet: Sheet, problems: list[Problem]) -> dict[int, str]:
    known = {k.chinese: k.name for k in sheet.keys}
    columns: dict[int, str] = {}
    for index, value in enumerate(header.values):
        title = trimmed(value) if isinstance(value, str) else ""
        if title in known and known[title] not in columns.values():
            columns[index] = known[title]
        elif title in known:
            problems.append(Problem(header.number, _cell(sheet, index, header.number), "这一列的表头与前面重复"))
        elif value is not None and value != "":
            message = f"没有这一列，请删去或改表头{near(title, known)}"
            problems.append(Problem(header.number, _cell(sheet, index, header.number), message))
    missing = [k for k in sheet.keys if k.required and k.name not in columns.values()]
    problems += [Problem(header.number, sheet.title, f"缺少“{k.chinese}”这一列") for k in missing]
    return columns


def _cell(sheet: Sheet, index: int, number: int) -> str:
    return f"{sheet.title}!{get_column_letter(index + 1)}{number}"


def _value(cell: Any) -> Value:
    match cell.value:
        case str() if cell.data_type == "f":
            return NotText("公式")
        case str() if cell.data_type == "e":
            return NotText("错误值")
        case None | bool() | str():
            return cell.value
        case dt.date() | dt.time() | dt.timedelta():
            return NotText("日期")
        case int() | float():
            return NotText("数字")
        case _:
            return NotText("公式")


def _several(number: int, value: Value, place: str) -> Node:
    if not isinstance(value, str):
        return Node(number, [] if value is None else [Node(number, value, place)], place)
    lines = [line for line in value.splitlines() if trimmed(line)]
    return Node(number, [Node(number, line, f"{place}第 {i} 个") for i, line in enumerate(lines, 1)], place)


def _assembled(tables: dict[Sheet, list[_Row]], problems: list[Problem]) -> Node:
    """Robots under their units; a group's continuation rows under its first."""
    robots: dict[str, list[Node]] = {row.word("id"): [] for row in tables[RECIPIENTS]}
    for row in tables[TARGETS]:
        unit, name = row.fields["recipient"], row.word("recipient")
        if not name or name not in robots:
            hint = near(name, robots) if len(problems) < 100 else ""
            problems.append(Problem(row.number, unit.place, f"“单位”工作表里没有这个编号{hint}"))
            name = ""
        robots.setdefault(name, []).append(row.node_without("recipient"))
    for row in tables[RECIPIENTS]:
        row.fields["targets"] = Node(row.number, list(robots.pop(row.word("id"), [])), row.place)
    groups: list[_Row] = []
    first: dict[str, _Row] = {}
    for row in tables[GROUPS]:
        start = first.setdefault(row.word("id"), row)
        if start is row or not row.word("id") or row.word("name"):
            groups.append(row)
        else:
            start.take_lists(row, GROUPS.lists)
    return Node(
        1,
        {
            "recipients": Node(1, [row.node for row in tables[RECIPIENTS]], RECIPIENTS.title),
            "groups": Node(1, [row.node for row in groups], GROUPS.title),
        },
        "文件",
    )
