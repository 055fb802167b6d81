"""DOCX: body, tables and text boxes in order, as a reader of the final text sees them.

python-docx opens the package; the walk is over its XML, because tracked changes, text boxes and content controls
have no API. Insertions are text, deletions are not; hidden runs, field codes, notes and comments are not.
Headers and footers are given apart (`Region`).
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator

import docx
from docx.document import Document
from docx.opc.exceptions import PackageNotFoundError
from lxml import etree

from bot.bulletins.archive import open_checked
from bot.bulletins.blocks import Block, Kind, Region
from bot.bulletins.characters import columns, key, printed
from bot.bulletins.docx_styles import Look, Styles, W
from bot.bulletins.limits import DEFAULT, Limits
from bot.bulletins.refusals import refused
from bot.bulletins.tables import is_data

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_V = "{urn:schemas-microsoft-com:vml}"
# Elements whose content is not text of the final document.
_UNSEEN = {f"{W}{n}" for n in ("del", "moveFrom", "instrText", "delText", "rPr", "pPr", "footnoteReference", "rt")}
_UNSEEN.add(f"{_MC}Fallback")
_FRAMES = (("header", Region.HEADER), ("footer", Region.FOOTER))


def read(data: bytes, limits: Limits = DEFAULT) -> list[Block]:
    """Blocks of a document. Raises DocumentRefused: `damaged`, `encrypted`, `too_large`, `too_deep`."""
    with open_checked(data, limits) as archive:
        largest = max((e.file_size for e in archive.infolist() if e.filename.endswith((".xml", ".rels"))), default=0)
    if largest > limits.max_part_bytes:
        raise refused("too_large", "文档内部过大")
    document = _opened(data)
    try:
        return _stories(document, limits)
    except _BROKEN as error:
        raise refused("damaged") from error


def _stories(document: Document, limits: Limits) -> list[Block]:
    """Blocks of the body, then of page headers and footers."""
    part = document.part
    related = {rel.reltype.rsplit("/", 1)[-1]: rel for rel in part.rels.values() if not rel.is_external}
    styles = Styles(_root(related.get("styles")), _root(related.get("numbering")))
    walker = _Walker(styles, limits)
    walker.walk(document.element.body, None, 0)
    blocks = walker.blocks
    for rel in part.rels.values():
        for name, region in _FRAMES:
            if rel.reltype.endswith(f"/{name}") and not rel.is_external:
                frame = _Walker(styles, limits, region)
                frame.walk(_parsed(rel.target_part), None, 0)
                blocks += frame.blocks
    return blocks


# What python-docx and lxml raise on packages that are not whole.
_BROKEN = (
    PackageNotFoundError,
    zipfile.BadZipFile,
    zlib.error,
    etree.LxmlError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    TypeError,
    ValueError,
)


def _opened(data: bytes) -> Document:
    try:
        return docx.Document(io.BytesIO(data))
    except etree.XMLSyntaxError as error:
        raise refused("too_deep" if "depth" in str(error) else "damaged") from error
    except _BROKEN as error:
        raise refused("damaged") from error


def _root(relation: object) -> etree._Element | None:
    part = getattr(relation, "target_part", None)
    return None if part is None else _parsed(part)


def _parsed(part: object) -> etree._Element:
    element: etree._Element | None = getattr(part, "_element", None)
    if element is not None:
        return element
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.fromstring(getattr(part, "blob", b""), parser)


class _Walker:
    """Collects blocks of one story (the body, a header, a footer)."""

    def __init__(self, styles: Styles, limits: Limits, region: Region = Region.MAIN) -> None:
        self.blocks: list[Block] = []
        self._styles = styles
        self._limits = limits
        self._region = region
        self._tables = 0
        self._line = 0
        self._look = styles.paragraph(etree.Element(f"{W}p"))
        self._carried: list[_Span] = []  # text of a paragraph whose end was deleted

    def walk(self, story: etree._Element, cell: tuple[int, int, int] | None, depth: int) -> None:
        if depth > self._limits.max_nesting:
            raise refused("too_deep")
        for child in story:
            if child.tag == f"{W}p":
                self._paragraph(child, cell, depth)
            elif child.tag == f"{W}tbl":
                self._table(child, depth)
            elif child.tag in (
                f"{W}sdt",
                f"{W}sdtContent",
                f"{W}ins",
                f"{W}moveTo",
                f"{W}customXml",
                f"{W}smartTag",
                f"{_MC}AlternateContent",
                f"{_MC}Choice",
            ):
                self.walk(child, cell, depth + 1)

        if self._carried:  # the mark of the last paragraph was deleted: there is nothing to run on into
            self._add_lines(self._carried, "", self._look, cell)
            self._carried = []

    def _paragraph(self, paragraph: etree._Element, cell: tuple[int, int, int] | None, depth: int) -> None:
        look = self._styles.paragraph(paragraph)
        for box in _text_boxes(paragraph):
            self.walk(box, cell, depth + 1)
        if paragraph.find(f"{W}pPr/{W}pageBreakBefore") is not None:
            self.blocks.append(Block(kind=Kind.PAGE_BREAK, region=self._region))
        spans = [*self._carried, *self._spans(paragraph, look)]
        self._carried = []
        mark = paragraph.find(f"{W}pPr/{W}rPr")
        if mark is not None and mark.find(f"{W}del") is not None:
            self._carried, self._look = spans, look
            return
        number = self._styles.number(paragraph)
        seen = "".join(s.text for s in spans)
        if not seen.strip(" \t\n\f\u3000\xa0"):
            if "\f" in seen:
                self.blocks.append(Block(kind=Kind.PAGE_BREAK, region=self._region))
            elif _has_picture(paragraph):
                self.blocks.append(Block(kind=Kind.IMAGE, region=self._region))
            elif paragraph.find(f"{W}pPr/{W}pBdr") is not None:
                self.blocks.append(Block(kind=Kind.RULE, region=self._region))
            return
        self._line += 1
        self._add_lines(spans, number, look, cell)

    def _add_lines(self, spans: list[_Span], number: str, look: Look, cell: tuple[int, int, int] | None) -> None:
        """One block, or several where the paragraph has line breaks of its own."""
        lines = _lines(spans)
        gap = True
        for n, line in enumerate(lines):
            text = "".join(s.text for s in line)
            body = printed(text.replace("\f", ""))
            if not body:
                gap = True
                continue
            weights = [(len(key(s.text)), s) for s in line]
            total = sum(w for w, _ in weights) or 1
            lead = columns(text[: len(text) - len(text.lstrip())]) / 2
            self.blocks.append(
                Block(
                    (number if n == 0 else "") + body,
                    region=self._region,
                    line=self._line,
                    cell=cell,
                    size=max((s.size for w, s in weights if w), default=look.size),
                    bold=sum(w for w, s in weights if s.bold) > 0.6 * total,
                    align=look.align,
                    indent=lead + (look.indent if n == 0 else 0.0),
                    level=look.level,
                    marked=look.marked,
                    open=len(lines) > 1,
                    gap=gap,
                )
            )
            gap = False

    def _spans(self, paragraph: etree._Element, look: Look) -> list[_Span]:
        found: list[_Span] = []
        for run in _runs(paragraph):
            size, bold, hidden = self._styles.run(run.find(f"{W}rPr"), look)
            if not hidden and (text := _run_text(run)):
                found.append(_Span(text, size, bold))
        return found

    def _table(self, table: etree._Element, depth: int) -> None:
        rows = [[_cell_text(c) for c in _children(r, "tc")] for r in _children(table, "tr") if not _deleted(r)]
        number, self._tables = self._tables, self._tables + 1
        nested = next(table.iter(f"{W}txbxContent"), None) is not None or any(
            t is not table for t in table.iter(f"{W}tbl")
        )
        if not nested and is_data(rows):
            shown = " / ".join(" ".join(t.split()) for row in rows for t in row if t.strip())
            self.blocks.append(Block(shown, Kind.TABLE, self._region))
            return
        for r, row in enumerate(r for r in _children(table, "tr") if not _deleted(r)):
            for c, cell in enumerate(_children(row, "tc")):
                self.walk(cell, (number, r, c), depth + 3)


class _Span:
    """Text of one run with its look."""

    __slots__ = ("bold", "size", "text")

    def __init__(self, text: str, size: float, bold: bool) -> None:
        self.text, self.size, self.bold = text, size, bold


def _lines(spans: list[_Span]) -> list[list[_Span]]:
    lines: list[list[_Span]] = [[]]
    for span in spans:
        for n, part in enumerate(span.text.split("\n")):
            if n:
                lines.append([])
            lines[-1].append(_Span(part, span.size, span.bold))
    return lines


def _runs(element: etree._Element) -> Iterator[etree._Element]:
    """Runs of the final text, wherever links, insertions and content controls put them; not those of text boxes."""
    for child in element:
        if child.tag in _UNSEEN:
            continue
        if child.tag == f"{W}r":
            yield child
        elif child.tag not in (f"{W}p", f"{W}tbl"):
            yield from _runs(child)


def _run_text(run: etree._Element) -> str:
    out = []
    for child in run:
        name = child.tag
        if name in (f"{W}t", f"{_M}t"):
            out.append(child.text or "")
        elif name in (f"{W}tab", f"{W}ptab"):
            out.append("\t")
        elif name == f"{W}br":
            out.append("\f" if child.get(f"{W}type") == "page" else "" if child.get(f"{W}type") == "column" else "\n")
        elif name == f"{W}cr":
            out.append("\n")
        elif name == f"{W}noBreakHyphen":
            out.append("-")
        elif name == f"{W}ruby":
            out.extend(t.text or "" for t in child.iterfind(f"{W}rubyBase//{W}t"))
    return "".join(out)


def _text_boxes(paragraph: etree._Element) -> Iterator[etree._Element]:
    """Contents of text boxes anchored in a paragraph; each once (old readers get a copy as Fallback)."""
    for box in paragraph.iter(f"{W}txbxContent"):
        above = [a.tag for a in box.iterancestors()]
        inner = above[: above.index(f"{W}p")] if f"{W}p" in above else above
        own = next(box.iterancestors(f"{W}p"), None) is paragraph
        if own and f"{_MC}Fallback" not in inner and not any(t in (f"{W}del", f"{W}moveFrom") for t in inner):
            yield box


def _has_picture(paragraph: etree._Element) -> bool:
    return any(next(paragraph.iter(tag), None) is not None for tag in (f"{_A}blip", f"{_V}imagedata"))


def _children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    for child in element:
        if child.tag == f"{W}{name}":
            yield child
        elif child.tag in (f"{W}sdt", f"{W}sdtContent", f"{W}ins", f"{W}customXml"):
            yield from _children(child, name)


def _deleted(row: etree._Element) -> bool:
    return row.find(f"{W}trPr/{W}del") is not None


def _cell_text(cell: etree._Element) -> str:
    return re.sub(r"\s+", " ", "\n".join("".join(map(_run_text, _runs(p))) for p in cell.iter(f"{W}p"))).strip()
