"""What every reader gives: blocks in reading order, with the hints a person would see.

A block is a paragraph where the format knows paragraphs (HTML, DOCX) and a printed line where it does not
(TXT, PDF, lines ended by `<br>`). Rules of the parser look at blocks only, so each is written once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a block is before any rule of the parser has looked at it."""

    TEXT = "text"
    TABLE = "table"  # a table of data; its cells are not running text
    IMAGE = "image"
    RULE = "rule"  # a printed line across the page
    PAGE_BREAK = "page_break"
    SCAN = "scan"  # a page that is only a picture


class Region(StrEnum):
    """Where a block stands on the page."""

    MAIN = "main"
    HEADER = "header"  # of a page
    FOOTER = "footer"
    OUTSIDE = "outside"  # of a web page's text column


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph or line.

    `size` is in points, `indent` (of the first line) in characters of the text, both 0 when unknown.
    `cell` is (table, row, column), counted from 0. `open`: a line, which may run on in the next block;
    `full`: the line reaches the right margin; `gap`: white space or a paragraph end stands above it.
    """

    text: str = ""
    kind: Kind = Kind.TEXT
    region: Region = Region.MAIN
    line: int = 0
    page: int = 0
    cell: tuple[int, int, int] | None = None
    size: float = 0.0
    bold: bool = False
    align: str = ""  # "", "center" or "right"
    indent: float = 0.0
    level: int = 0  # of a heading style, 1 the highest; 0 for none
    marked: bool = False  # carries an automatic bullet or number
    open: bool = False
    full: bool = False
    gap: bool = True

    @property
    def where(self) -> str:
        """A place a person can find: `第3页第12行`, `第3页`, `第12行`, `第7段`."""
        page = f"第{self.page}页" if self.page else ""
        unit = "行" if self.open or self.page else "段"
        return page + (f"第{self.line}{unit}" if self.line else "")
