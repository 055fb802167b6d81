"""The sign-off board as a file: who got it, who opened it, who signed, and who has not."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from bot.domain.signoff import SignOff

COLUMNS = ("单位", "名单", "送达时间", "打开时间", "签收时间", "签收人", "科室或职务", "催办次数")
_WIDTHS = (30, 8, 20, 20, 20, 14, 24, 10)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def signoffs_csv(lines: Iterable[SignOff], target: Path, zone: ZoneInfo) -> None:
    """UTF-8 with BOM, and no cell that starts a formula: names are typed by whoever has the link."""
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for line in lines:
            cells = _cells(line, zone)
            writer.writerow([f"'{c}" if isinstance(c, str) and c.startswith(_FORMULA) else c for c in cells])


def signoffs_xlsx(lines: Iterable[SignOff], target: Path, zone: ZoneInfo) -> None:
    """A frozen bold header; every text cell is typed as text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("签收表")
    sheet.freeze_panes = "A2"
    for index, width in enumerate(_WIDTHS):
        sheet.column_dimensions[chr(ord("A") + index)].width = width
    header = [WriteOnlyCell(sheet, value=name) for name in COLUMNS]
    for cell in header:
        cell.font = Font(bold=True)
    sheet.append(header)
    for line in lines:
        row = []
        for value in _cells(line, zone):
            cell = WriteOnlyCell(sheet, value=value)
            if isinstance(value, str):
                cell.data_type = "s"
            row.append(cell)
        sheet.append(row)
    book.save(target)


def _cells(line: SignOff, zone: ZoneInfo) -> tuple[str | int, ...]:
    stamps = (_stamp(at, zone) for at in (line.delivered_at, line.opened_at, line.signed_at))
    return (line.recipient_name, line.list_kind.chinese, *stamps, line.name, line.office, line.reminders)


def _stamp(moment: dt.datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else ""
