"""PDF: characters by pdfplumber -> lines in reading order (`pdf_layout`) -> blocks.

pdfplumber is the extractor because it alone kept Chinese quotation marks in their place in office-made files.
Tables of data and pictures become blocks of their own, rules too; a page without text is a scan.
"""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass
from statistics import median

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfminer.pdfexceptions import PDFException
from pdfminer.pdftypes import resolve1
from pdfminer.psexceptions import PSException
from pdfplumber.page import Page
from pdfplumber.pdf import PDF
from pdfplumber.utils.exceptions import MalformedPDFException, PdfminerException

from bot.bulletins import pdf_layout
from bot.bulletins.blocks import Block, Kind
from bot.bulletins.labels import PAGE_NUMBER
from bot.bulletins.limits import DEFAULT, Limits
from bot.bulletins.pdf_layout import Line
from bot.bulletins.refusals import refused
from bot.bulletins.tables import is_data

_BROKEN = (
    PdfminerException,
    MalformedPDFException,
    PDFException,
    PSException,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    AssertionError,
    ArithmeticError,
)
_FEW = 12  # characters a scan may carry as a stamp or page number


@dataclass(frozen=True, slots=True)
class _Mark:
    """A table, picture, rule or scanned page at height `y`; `cells` of a table that holds the bulletin's frame."""

    y: float
    block: Block


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One page: lines in order, other marks, whether pictures cover it."""

    number: int
    lines: list[Line]
    marks: list[_Mark]
    pictured: bool
    columns: bool


def read(data: bytes, limits: Limits = DEFAULT) -> list[Block]:
    """Blocks of a PDF.

    Raises DocumentRefused: `encrypted`, `damaged`, `too_many_pages`, `scanned_pdf_no_text`, `unreadable_text`.
    """
    try:
        with pdfplumber.open(io.BytesIO(data)) as document:
            _check_pages(document, limits)
            sheets = [_sheet(page) for page in document.pages]
    except PdfminerException as error:
        raise _refusal(error) from error
    except _BROKEN as error:
        raise refused("damaged") from error
    text = "".join(ln.text for s in sheets for ln in s.lines if not PAGE_NUMBER.match(ln.text.replace(" ", "")))
    if len(text) <= _FEW:
        raise refused("scanned_pdf_no_text" if any(s.pictured for s in sheets) else "empty_document")
    if text.count("\ufffd") > 0.3 * len(text):
        raise refused("unreadable_text")
    return _blocks(sheets)


def _check_pages(document: PDF, limits: Limits) -> None:
    """Refuse by the page count the file declares, before any page is looked at."""
    declared = resolve1(document.doc.catalog.get("Pages"))
    count = declared.get("Count") if isinstance(declared, dict) else None
    if isinstance(count, int) and count > limits.max_pages:
        raise refused("too_many_pages", f"{count} 页，上限 {limits.max_pages} 页")
    if len(document.pages) > limits.max_pages:
        raise refused("too_many_pages", f"{len(document.pages)} 页，上限 {limits.max_pages} 页")


def _refusal(error: PdfminerException) -> Exception:
    if any(isinstance(arg, PDFPasswordIncorrect) for arg in error.args):
        return refused("encrypted")
    return refused("damaged")


def _sheet(page: Page) -> _Sheet:
    height = float(page.height)
    found = pdf_layout.glyphs(page.chars, height)
    marks: list[_Mark] = []
    for box, block in _tables(page):
        found = [
            g for g in found if not (box[0] - 1 <= g.x0 and g.x1 <= box[2] + 1 and box[1] - 1 <= g.y <= box[3] + 1)
        ]
        marks.append(_Mark(box[1], block))
    area = float(page.width) * height
    pictures = [i for i in page.images if (i["x1"] - i["x0"]) * (i["bottom"] - i["top"]) > 0.01 * area]
    pictured = any((i["x1"] - i["x0"]) * (i["bottom"] - i["top"]) > 0.4 * area for i in pictures)
    if found:
        marks += [_Mark(float(i["bottom"]), Block(kind=Kind.IMAGE, page=page.page_number)) for i in pictures]
    marks += [_Mark(y, Block(kind=Kind.RULE, page=page.page_number)) for y in _rules(page)]
    rows = pdf_layout.rows(found)
    middle = pdf_layout.gutter(rows)
    sheet = _Sheet(page.page_number, pdf_layout.lines(rows, middle), marks, pictured, middle is not None)
    page.close()
    return sheet


def _rules(page: Page) -> list[float]:
    """Heights of lines printed across most of the text."""
    wide = 0.3 * float(page.width)
    flat = [o for o in [*page.lines, *page.rects] if o["x1"] - o["x0"] > wide and o["bottom"] - o["top"] < 6]
    return sorted({round(float(o["top"]), 1) for o in flat})


def _tables(page: Page) -> list[tuple[tuple[float, float, float, float], Block]]:
    """Ruled tables of data with their boxes; tables that frame the bulletin itself stay text."""
    upright = [o for o in [*page.lines, *page.rects, *page.curves] if o["bottom"] - o["top"] > 8]
    if len(upright) < 2 and not any(o["x1"] - o["x0"] > 8 for o in upright):
        return []
    found = []
    for table in page.find_tables():
        texts = [[cell or "" for cell in row] for row in table.extract()]
        if is_data(texts):
            shown = " / ".join(" ".join(t.split()) for row in texts for t in row if t.strip())
            found.append((table.bbox, Block(shown, Kind.TABLE, page=page.page_number)))
    return found


def _blocks(sheets: list[_Sheet]) -> list[Block]:
    body = _body_size(sheets)
    pitch = _pitch(sheets, body)
    width = _measure(sheets, body)
    blocks: list[Block] = []
    for sheet in sheets:
        if blocks:
            blocks.append(Block(kind=Kind.PAGE_BREAK, page=sheet.number, open=True))
        if sheet.pictured and sum(len(ln.text) for ln in sheet.lines) <= _FEW:
            blocks.append(Block(kind=Kind.SCAN, page=sheet.number))
        left = _left_edge(sheet, body)
        marks = sorted(sheet.marks, key=lambda m: m.y)
        above: Line | None = None
        for n, line in enumerate(sheet.lines, 1):
            ruled = False
            while (
                marks
                and marks[0].y < line.y - 0.2 * line.size
                and (not sheet.columns or above is None or above.y < marks[0].y)
            ):
                blocks.append(marks.pop(0).block)
                ruled = True
            set_in = line if sheet.columns else _with_measure(line, left, left + width)
            gap = ruled or above is None or not 0 < line.y - above.y <= 1.9 * max(pitch, line.size * 1.1)
            column_break = above is not None and line.y < above.y
            blocks.append(
                _block(set_in, sheet.number, n, gap=gap and not column_break and above is not None, body=body)
            )
            above = line
        blocks += [m.block for m in marks]
    return blocks


def _with_measure(line: Line, left: float, right: float) -> Line:
    return Line(line.text, line.x0, line.x1, line.y, line.size, line.bold, min(left, line.x0), right)


def _block(line: Line, page: int, number: int, *, gap: bool, body: float) -> Block:
    em = line.size or 10.5
    before, after = (line.x0 - line.left) / em, (line.right - line.x1) / em
    centred = abs(before - after) < 1.2 and min(before, after) > 0.8
    if centred and abs(line.size - body) < 0.5 and abs(before - 2) < 0.25:
        centred = False  # the first line of a paragraph that happens to end two characters early
    right = not centred and after < 1 and before > 8 and before > 0.5 * (line.right - line.left) / em
    return Block(
        line.text,
        line=number,
        page=page,
        size=line.size,
        bold=line.bold,
        align="center" if centred else "right" if right else "",
        indent=0.0 if centred or right else round(max(0.0, before), 1),
        open=True,
        full=after < 2.7,
        gap=gap,
    )


def _body_size(sheets: list[_Sheet]) -> float:
    sizes: Counter[float] = Counter()
    for sheet in sheets:
        for line in sheet.lines:
            sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0]


def _pitch(sheets: list[_Sheet], body: float) -> float:
    """The usual distance of two lines of running text."""
    steps = [
        b.y - a.y
        for s in sheets
        for a, b in zip(s.lines, s.lines[1:], strict=False)
        if abs(a.size - body) < 0.5 and abs(b.size - body) < 0.5 and 0 < b.y - a.y < 4 * body
    ]
    return median(steps) if steps else 1.5 * body


def _measure(sheets: list[_Sheet], body: float) -> float:
    """Width of the text block: what most lines of running text reach."""
    reach = sorted(
        ln.x1 - _left_edge(s, body) for s in sheets if not s.columns for ln in s.lines if abs(ln.size - body) < 0.5
    )
    return reach[int(0.85 * (len(reach) - 1))] if reach else 0.0


def _left_edge(sheet: _Sheet, body: float) -> float:
    edges = [ln.x0 for ln in sheet.lines if abs(ln.size - body) < 0.5 and len(ln.text) > 4] or [
        ln.x0 for ln in sheet.lines
    ]
    return min(edges, default=0.0)
