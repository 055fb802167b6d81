"""One Issue rendered in every format, as an office would set it: what the reader has to undo."""

# ruff: noqa: E501 - lines of the documents themselves are kept whole

from __future__ import annotations

import html
import io
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

import docx
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Pt

from bot.domain.issue import Issue
from tests.unit.bulletins import pdf_writer

NO_LINE_START = "，。、；：！？”’）》」』％%"


@dataclass(frozen=True)
class Line:
    """One paragraph as set: its part in the bulletin, so that each format can give it its look."""

    part: str  # name, number, issuer, headline, title, body, list, foot, classification
    text: str


def printed(issue: Issue, *, headlines: bool = True) -> list[Line]:
    """The bulletin as a sequence of paragraphs, in the order of 报头, 报核, 报尾."""
    day = issue.date
    date = f"{day.year}年{day.month}月{day.day}日" if day else ""
    number = issue.issue
    label = f"{number.year}年第{number.number}期" if number.year else f"第{number.number}期"
    total = f" 总第{number.total}期" if number.total else ""
    out = [Line("classification", issue.classification)] if issue.classification else []
    out += [Line("name", issue.masthead), Line("number", f"（{label}{total}）")]
    out.append(Line("issuer", f"{'　　'.join(issue.issuer)}　　　　　{date}"))
    if headlines:
        out += [Line("headline", f"● {a.title}") for a in issue.articles]
    for article in issue.articles:
        out.append(Line("title", article.title))
        out += [Line("body", p) for p in article.body]
    for label, items in (("报送", issue.lists.report), ("发送", issue.lists.send), ("抄送", issue.lists.copy)):
        if items:
            out.append(Line("list", f"{label}：{'，'.join(items)}。"))
    if issue.print_count:
        out.append(Line("foot", f"（共印{issue.print_count}份）"))
    return out


def with_page_ends(lines: Sequence[Line], seed: int) -> list[Line]:
    """Some paragraphs in two halves with a page number between, as pages copied into one document leave them."""
    chance = random.Random(seed)
    out: list[Line] = []
    page = 0
    for line in lines:
        if line.part != "body" or len(line.text) < 40 or chance.random() < 0.5:
            out.append(line)
            continue
        places = [
            i
            for i in range(8, len(line.text) - 8)
            if not re.match(r"\w\w|.[，。、；：！？”’）》%]", line.text[i - 1 : i + 1])
            or ("\u4e00" <= line.text[i] <= "\u9fff" and "\u4e00" <= line.text[i - 1] <= "\u9fff")
        ]
        at = chance.choice(places)
        page += 1
        out += [Line("body", line.text[:at]), Line("page", f"— {page} —"), Line("rest", line.text[at:])]
    return out


def to_txt(lines: Sequence[Line], *, indent: bool = True, gaps: bool = True, wrap: int = 0) -> str:
    """Plain text; `wrap`: full-width characters a line."""
    out = []
    for line in lines:
        lead = "　　" if indent and line.part == "body" else "　　　　　　" if indent and line.part == "title" else ""
        out += (
            wrapped(lead + line.text, wrap) if wrap and line.part in ("body", "list", "title") else [lead + line.text]
        )
        if gaps:
            out.append("")
    return "\n".join(out) + "\n"


def wrapped(text: str, characters: int) -> list[str]:
    """`text` in lines of `characters` full-width places; stops never begin a line, numbers are never split."""
    lines, line, width = [], "", 0.0
    for token in tokens(text):
        size = sum(0.5 if ord(c) < 0x250 else 1 for c in token)
        if line and width + size > characters and token not in NO_LINE_START:
            lines.append(line)
            line, width = "", 0.0
        line, width = line + token, width + size
    return [*lines, line]


def tokens(text: str) -> list[str]:
    out: list[str] = []
    for c in text:
        if out and c.isascii() and c.isalnum() and out[-1][-1].isascii() and out[-1][-1].isalnum():
            out[-1] += c
        else:
            out.append(c)
    return out


def to_html(lines: Sequence[Line], *, furniture: bool = False) -> str:
    looks = {
        "name": '<p style="text-align:center;font-size:36pt;color:red">{}</p>',
        "number": '<p style="text-align:center">{}</p>',
        "title": '<p align="center"><b>{}</b></p>',
        "headline": "<p>{}</p>",
        "body": '<p style="text-indent:2em">{}</p>',
    }
    body = "\n".join(looks.get(line.part, "<p>{}</p>").format(html.escape(line.text)) for line in lines)
    name = next(line.text for line in lines if line.part == "name")
    top = bottom = ""
    if furniture:
        top = (
            '<div class="nav"><a href="/">首页</a> | <a href="/a">政务公开</a></div><div>当前位置：<a href="/">首页</a> &gt; 正文</div>'
            f"<h1>{name}（2099年第99期）</h1><div>来源：本站　发布时间：2099-01-01　浏览次数：99 【打印】</div><!-- 报送：注释 -->"
            '<div style="display:none">报送：隐藏。</div><script>var a = "发送：脚本";</script>'
        )
        bottom = (
            "<div>分享到：<a>微信</a></div><p>上一篇：<a href='/x'>关于放假的通知</a></p><ul><li><a href='/y'>其他新闻一则</a></li></ul>"
            "<div>主办：某网站　网站标识码：4414000000</div>"
        )
    return f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>{name}</title></head><body>{top}<div class='c'>{body}</div>{bottom}</body></html>"


def to_docx(lines: Sequence[Line], *, table: bool = False) -> bytes:
    """A document; `table`: the whole issue in the one cell of a table."""
    document = docx.Document()
    holder = document.add_table(1, 1).cell(0, 0) if table else document
    for line in lines:
        paragraph = holder.add_paragraph()
        run = paragraph.add_run(line.text)
        run.font.size = Pt({"name": 36, "title": 22}.get(line.part, 16))
        if line.part in ("name", "number", "title"):
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        if line.part == "body":
            paragraph.paragraph_format.first_line_indent = Pt(32)
    return saved(document)


def saved(document: Document) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def to_pdf(lines: Sequence[Line], *, columns: int = 1, running_head: str = "", size: float = 16.0) -> bytes:
    """Pages with numbers at the foot; with two columns, masthead and lists span both."""
    left, right, top, bottom, gap = 79.0, 516.0, 80.0, 730.0, 26.0
    if columns == 2:
        size = 10.5
    width = (right - left - gap * (columns - 1)) / columns
    pages = [pdf_writer.Page()]
    y, column, column_top = top, 0, top

    def new_page() -> None:
        nonlocal y, column, column_top
        pages.append(pdf_writer.Page())
        y, column, column_top = top, 0, top

    def feed(pitch: float) -> None:
        nonlocal y, column
        y += pitch
        if y > bottom:
            if column + 1 < columns and not spanning:
                column, y = column + 1, column_top + pitch
            else:
                new_page()
                y += pitch

    flow = [line for line in lines if line.part in ("title", "body")]
    spanning = True
    for line in lines:
        spanning = columns == 1 or line not in flow
        if flow and line is flow[0]:
            column_top = y = y + size
        if columns == 2 and line.part in ("list", "foot") and column == 1:
            new_page()
        measure = right - left if spanning else width
        em = {"name": 28.0, "title": size + 4 if columns == 1 else size + 1.5}.get(line.part, size)
        lead = 2 if line.part == "body" else 0
        rows = wrapped("　" * lead + line.text, int(measure / em))
        if line.part == "issuer" and len(rows) > 1:
            rows = [part for part in line.text.split("　　　　　") if part]
        for n, row in enumerate(rows):
            feed(em * 1.75)
            x = left + column * (width + gap) if not spanning else left
            text = row
            if n == 0 and lead:
                text, x = row[lead:], x + lead * em
            if line.part in ("name", "number", "title"):
                x += (measure - pdf_writer.width_of(text, em)) / 2
            pages[-1].text(x, y, em, text, bold=line.part == "title")
    for n, page in enumerate(pages, 1):
        if running_head:
            page.text(left, 45, 9, running_head)
        page.text(273, 790, 14, f"— {n} —")
    return pdf_writer.write(pages)
