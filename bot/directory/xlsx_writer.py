"""A directory to a workbook that office staff can fill in: Chinese headers, choices, an explaining sheet."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from bot.domain.directory import Directory, Group

from .keys import STYLES
from .masking import shown_secret, shown_url, shown_words
from .xlsx_sheets import FLAGS, GROUPS, KINDS, NOTES, RECIPIENTS, SHEETS, STYLE_WORDS, TARGETS, Sheet

_WIDTHS = {"name": 34, "aliases": 26, "url": 60, "secret": 30, "label": 24, "phrases": 44, "members": 24}
_WIDTH = 16
_BOLD = Font(bold=True)
_HEADER_FILL = PatternFill("solid", fgColor="DDEBF7")
_CELL = Alignment(vertical="top", wrap_text=True)
_MEMBERS_PER_ROW = 400
"""A cell holds 32,767 characters; 400 ids of 64 stay below it. A larger group goes on in continuation rows."""
_BLANK_ROWS = 200
"""Rows below the data that are prepared for new entries: text format, and the choices."""


def dump_xlsx(directory: Directory, *, channels: Mapping[str, str] | None = None, mask: bool = False) -> bytes:
    """The directory as a workbook that `load` reads back to an equal one.

    With `channels` (words to Chinese names, as in `load`) the 平台 column holds the Chinese names.
    The file holds every webhook URL and secret in clear text;
    with `mask` both are unreadable, and `load` refuses the copy.
    """
    channels = channels or {}
    book = Workbook()
    book.remove(book.worksheets[0])
    flags = {value: word for word, value in FLAGS.items()}
    recipients = ((r.id, r.name, r.kind.chinese, "\n".join(r.aliases), flags[r.enabled]) for r in directory.recipients)
    targets = (
        (
            r.id,
            channels.get(t.channel, t.channel),
            t.label,
            shown_url(t.url, mask=mask),
            shown_secret(t.secret, mask=mask) or "",
            STYLES[t.style],
            flags[t.enabled],
            "\n".join(shown_words(t.mention.words(), mask=mask)),
            t.ca_file or "",
            flags[t.attach_original],
        )
        for r in directory.recipients
        for t in r.targets
    )
    choices = {
        "kind": list(KINDS),
        "style": list(STYLE_WORDS),
        "channel": [*channels.values()],
        "enabled": list(FLAGS),
        "attach_original": list(FLAGS),
    }
    for sheet, rows in ((RECIPIENTS, recipients), (TARGETS, targets), (GROUPS, _group_rows(directory.groups))):
        _fill(book.create_sheet(sheet.title), sheet, rows, choices)
    _explain(book.create_sheet(NOTES))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _group_rows(groups: Sequence[Group]) -> Iterator[tuple[str, ...]]:
    for g in groups:
        for start in range(0, len(g.members), _MEMBERS_PER_ROW):
            members = "\n".join(g.members[start : start + _MEMBERS_PER_ROW])
            yield (g.id, "", "", members) if start else (g.id, g.name, "\n".join(g.phrases), members)


def _fill(
    worksheet: Worksheet, sheet: Sheet, rows: Iterator[tuple[str, ...]], choices: Mapping[str, list[str]]
) -> None:
    _header(worksheet, [k.chinese for k in sheet.keys])
    last = 1
    for last, row in enumerate(rows, 2):
        for column, text in enumerate(row, 1):
            _put(worksheet, last, column, text)
    for column, key in enumerate(sheet.keys, 1):
        letter = get_column_letter(column)
        worksheet.column_dimensions[letter].width = _WIDTHS.get(key.name, _WIDTH)
        for row_number in range(last + 1, last + 1 + _BLANK_ROWS):
            _put(worksheet, row_number, column, "")
        if choices.get(key.name):
            choice = DataValidation("list", formula1=f'"{",".join(choices[key.name])}"', allow_blank=True)
            choice.add(f"{letter}2:{letter}{last + _BLANK_ROWS}")
            worksheet.add_data_validation(choice)


def _put(worksheet: Worksheet, row: int, column: int, text: str) -> None:
    """Text and nothing else: a value that begins like a formula must not become one."""
    cell = worksheet.cell(row, column)
    cell.number_format = "@"
    cell.alignment = _CELL
    if text:
        cell.value = text
        cell.data_type = "s"


def _header(worksheet: Worksheet, titles: Sequence[str]) -> None:
    for column, title in enumerate(titles, 1):
        cell = worksheet.cell(1, column, title)
        cell.font = _BOLD
        cell.fill = _HEADER_FILL
    worksheet.freeze_panes = "A2"


def _explain(worksheet: Worksheet) -> None:
    _header(worksheet, ["工作表", "列", "必填", "说明"])
    for sheet in SHEETS:
        for key in sheet.keys:
            worksheet.append([sheet.title, key.chinese, "是" if key.required else "", key.note])
    for letter, width in (("A", 14), ("B", 14), ("C", 8), ("D", 90)):
        worksheet.column_dimensions[letter].width = width
