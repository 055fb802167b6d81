"""What mkdocs.yml has done to each page: two languages in one site, and Markdown as the code forges read it.

`NAME.zh-CN.md` is the Chinese of `NAME.md`.
"""

from __future__ import annotations

import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.pages import Page
from mkdocs.utils.templates import TemplateContext

CHINESE = ".zh-CN.md"
_WIDE = r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef\u201c\u201d]"
_LINE_END = re.compile(rf"({_WIDE}(?:\]\([^)\s]*\))?\**)\n *(?=\**\[?{_WIDE})")
_ITEM = re.compile(r"(?:-|\d+\.) +")
_INDENT = 4
_FENCE = re.compile(r"^( *```.*?^ *```$)", re.MULTILINE | re.DOTALL)


def on_page_markdown(markdown: str, **_: object) -> str:
    pieces = _FENCE.split(_indented(markdown))
    pieces[::2] = [_joined(text) for text in pieces[::2]]
    return "".join(pieces)


def _joined(text: str) -> str:
    """What a line end in the source parts: between Chinese characters, linked or bold ones too, a browser would show a
    blank for it."""
    return _LINE_END.sub(r"\1", text)


def _indented(markdown: str) -> str:
    """What belongs to a list item is indented by four blanks for this reader, by the width of its mark elsewhere; and a
    list, or an item after a paragraph of the item before, begins after an empty line here."""
    width = 0
    previous = ""
    loose = True
    code = False

    def one(line: str) -> str:
        nonlocal width, previous, loose, code
        before, previous = previous, line
        if line.startswith("```"):
            code, width = not code, 0
        if code:
            return line
        if not line or line.startswith(" "):
            loose = loose or not line
            return " " * _INDENT + line[width:] if width and line.startswith(" " * width) else line
        mark = _ITEM.match(line)
        apart = mark and before and loose
        width, loose = (len(mark[0]), False) if mark else (0, True)
        return f"\n{line}" if apart else line

    return "\n".join(map(one, markdown.split("\n")))


def on_page_context(context: TemplateContext, *, page: Page, config: MkDocsConfig, **_: object) -> TemplateContext:
    """The theme's own words (search, next page) in the page's language; it knows one for the whole site."""
    config.theme["language"] = "zh" if page.file.src_uri.endswith(CHINESE) else "en"
    return context


def on_post_page(output: str, **_: object) -> str:
    """Name the script of Chinese too, for screen readers and browsers."""
    return output.replace('<html lang="zh"', '<html lang="zh-CN"', 1)
