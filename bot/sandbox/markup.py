"""Vendor markdown to HTML, as each client shows it: what a vendor does not render stays visible as raw text.

Source: the project's vendor reference, sections 2.4, 3.4 and 4.4. No vendor documents a working backslash escape, so a
backslash is shown. Every piece of text is escaped; only http(s) addresses become links; no inline style is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from markupsafe import Markup, escape

_T = TypeVar("_T")

# Far above what any vendor takes; refused messages can be anything.
MAX_CHARS = 20_000
MAX_QUOTE_DEPTH = 4

WECOM_FONTS = frozenset({"info", "comment", "warning"})
FEISHU_FONTS = frozenset(
    {"red", "green", "grey", "blue", "orange", "yellow", "purple", "violet", "carmine", "turquoise"}
)
_HEX = re.compile(r"#[0-9A-Fa-f]{3}(?:[0-9A-Fa-f]{3})?")


@dataclass(frozen=True, slots=True)
class Dialect:
    """Which constructs a client renders. `quote_depth` 0: none; `breaks` False: a single newline is swallowed.

    `called`: whom the message names beside its text, shown as mentions where `@` and the name stand in it.
    """

    headings: bool = False
    bold: bool = False
    italic: bool = False
    strike: bool = False
    links: bool = False
    images: bool = False
    quote_depth: int = 0
    inline_code: bool = False
    code_block: bool = False
    fonts: frozenset[str] = frozenset()
    hex_fonts: bool = False
    lists: bool = False
    tables: bool = False
    rule: bool = False
    mentions: re.Pattern[str] | None = None
    called: frozenset[str] = frozenset()
    slanted_by_low_lines: bool = False
    entities: bool = False
    bare_links: bool = False
    breaks: bool = True


_WECOM_AT = re.compile(r"<@([^<>\s]{1,64})>")
_FEISHU_AT = re.compile(r"""<at (?:user_)?id=["']?([^"'<>\s]{1,64})["']?>([^<>]{0,64})</at>""")

PLAIN = Dialect(bare_links=True)
WECOM = Dialect(
    headings=True, bold=True, links=True, quote_depth=1, inline_code=True, fonts=WECOM_FONTS, mentions=_WECOM_AT
)
WECOM_V2 = Dialect(
    headings=True, bold=True, italic=True, links=True, images=True, quote_depth=MAX_QUOTE_DEPTH, inline_code=True,
    code_block=True, lists=True, tables=True, rule=True,
)  # fmt: skip
DINGTALK = Dialect(
    headings=True, bold=True, italic=True, links=True, images=True, quote_depth=1, lists=True, hex_fonts=True,
    breaks=False,
)  # fmt: skip
TEAMS = Dialect(bold=True, italic=True, slanted_by_low_lines=True, links=True, lists=True)
FEISHU_TEXT = Dialect(mentions=_FEISHU_AT, bare_links=True)
FEISHU_1 = Dialect(
    bold=True, italic=True, strike=True, links=True, images=True, code_block=True, fonts=FEISHU_FONTS, lists=True,
    mentions=_FEISHU_AT, entities=True,
)  # fmt: skip
FEISHU_2 = Dialect(
    headings=True, bold=True, italic=True, strike=True, links=True, images=True, quote_depth=MAX_QUOTE_DEPTH,
    inline_code=True, code_block=True, fonts=FEISHU_FONTS, lists=True, tables=True, rule=True, mentions=_FEISHU_AT,
    entities=True,
)  # fmt: skip

_HEADING = re.compile(r"(#{1,6}) +(.*)")
_RULE = re.compile(r" {0,3}(?:-{3,}|\*{3,}|_{3,})\s*")
_ITEM = re.compile(r"( *)([-*+]|\d{1,4}[.)]) +(.*)")
_QUOTE = re.compile(r" {0,3}> ?(.*)")
_TABLE_RULE = re.compile(r"\|?[ :]*-[-: ]*(?:\|[ :]*-[-: ]*)*\|?\s*")


def link_target(url: str) -> str | None:
    """The http(s) address a tap opens, None when it opens nothing a browser may follow.

    DingTalk's `dingtalk://…/page/link?url=` wraps one.
    """
    if url.startswith("dingtalk://"):
        url = parse_qs(urlsplit(url).query).get("url", [""])[0]
    return url if re.match(r"https?://[^\s/]", url) else None


def anchor(url: str, shown: Markup) -> Markup:
    """`shown` as a link to `url`, or as it is when the address is none to follow."""
    target = link_target(url)
    if target is None:
        return shown
    return Markup('<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{}</a>').format(target, shown)


def render_markdown(text: str, dialect: Dialect) -> Markup:
    """`text` as HTML blocks, cut visibly beyond `MAX_CHARS`."""
    shown = _blocks(text[:MAX_CHARS].replace("\r\n", "\n").split("\n"), dialect, dialect.quote_depth)
    if len(text) > MAX_CHARS:
        shown += Markup('<p class="pv-cut">共 {} 字，此处只显示开头</p>').format(len(text))
    return shown


def in_words(text: str, dialect: Dialect) -> str:
    """The first lines of `text` without their markup, for a list of chats."""
    return "\n".join(render_markdown(line, dialect).striptags() for line in text[:1000].split("\n")[:5])


def _blocks(lines: list[str], dialect: Dialect, quotes: int) -> Markup:
    out: list[Markup] = []
    paragraph: list[str] = []

    def end_paragraph() -> None:
        if paragraph:
            joint = Markup("<br>") if dialect.breaks else Markup(" ")
            out.append(Markup("<p>{}</p>").format(joint.join(_inline(line, dialect) for line in paragraph)))
            paragraph.clear()

    at = 0
    while at < len(lines):
        taken, block = _block_at(lines, at, dialect, quotes)
        if block is None:
            if lines[at].strip():
                paragraph.append(lines[at])
            else:
                end_paragraph()
        else:
            end_paragraph()
            out.append(block)
        at += taken
    end_paragraph()
    return Markup("").join(out)


def _block_at(lines: list[str], at: int, dialect: Dialect, quotes: int) -> tuple[int, Markup | None]:
    """How many lines the block at `at` takes, and the block; (1, None) for a line of a paragraph."""
    line = lines[at]
    if dialect.code_block and line.startswith("```"):
        end = next((i for i in range(at + 1, len(lines)) if lines[i].startswith("```")), len(lines))
        return end - at + 1, Markup('<pre class="pv-code">{}</pre>').format("\n".join(lines[at + 1 : end]))
    if dialect.headings and (found := _HEADING.fullmatch(line)):
        size = len(found[1])
        return 1, Markup('<p class="pv-h pv-h{}">{}</p>').format(size, _inline(found[2], dialect))
    if dialect.rule and _RULE.fullmatch(line):
        return 1, Markup("<hr>")
    if quotes and _QUOTE.fullmatch(line):
        inner = [found[1] for found in _while(lines, at, _QUOTE.fullmatch)]
        return len(inner), Markup("<blockquote>{}</blockquote>").format(_blocks(inner, dialect, quotes - 1))
    if dialect.lists and _ITEM.fullmatch(line):
        items = _while(lines, at, _ITEM.fullmatch)
        return len(items), _list(items, dialect)
    if dialect.tables and "|" in line and at + 1 < len(lines) and _TABLE_RULE.fullmatch(lines[at + 1]):
        rows = _while(lines, at, lambda text: text if "|" in text else None)
        return len(rows), _table(rows, dialect)
    return 1, None


def _while(lines: list[str], at: int, test: Callable[[str], _T | None]) -> list[_T]:
    """The results for the lines from `at` on, as long as there are any."""
    found: list[_T] = []
    for line in lines[at:]:
        result = test(line)
        if result is None:
            break
        found.append(result)
    return found


def _list(items: list[re.Match[str]], dialect: Dialect) -> Markup:
    shown = Markup("").join(
        Markup('<li class="pv-in{}"><span class="pv-mark">{}</span><span>{}</span></li>').format(
            min(len(indent) // 2, 3), "•" if mark in "-*+" else mark.replace(")", "."), _inline(text, dialect)
        )
        for indent, mark, text in (item.groups() for item in items)
    )
    return Markup('<ul class="pv-list">{}</ul>').format(shown)


def _table(rows: list[str], dialect: Dialect) -> Markup:
    cells = [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in rows]
    head, body = cells[0], cells[2:]

    def line(row: list[str], cell: Markup) -> Markup:
        return Markup("<tr>{}</tr>").format(Markup("").join(cell.format(_inline(text, dialect)) for text in row))

    return Markup('<div class="pv-scroll"><table>{}{}</table></div>').format(
        line(head, Markup("<th>{}</th>")), Markup("").join(line(row, Markup("<td>{}</td>")) for row in body)
    )


# Every construct any vendor knows; one the dialect does not render falls through to text.
_INLINE = re.compile(
    r"(?P<code>`(?P<code_text>[^`\n]+)`)"
    r"|(?P<image>!\[(?P<alt>[^\]\n]{0,300})\]\((?P<source>[^)\s]+)\))"
    r"|(?P<link>\[(?P<label>[^\]\n]{1,300})\]\((?P<href>[^)\s]+)\))"
    r"""|(?P<font><font color=["']?(?P<color>[#\w-]{1,20})["']? ?>(?P<colored>[^\n]*?)</font>)"""
    r"|(?P<bold>\*\*(?=\S)(?P<strong>[^\n]+?)(?<=\S)\*\*)"
    r"|(?P<strike>~~(?=\S)(?P<struck>[^\n]+?)(?<=\S)~~)"
    r"|(?P<italic>\*(?=[^\s*])(?P<slanted>[^*\n]+)(?<=\S)\*)"
    r"|(?P<low>(?<!\w)_(?=[^\s_])(?P<low_text>[^_\n]+)(?<=\S)_(?!\w))"
    r"|(?P<name>@(?P<called>[A-Za-z0-9._-]{1,64}))"
    r"|(?P<at><@[^<>\s]{1,64}>|<at [^<>\n]{1,90}>[^<>\n]{0,64}</at>)"
    r"|(?P<bare>https?://[A-Za-z0-9\-._~:/?#@!$&'*+,;=%]+)"
)


def _inline(text: str, dialect: Dialect) -> Markup:
    out: list[Markup] = []
    at = 0
    while found := _INLINE.search(text, at):
        shown = _construct(found, dialect)
        # Not rendered: show its first character and look again behind it, for what it may contain.
        end = found.end() if shown is not None else found.start() + 1
        out.append(_text(text[at : found.start()], dialect))
        out.append(shown if shown is not None else _text(text[found.start() : end], dialect))
        at = end
    out.append(_text(text[at:], dialect))
    return Markup("").join(out)


def _construct(found: re.Match[str], dialect: Dialect) -> Markup | None:
    match _kind(found):
        case "code" if dialect.inline_code:
            return Markup("<code>{}</code>").format(found["code_text"])
        case "image" if dialect.images:
            return image(found["source"], found["alt"])
        case "link" if dialect.links and link_target(found["href"]):
            return anchor(found["href"], _inline(found["label"], dialect))
        case "font" if found["color"] in dialect.fonts:
            return Markup('<span class="pv-font-{}">{}</span>').format(
                found["color"], _inline(found["colored"], dialect)
            )
        case "font" if dialect.hex_fonts and _HEX.fullmatch(found["color"]):
            return Markup('<font color="{}">{}</font>').format(found["color"], _inline(found["colored"], dialect))
        case "bold" if dialect.bold:
            return Markup("<strong>{}</strong>").format(_inline(found["strong"], dialect))
        case "strike" if dialect.strike:
            return Markup("<del>{}</del>").format(_inline(found["struck"], dialect))
        case "italic" if dialect.italic:
            return Markup("<em>{}</em>").format(_inline(found["slanted"], dialect))
        case "low" if dialect.slanted_by_low_lines:
            return Markup("<em>{}</em>").format(_inline(found["low_text"], dialect))
        case "name" if found["called"] in dialect.called:
            return mention(found["called"])
        case "bare" if dialect.bare_links:
            return anchor(found["bare"], escape(found["bare"]))
        case "at" if dialect.mentions and (called := dialect.mentions.fullmatch(found[0])):
            name = called[1] if called.re.groups == 1 else called[2] or called[1]
            return mention("所有人" if called[1] in ("all", "@all") else name)
        case _:
            return None


def mention(name: str) -> Markup:
    """`name` as whoever is called by it."""
    return Markup('<span class="pv-at">@{}</span>').format(name)


def _kind(found: re.Match[str]) -> str:
    return next(name for name in _KINDS if found[name] is not None)


_KINDS = ("code", "image", "link", "font", "bold", "strike", "italic", "low", "name", "at", "bare")


def _text(text: str, dialect: Dialect) -> Markup:
    return escape(unescape(text) if dialect.entities else text)


def image(source: str, alt: str = "") -> Markup:
    """A picture by address over a quiet stand-in, which stays visible where the picture cannot be loaded."""
    target = link_target(source)
    picture = Markup("")
    if target is not None:
        # An empty alt, so that a picture which does not load leaves the stand-in to be seen.
        picture = Markup('<img src="{}" alt="" loading="lazy" referrerpolicy="no-referrer">').format(target)
    return Markup('<span class="pv-image"><span>{}</span>{}</span>').format(alt or "图片", picture)
