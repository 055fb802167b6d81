"""What an element of a page looks like, and whether a reader sees it: the few properties a rule looks at."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bs4 import BeautifulSoup, Tag

BLOCKS = frozenset(
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
HIDDEN = re.compile(
    r"display:none|visibility:hidden|mso-hide:all|opacity:0(?:\.0+)?(?:;|$)|font-size:0(?:px|pt|em|%)?(?:;|$)|text-indent:-\d{3,}|(?:left|top|margin-left):-\d{3,}(?:px|em|pt)"
)
_HIDING_RULE = re.compile(r"([^{}]+)\{[^{}]*(?:display\s*:\s*none|visibility\s*:\s*hidden)[^{}]*\}")
_SIZE = re.compile(r"font-size:(\d+(?:\.\d+)?)(pt|px)")
_INDENT = re.compile(r"text-indent:(\d+(?:\.\d+)?)(pt|px|em|rem|cm|mm|%)?")
_FONT_SIZES = {"1": 7.5, "2": 10.0, "3": 12.0, "4": 13.5, "5": 18.0, "6": 24.0, "7": 36.0}


@dataclass(frozen=True, slots=True)
class Style:
    size: float = 0.0
    bold: bool = False
    align: str = ""
    indent: float = 0.0
    level: int = 0
    marked: bool = False
    cell: tuple[int, int, int] | None = None
    link: bool = False
    verbatim: bool = False  # inside <pre>


def hidden_selectors(soup: BeautifulSoup) -> set[str]:
    """`.name` and `#name` of style sheet rules that hide what they select, on every medium."""
    names: set[str] = set()
    for style in soup.find_all("style"):
        sheet = re.sub(r"/\*.*?\*/|@media[^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}", "", style.get_text(), flags=re.DOTALL)
        for rule in _HIDING_RULE.finditer(sheet):
            names.update(s.strip() for s in rule[1].split(",") if re.fullmatch(r"\s*[.#][\w-]+\s*", s))
    return names


def css_of(tag: Tag | None) -> str:
    return re.sub(r"\s+", "", str(tag.get("style") or "")).lower() if tag is not None else ""


def selectors(tag: Tag) -> set[str]:
    names = {f".{c}" for c in tag.get_attribute_list("class") if c}
    return names | {f"#{tag['id']}"} if tag.has_attr("id") else names


def styled(style: Style, tag: Tag, name: str, css: str) -> Style:
    """The style a child of `tag` starts with."""
    if name in BLOCKS and name not in ("td", "tr"):
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
