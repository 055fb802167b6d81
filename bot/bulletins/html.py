"""HTML: a web page or a file saved from an office program -> blocks, as a reader of the page sees them.

Scripts, templates, comments and hidden elements are no text. The text column is the smallest element that
holds all running text together with the issue line and the lists; blocks beside it are `OUTSIDE`.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PreformattedString

from bot.bulletins import txt
from bot.bulletins.blocks import Block, Kind, Region
from bot.bulletins.characters import columns, key, printed
from bot.bulletins.html_column import Found, with_regions
from bot.bulletins.html_style import BLOCKS, HIDDEN, Style, css_of, hidden_selectors, selectors, styled
from bot.bulletins.limits import DEFAULT, Limits
from bot.bulletins.refusals import refused
from bot.bulletins.tables import is_data

_UNSEEN = frozenset(
    (
        "script",
        "style",
        "head",
        "template",
        "noscript",
        "iframe",
        "object",
        "embed",
        "select",
        "option",
        "textarea",
        "input",
        "button",
        "svg",
        "canvas",
        "audio",
        "video",
        "del",
        "rp",
        "rt",
        "nav",
        "map",
        "datalist",
        "dialog",
        "math",
        "title",
        "meta",
        "link",
    )
)
_SIDE_BY_SIDE = re.compile(r"float:(?:left|right)|display:inline-block|display:table-cell|position:absolute")
_SPACE = re.compile(r"[ \t\r\n\f]+")


def read(data: bytes, limits: Limits = DEFAULT) -> list[Block]:
    """Blocks of a page in document order."""
    if len(data) > limits.max_text_bytes:
        raise refused("too_large", f"网页 {len(data) // 1024} KB，上限 {limits.max_text_bytes // 1024} KB")
    text = txt.decode(data).replace("\x00", "")
    if _nesting(text) > limits.max_nesting * 5:
        raise refused("too_deep")
    soup = BeautifulSoup(text, "lxml")
    page = soup.body or soup
    walker = _Walker(hidden_selectors(soup), limits)
    walker.walk(page, Style(), 0)
    walker.flush()
    title = soup.title.get_text() if soup.title else ""
    name = [Block(printed(title), region=Region.OUTSIDE, level=1)] if title.strip() else []
    return [*name, *with_regions(walker.found, page)]


def _nesting(text: str) -> int:
    """A cheap upper bound on how deep elements are nested, before anything is built."""
    depth = deepest = 0
    for match in re.finditer(
        r"<(/?)(div|span|table|font|b|i|ul|ol|li|section|blockquote|center|em|strong)\b", text, re.IGNORECASE
    ):
        depth = max(0, depth + (-1 if match[1] else 1))
        deepest = max(deepest, depth)
    return deepest


class _Walker:
    """Collects blocks in document order."""

    def __init__(self, hidden: set[str], limits: Limits) -> None:
        self.found: list[Found] = []
        self._hidden = hidden
        self._limits = limits
        self._buffer: list[tuple[str, bool, float, bool]] = []  # text, bold, size, in a link
        self._broken = False
        self._gap = True
        self._tables = 0
        self._owner: Tag | None = None
        self._style = Style()

    def walk(self, element: Tag, style: Style, depth: int) -> None:
        if depth > self._limits.max_nesting:
            raise refused("too_deep")
        for child in element.children:
            if isinstance(child, PreformattedString):
                continue  # comments, CDATA, declarations
            if isinstance(child, NavigableString):
                self._text(str(child), element, style)
            elif isinstance(child, Tag):
                self._element(child, style, depth)

    def _text(self, text: str, owner: Tag, style: Style) -> None:
        if style.verbatim:
            for n, line in enumerate(text.split("\n")):
                if n:
                    self.flush(line=True)
                self._add(line.expandtabs(4), owner, style)
            return
        self._add(_SPACE.sub(lambda m: "\n" if "\n" in m[0] else " ", text), owner, style)

    def _add(self, text: str, owner: Tag, style: Style) -> None:
        if not self._buffer:
            text = text if style.verbatim else text.lstrip(" \n\t\r")
            if not text:
                return
            self._owner, self._style = owner, style
        self._buffer.append((text, style.bold, style.size, style.link))

    def _element(self, tag: Tag, style: Style, depth: int) -> None:
        name = (tag.name or "").lower()
        css = re.sub(r"\s+", "", str(tag.get("style") or "")).lower()
        if name in _UNSEEN or tag.has_attr("hidden") or HIDDEN.search(css) or self._hidden & selectors(tag):
            return
        if name == "br":
            self.flush(line=True)
        elif name == "img":
            if not self._buffer:
                self.found.append(Found(Block(kind=Kind.IMAGE), tag))
        elif name == "hr":
            self.flush()
            self.found.append(Found(Block(kind=Kind.RULE), tag))
        elif name == "table":
            self.flush()
            self._table(tag, style, depth)
        elif name in BLOCKS or "display:block" in css or "display:flex" in css_of(tag.parent):
            self.flush()
            self.walk(tag, styled(style, tag, name, css), depth + 1)
            self.flush()
        else:
            if _SIDE_BY_SIDE.search(css) and self._buffer:
                self._buffer.append(("\u3000\u3000", False, 0.0, False))
            inner = styled(style, tag, name, css)
            self.walk(tag, inner, depth + 1)
            if _SIDE_BY_SIDE.search(css) and self._buffer:
                self._buffer.append(("\u3000\u3000", False, 0.0, False))

    def _table(self, table: Tag, style: Style, depth: int) -> None:
        rows = [_cells(tr) for tr in _own_rows(table)]
        texts = [[_seen_text(c) for c in row] for row in rows]
        number, self._tables = self._tables, self._tables + 1
        if not table.find("table") and is_data(texts):
            shown = " / ".join(" ".join(t.split()) for row in texts for t in row if t.strip())
            self.found.append(Found(Block(shown, Kind.TABLE), table))
            return
        for child in table.find_all("caption", recursive=False):
            self.walk(child, style, depth + 1)
            self.flush()
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                css = css_of(cell)
                if HIDDEN.search(css) or self._hidden & selectors(cell):
                    continue
                inner = styled(replace(style, cell=(number, r, c), align="", indent=0.0), cell, "td", css)
                self.walk(cell, inner, depth + 3)
                self.flush()

    def flush(self, *, line: bool = False) -> None:
        """End the current paragraph, or (`line`) only its current line."""
        text = "".join(t for t, *_ in self._buffer)
        body = printed(text)
        opened = line or self._broken
        if body and self._owner is not None:
            weights = [(len(key(t)), b, s, link) for t, b, s, link in self._buffer]
            total = sum(w for w, *_ in weights) or 1
            style = self._style
            lead = columns(text[: len(text) - len(text.lstrip())]) / 2
            linked = sum(w for w, *_, link in weights if link) > 0.8 * total
            self.found.append(
                Found(
                    Block(
                        body if style.verbatim else re.sub(r" +", " ", body),
                        line=len(self.found) + 1,
                        cell=style.cell,
                        size=max((s for w, _, s, _ in weights if w), default=0.0),
                        bold=sum(w for w, b, *_ in weights if b) > 0.6 * total,
                        align=style.align,
                        indent=lead + (0.0 if self._broken else style.indent),
                        level=style.level,
                        marked=style.marked,
                        open=opened,
                        gap=self._gap,
                    ),
                    self._owner,
                    linked,
                )
            )
            self._gap = False
        elif line:
            self._gap = True
        self._buffer = []
        self._broken = line
        if not line:
            self._gap = True


def _own_rows(table: Tag) -> Iterator[Tag]:
    for child in table.children:
        if isinstance(child, Tag):
            if child.name == "tr":
                yield child
            elif child.name in ("tbody", "thead", "tfoot"):
                yield from (r for r in child.children if isinstance(r, Tag) and r.name == "tr")


def _cells(row: Tag) -> list[Tag]:
    return [c for c in row.children if isinstance(c, Tag) and c.name in ("td", "th")]


def _seen_text(cell: Tag) -> str:
    return "".join(
        s
        for s in cell.find_all(string=True)
        if not isinstance(s, PreformattedString) and not any(p.name in _UNSEEN for p in s.parents)
    )


def read_mhtml(data: bytes, limits: Limits = DEFAULT) -> list[Block]:
    """A page an office program saved as one file (MIME): its first HTML part."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    for part in message.walk():
        if part.get_content_type() == "text/html":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                return read(payload, limits)
    raise refused("damaged")
