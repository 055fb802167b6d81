"""HTML: a web page or a file saved from an office program -> blocks, as a reader of the page sees them.

Scripts, templates, comments and hidden elements are no text. The text column is the smallest element that
holds all running text together with the issue line and the lists; blocks beside it are `OUTSIDE`.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PreformattedString

from bot.bulletins import txt
from bot.bulletins.blocks import Block, Kind, Region
from bot.bulletins.characters import columns, key, printed
from bot.bulletins.issue_line import is_issue_line
from bot.bulletins.labels import WEB_FURNITURE
from bot.bulletins.limits import DEFAULT, Limits
from bot.bulletins.lists import starts_list
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
_BLOCKS = frozenset(
    (
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "html",
        "legend",
        "li",
        "main",
        "menu",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "caption",
    )
)
_HIDDEN = re.compile(
    r"display:none|visibility:hidden|mso-hide:all|opacity:0(?:\.0+)?(?:;|$)|font-size:0(?:px|pt|em|%)?(?:;|$)|text-indent:-\d{3,}|(?:left|top|margin-left):-\d{3,}(?:px|em|pt)"
)
_HIDING_RULE = re.compile(r"([^{}]+)\{[^{}]*(?:display\s*:\s*none|visibility\s*:\s*hidden)[^{}]*\}")
_SIDE_BY_SIDE = re.compile(r"float:(?:left|right)|display:inline-block|display:table-cell|position:absolute")
_SIZE = re.compile(r"font-size:(\d+(?:\.\d+)?)(pt|px)")
_INDENT = re.compile(r"text-indent:(\d+(?:\.\d+)?)(pt|px|em|rem|cm|mm|%)?")
_FONT_SIZES = {"1": 7.5, "2": 10.0, "3": 12.0, "4": 13.5, "5": 18.0, "6": 24.0, "7": 36.0}
_DISCLAIMER = re.compile(r"版权|免责|转载|本网站?|网站|浏览器|声明")
_SPACE = re.compile(r"[ \t\r\n\f]+")


@dataclass(frozen=True, slots=True)
class _Style:
    size: float = 0.0
    bold: bool = False
    align: str = ""
    indent: float = 0.0
    level: int = 0
    marked: bool = False
    cell: tuple[int, int, int] | None = None
    link: bool = False
    verbatim: bool = False  # inside <pre>


def read(data: bytes, limits: Limits = DEFAULT) -> list[Block]:
    """Blocks of a page in document order."""
    if len(data) > limits.max_text_bytes:
        raise refused("too_large", f"网页 {len(data) // 1024} KB，上限 {limits.max_text_bytes // 1024} KB")
    text = txt.decode(data).replace("\x00", "")
    if _nesting(text) > limits.max_nesting * 5:
        raise refused("too_deep")
    soup = BeautifulSoup(text, "lxml")
    page = soup.body or soup
    walker = _Walker(_hidden_selectors(soup), limits)
    walker.walk(page, _Style(), 0)
    walker.flush()
    title = soup.title.get_text() if soup.title else ""
    name = [Block(printed(title), region=Region.OUTSIDE, level=1)] if title.strip() else []
    return [*name, *_with_regions(walker.found, page)]


def _nesting(text: str) -> int:
    """A cheap upper bound on how deep elements are nested, before anything is built."""
    depth = deepest = 0
    for match in re.finditer(
        r"<(/?)(div|span|table|font|b|i|ul|ol|li|section|blockquote|center|em|strong)\b", text, re.IGNORECASE
    ):
        depth = max(0, depth + (-1 if match[1] else 1))
        deepest = max(deepest, depth)
    return deepest


def _hidden_selectors(soup: BeautifulSoup) -> set[str]:
    """`.name` and `#name` of style sheet rules that hide what they select, on every medium."""
    names: set[str] = set()
    for style in soup.find_all("style"):
        sheet = re.sub(r"/\*.*?\*/|@media[^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}", "", style.get_text(), flags=re.DOTALL)
        for rule in _HIDING_RULE.finditer(sheet):
            names.update(s.strip() for s in rule[1].split(",") if re.fullmatch(r"\s*[.#][\w-]+\s*", s))
    return names


@dataclass(frozen=True, slots=True)
class _Found:
    """A block with the element it came from; `linked`: nearly all of its text is a link to another page."""

    block: Block
    tag: Tag
    linked: bool = False


class _Walker:
    """Collects blocks in document order."""

    def __init__(self, hidden: set[str], limits: Limits) -> None:
        self.found: list[_Found] = []
        self._hidden = hidden
        self._limits = limits
        self._buffer: list[tuple[str, bool, float, bool]] = []  # text, bold, size, in a link
        self._broken = False
        self._gap = True
        self._tables = 0
        self._owner: Tag | None = None
        self._style = _Style()

    def walk(self, element: Tag, style: _Style, depth: int) -> None:
        if depth > self._limits.max_nesting:
            raise refused("too_deep")
        for child in element.children:
            if isinstance(child, PreformattedString):
                continue  # comments, CDATA, declarations
            if isinstance(child, NavigableString):
                self._text(str(child), element, style)
            elif isinstance(child, Tag):
                self._element(child, style, depth)

    def _text(self, text: str, owner: Tag, style: _Style) -> None:
        if style.verbatim:
            for n, line in enumerate(text.split("\n")):
                if n:
                    self.flush(line=True)
                self._add(line.expandtabs(4), owner, style)
            return
        self._add(_SPACE.sub(lambda m: "\n" if "\n" in m[0] else " ", text), owner, style)

    def _add(self, text: str, owner: Tag, style: _Style) -> None:
        if not self._buffer:
            text = text if style.verbatim else text.lstrip(" \n\t\r")
            if not text:
                return
            self._owner, self._style = owner, style
        self._buffer.append((text, style.bold, style.size, style.link))

    def _element(self, tag: Tag, style: _Style, depth: int) -> None:
        name = (tag.name or "").lower()
        css = re.sub(r"\s+", "", str(tag.get("style") or "")).lower()
        if name in _UNSEEN or tag.has_attr("hidden") or _HIDDEN.search(css) or self._hidden & _selectors(tag):
            return
        if name == "br":
            self.flush(line=True)
        elif name == "img":
            if not self._buffer:
                self.found.append(_Found(Block(kind=Kind.IMAGE), tag))
        elif name == "hr":
            self.flush()
            self.found.append(_Found(Block(kind=Kind.RULE), tag))
        elif name == "table":
            self.flush()
            self._table(tag, style, depth)
        elif name in _BLOCKS or "display:block" in css or "display:flex" in _css(tag.parent):
            self.flush()
            self.walk(tag, _styled(style, tag, name, css), depth + 1)
            self.flush()
        else:
            if _SIDE_BY_SIDE.search(css) and self._buffer:
                self._buffer.append(("\u3000\u3000", False, 0.0, False))
            inner = _styled(style, tag, name, css)
            self.walk(tag, inner, depth + 1)
            if _SIDE_BY_SIDE.search(css) and self._buffer:
                self._buffer.append(("\u3000\u3000", False, 0.0, False))

    def _table(self, table: Tag, style: _Style, depth: int) -> None:
        rows = [_cells(tr) for tr in _own_rows(table)]
        texts = [[_seen_text(c) for c in row] for row in rows]
        number, self._tables = self._tables, self._tables + 1
        if not table.find("table") and is_data(texts):
            shown = " / ".join(" ".join(t.split()) for row in texts for t in row if t.strip())
            self.found.append(_Found(Block(shown, Kind.TABLE), table))
            return
        for child in table.find_all("caption", recursive=False):
            self.walk(child, style, depth + 1)
            self.flush()
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                css = _css(cell)
                if _HIDDEN.search(css) or self._hidden & _selectors(cell):
                    continue
                inner = _styled(replace(style, cell=(number, r, c), align="", indent=0.0), cell, "td", css)
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
                _Found(
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


def _css(tag: Tag | None) -> str:
    return re.sub(r"\s+", "", str(tag.get("style") or "")).lower() if tag is not None else ""


def _selectors(tag: Tag) -> set[str]:
    names = {f".{c}" for c in tag.get_attribute_list("class") if c}
    return names | {f"#{tag['id']}"} if tag.has_attr("id") else names


def _styled(style: _Style, tag: Tag, name: str, css: str) -> _Style:
    """The style a child of `tag` starts with."""
    if name in _BLOCKS and name not in ("td", "tr"):
        style = replace(style, indent=style.indent if name in ("div", "section", "body") else 0.0)
    if size := _SIZE.search(css):
        style = replace(style, size=float(size[1]) * (0.75 if size[2] == "px" else 1.0))
    elif name == "font" and (given := _FONT_SIZES.get(str(tag.get("size")))):
        style = replace(style, size=given)
    if name in ("b", "strong", "th") or re.search(r"font-weight:(?:bold|[6-9]00)", css):
        style = replace(style, bold=True)
    elif re.search(r"font-weight:(?:normal|[1-5]00)", css):
        style = replace(style, bold=False)
    align = re.search(r"text-align:(\w+)", css)
    given_align = "center" if name == "center" else align[1] if align else str(tag.get("align") or "").lower()
    if given_align:
        style = replace(style, align=given_align if given_align in ("center", "right") else "")
    if indent := _INDENT.search(css):
        style = replace(style, indent=2.0 if float(indent[1]) > 0 else 0.0)
    if re.fullmatch(r"h[1-6]", name):
        style = replace(style, level=int(name[1]), bold=True)
    if name == "pre" or "white-space:pre" in css:
        style = replace(style, verbatim=True)
    if name == "li":
        style = replace(style, marked=True)
    if name == "a" and not str(tag.get("href") or "").startswith("#"):
        style = replace(style, link=True)
    return style


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


def _with_regions(found: list[_Found], page: Tag) -> list[Block]:
    """Mark what stands beside the text column, and lines that reach its right margin."""
    keys = [key(f.block.text) for f in found]
    paths = [_path(f.tag, page) for f in found]
    prose = [p for p, k in zip(paths, keys, strict=True) if len(k) >= 40 and "。" in k and not _is_disclaimer(k)]
    narrow = column = _common(prose)
    for wanted in (is_issue_line, starts_list):
        places = [
            p
            for p, f, k in zip(paths, found, keys, strict=True)
            if not WEB_FURNITURE.search(k) and wanted(f.block.text)
        ]
        if places and not any(_within(p, column) for p in places):
            column = max((_common((column, p)) for p in places), key=len)
    wall = txt.wrap_width([f.block.text for f in found if f.block.open])
    blocks = []
    for f, path in zip(found, paths, strict=True):
        outside = not _within(path, column) or (f.linked and not _within(path, narrow))
        full = f.block.open and wall > 0 and columns(f.block.text) + 2 * f.block.indent >= wall - 6
        blocks.append(replace(f.block, region=Region.OUTSIDE if outside else Region.MAIN, full=full))
    return blocks


def _is_disclaimer(text: str) -> bool:
    return len(text) < 200 and bool(_DISCLAIMER.search(text))


def _path(tag: Tag, page: Tag) -> tuple[int, ...]:
    """The elements around a block from the page inwards, as identities."""
    path = [id(tag)]
    for parent in tag.parents:
        path.append(id(parent))
        if parent is page:
            break
    return tuple(reversed(path))


def _common(paths: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    paths = list(paths)
    if not paths:
        return ()
    first, last = min(paths), max(paths)
    for i, step in enumerate(first):
        if i >= len(last) or last[i] != step:
            return first[:i]
    return first


def _within(path: tuple[int, ...], column: tuple[int, ...]) -> bool:
    return path[: len(column)] == column


def read_mhtml(data: bytes, limits: Limits = DEFAULT) -> list[Block]:
    """A page an office program saved as one file (MIME): its first HTML part."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    for part in message.walk():
        if part.get_content_type() == "text/html":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                return read(payload, limits)
    raise refused("damaged")
