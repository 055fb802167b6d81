"""The ledger as files for office staff: CSV and XLSX with the same columns. No address and no key is in it."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from bot.domain.delivery import OutcomeClass
from bot.domain.plan import ReceiptRow

COLUMNS = (
    *("编号", "期刊编号", "单位编号", "单位", "平台", "群机器人", "名单", "第几条", "共几条"),
    *("状态", "结果类别", "说明", "尝试次数", "HTTP状态", "平台代码", "平台答复", "确认时间", "下次重试"),
)
_WIDTHS = (8, 8, 16, 28, 10, 20, 6, 6, 6, 10, 18, 30, 8, 8, 10, 40, 20, 20)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _cells(row: ReceiptRow, zone: ZoneInfo, channel_names: Mapping[str, str]) -> tuple[str | int, ...]:
    return (
        row.id,
        row.issue_id,
        row.recipient,
        row.recipient_name,
        channel_names.get(row.channel, row.channel),
        row.target,
        row.list_kind.chinese,
        row.part,
        row.parts,
        row.state.chinese,
        OutcomeClass(row.outcome).value if row.outcome else "",
        row.reason.chinese if row.reason else "",
        row.attempts,
        row.http_status if row.http_status is not None else "",
        row.vendor_code or "",
        row.vendor_message or "",
        _stamp(row.accepted_at, zone),
        _stamp(row.next_try_at, zone),
    )


def _stamp(moment: dt.datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else ""


def receipts_csv(rows: Iterable[ReceiptRow], target: Path, zone: ZoneInfo, channel_names: Mapping[str, str]) -> int:
    """Write a CSV that a spreadsheet opens as text: UTF-8 with BOM, and no cell that starts a formula."""

    def safe() -> Iterator[list[str | int]]:
        for row in rows:
            yield [
                f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
                for cell in _cells(row, zone, channel_names)
            ]

    count = 0
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for cells in safe():
            writer.writerow(cells)
            count += 1
    return count


def receipts_xlsx(rows: Iterable[ReceiptRow], target: Path, zone: ZoneInfo, channel_names: Mapping[str, str]) -> int:
    """Write an XLSX with a frozen bold header; every text cell is typed as text, so none is a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("投递回执")
    sheet.freeze_panes = "A2"
    for index, width in enumerate(_WIDTHS):
        sheet.column_dimensions[chr(ord("A") + index)].width = width
    header = []
    for name in COLUMNS:
        cell = WriteOnlyCell(sheet, value=name)
        cell.font = Font(bold=True)
        header.append(cell)
    sheet.append(header)
    count = 0
    for row in rows:
        line = []
        for value in _cells(row, zone, channel_names):
            cell = WriteOnlyCell(sheet, value=value)
            if isinstance(value, str):
                cell.data_type = "s"
            line.append(cell)
        sheet.append(line)
        count += 1
    book.save(target)
    return count
