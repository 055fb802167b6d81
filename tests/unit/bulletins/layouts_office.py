"""Further layouts of our own devising, in the formats that are hardest: DOCX and PDF."""

# ruff: noqa: E501 - lines of the documents themselves are kept whole

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import docx
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Pt
from docx.text.paragraph import Paragraph

from tests.unit.bulletins import pdf_writer
from tests.unit.bulletins.layouts import A1, A2, B1, B2, LISTS, TWO, layout
from tests.unit.bulletins.rendering import saved, wrapped

FOOT = ("报送：市委办、市府办。", "发送：各县（市、区）人民政府。", "抄送：市直有关单位。")
NS = nsdecls("w")


def para(
    document: Document, text: str, *, size: float = 16, center: bool = False, bold: bool = False, indent: bool = False
) -> Paragraph:
    paragraph = document.add_paragraph()
    run = paragraph.add_run(text)
    run.font.size, run.bold = Pt(size), bold
    if center:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(32)
    return paragraph


def head(document: Document, name: str, number: str, issuer: str, date: str) -> None:
    para(document, name, size=36, center=True, bold=True)
    para(document, number, center=True)
    para(document, f"{issuer}\t{date}")


def body(document: Document) -> None:
    for title, paragraphs in ((A1, B1), (A2, B2)):
        para(document, title, size=22, center=True)
        for p in paragraphs:
            para(document, p, indent=True)


def foot(document: Document) -> None:
    for line in FOOT:
        para(document, line, size=14)


def built(build: Callable[[Document], None]) -> Callable[[], bytes]:
    def source() -> bytes:
        document = docx.Document()
        build(document)
        return saved(document)

    return source


def xml(paragraph: Paragraph, inner: str) -> None:
    """Append runs written in XML."""
    for element in parse_xml(f"<w:p {NS}>{inner}</w:p>"):
        paragraph._p.append(element)


def tracked(document: Document) -> None:
    head(document, "发展改革简报", "第8期", "梅州市发展和改革局", "2023年8月1日")
    para(document, A1, size=22, center=True)
    for p in B1[:3]:
        paragraph = para(document, p[:10], indent=True)
        xml(
            paragraph,
            f'<w:del w:id="1" w:author="a"><w:r><w:delText>删去</w:delText></w:r></w:del><w:ins w:id="2" w:author="a"><w:r><w:t>{p[10:]}</w:t></w:r></w:ins>',
        )
    paragraph = para(document, B1[3][:8], indent=True)
    xml(paragraph, "<w:r><w:rPr><w:vanish/></w:rPr><w:t>隐藏文字</w:t></w:r>")
    xml(paragraph, f"<w:r><w:t>{B1[3][8:]}</w:t></w:r>")
    # A paragraph whose end was deleted runs on into the next.
    first = para(document, "这一段的段落标记已被删除，", indent=True)
    first._p.get_or_add_pPr().append(parse_xml(f'<w:rPr {NS}><w:del w:id="3" w:author="a"/></w:rPr>'))
    para(document, "所以与下一段是同一段。", indent=True)
    moved = document.add_paragraph()
    xml(moved, '<w:moveFrom w:id="4" w:author="a"><w:r><w:t>移走的话。</w:t></w:r></w:moveFrom>')
    foot(document)


layout(
    "docx-tracked-changes",
    "带修订的文档按定稿读：插入的算，删除、移走和隐藏的不算；段落标记被删的两段是一段",
    built(tracked),
    masthead="发展改革简报",
    issuer=["梅州市发展和改革局"],
    date="2023-08-01",
    articles=[{"title": A1, "body": [*B1, "这一段的段落标记已被删除，所以与下一段是同一段。"]}],
    lists=LISTS,
)

BOX = (
    '<w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice Requires="wps"><w:drawing>'
    '<wps:txbx xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"><w:txbxContent>{0}</w:txbxContent></wps:txbx></w:drawing></mc:Choice>'
    '<mc:Fallback><w:pict><v:textbox xmlns:v="urn:schemas-microsoft-com:vml"><w:txbxContent>{0}</w:txbxContent></v:textbox></w:pict></mc:Fallback>'
    "</mc:AlternateContent></w:r>"
)


def boxed(document: Document) -> None:
    lines = ("梅州市市场监管", "工 作 简 报", "（2022年第2期 总第50期）", "梅州市市场监督管理局　　2022年2月2日")
    box = "".join(f'<w:p><w:pPr><w:jc w:val="center"/></w:pPr><w:r><w:t>{t}</w:t></w:r></w:p>' for t in lines)
    xml(document.add_paragraph(), BOX.format(box))
    body(document)
    foot(document)


layout(
    "docx-masthead-in-text-box",
    "红头在文本框里（新旧两份内容只算一份）；名称分两行",
    built(boxed),
    masthead="梅州市市场监管工作简报",
    issue={"year": 2022, "number": 2, "total": 50},
    issuer=["梅州市市场监督管理局"],
    date="2022-02-02",
    articles=TWO,
    lists=LISTS,
)


def breaks(document: Document) -> None:
    head(document, "科技简报", "2024年第1期", "梅州市科学技术局", "2024年1月8日")
    for title, paragraphs in ((A1, B1), (A2, B2)):
        paragraph = para(document, title[:8], size=22, center=True)
        paragraph.add_run().add_break()
        paragraph.add_run(title[8:]).font.size = Pt(22)
        for n, p in enumerate(paragraphs):
            inside = para(document, p[:15], indent=True)
            if n == 1:
                inside.add_run().add_break(WD_BREAK.PAGE)
            inside.add_run(p[15:])
    foot(document)


layout(
    "docx-breaks-inside-titles",
    "标题中用软回车分两行仍是一个标题；段内的分页符不断开段落",
    built(breaks),
    masthead="科技简报",
    articles=TWO,
    lists=LISTS,
)


def frames(document: Document) -> None:
    section = document.sections[0]
    section.header.paragraphs[0].text = "气象服务专报　第12期"
    section.footer.paragraphs[0].text = "报：市委办、市府办。"
    section.footer.add_paragraph("发：各县（市、区）人民政府。")
    para(document, "内部资料", size=14)
    para(document, "仅供参考", size=14)
    head(document, "气象服务专报", "第12期（总112期）", "梅州市气象局", "2022年5月10日")
    para(document, "签发：张某某")
    body(document)


layout(
    "docx-lists-in-page-footer",
    "专报：名单在页脚；密级分两行；总n期；签发人独立成行",
    built(frames),
    masthead="气象服务专报",
    issue={"year": 2022, "number": 12, "total": 112},
    issuer=["梅州市气象局"],
    classification="内部资料 仅供参考",
    articles=TWO,
    lists={"report": ["市委办", "市府办"], "send": ["各县（市、区）人民政府"], "copy": []},
)


def nested(document: Document) -> None:
    cell = document.add_table(1, 1).cell(0, 0)
    for text in ("民政工作简报", "第6期", "梅州市民政局　2023年6月1日"):
        cell.add_paragraph(text).alignment = WD_ALIGN_PARAGRAPH.CENTER
    for title, paragraphs in ((A1, B1), (A2, B2)):
        heading = cell.add_paragraph()
        heading.alignment = WD_ALIGN_PARAGRAPH.CENTER
        heading.add_run(title).bold = True
        for n, p in enumerate(paragraphs):
            cell.add_paragraph("　　" + p)
            if n == 1:
                cell.add_paragraph("　　　　护路情况表").alignment = WD_ALIGN_PARAGRAPH.CENTER
                inner = cell.add_table(2, 3)
                for r, row in enumerate((("镇", "岗位", "里程"), ("大柘镇", "12", "24"))):
                    for c, value in enumerate(row):
                        inner.cell(r, c).text = value
    foot_table = document.add_table(3, 2)
    for r, (label, units) in enumerate(
        (("报", "市委办、市府办"), ("发", "各县（市、区）人民政府"), ("抄送", "市直有关单位"))
    ):
        foot_table.cell(r, 0).text, foot_table.cell(r, 1).text = label, units


layout(
    "docx-issue-in-table-with-table",
    "整期在一个单元格里，里面又有数据表；版记表格左格只有一个字的标签",
    built(nested),
    masthead="民政工作简报",
    articles=TWO,
    lists=LISTS,
)


def numbered(document: Document) -> None:
    head(document, "城管工作简报", "〔2023〕第5期（总第64期）", "梅州市城市管理和综合执法局编印", "2023年5月15日")
    para(document, "目　　录", size=18, center=True)
    for n, title in enumerate((A1, A2), 1):
        para(document, f"{title}\t{n}")
    for title, paragraphs in ((A1, B1), (A2, B2)):
        document.add_heading(title, 1)
        for p in paragraphs[:2]:
            para(document, p, indent=True)
        document.add_heading("一、有人管", 2)
        for p in paragraphs[2:]:
            para(document, p, indent=True)
    foot(document)
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "梅州市城市管理和综合执法局办公室", "2023年5月15日印发"
    para(document, "共印90份")


layout(
    "docx-heading-styles",
    "标题用“标题1”、小标题用“标题2”样式；目录制表位页码；版记两格：印发机关、印发日期",
    built(numbered),
    masthead="城管工作简报",
    issue={"year": 2023, "number": 5, "total": 64},
    issuer=["梅州市城市管理和综合执法局"],
    print_count=90,
    articles=[{"title": t, "body": [*b[:2], "一、有人管", *b[2:]]} for t, b in ((A1, B1), (A2, B2))],
    lists=LISTS,
)


class Typesetter:
    """Sets lines on pages of a PDF one below the other."""

    def __init__(self, running_head: str = "") -> None:
        self.pages = [pdf_writer.Page()]
        self.y = 80.0
        self._head = running_head

    def line(
        self, text: str, size: float = 16, *, center: bool = False, x: float = 79, bold: bool = False, pitch: float = 28
    ) -> None:
        self.y += pitch
        if self.y > 740:
            self.pages.append(pdf_writer.Page())
            self.y = 80 + pitch
        left = x if not center else (595 - pdf_writer.width_of(text, size)) / 2
        self.pages[-1].text(left, self.y, size, text, bold=bold)

    def paragraph(self, text: str, size: float = 16) -> None:
        for n, row in enumerate(wrapped("　　" + text, int(437 / size))):
            self.line(row[2:] if n == 0 else row, size, x=79 + (2 * size if n == 0 else 0))

    def done(self) -> bytes:
        for n, page in enumerate(self.pages, 1):
            if self._head:
                page.text(79, 50, 10.5, f"{self._head}　　第{n}页")
                page.rule(56)
            page.text(280, 800, 14, f"- {n} -")
        return pdf_writer.write(self.pages)


def pdf_head(sheet: Typesetter, name: str, number: str, issuer: str, date: str) -> None:
    sheet.line(name, 36, center=True, pitch=50)
    sheet.line(number, center=True)
    sheet.line(issuer)
    sheet.pages[-1].text(516 - pdf_writer.width_of(date, 16), sheet.y, 16, date)
    sheet.pages[-1].rule(sheet.y + 12)


def pdf_tables() -> bytes:
    sheet = Typesetter("工业运行简报")
    pdf_head(sheet, "工业运行简报", "〔2024〕第3期", "梅州市工业和信息化局", "2024年3月12日")
    sheet.line(A1, 20, center=True, pitch=40)
    for p in B1[:2]:
        sheet.paragraph(p)
    sheet.line("表1 一季度养护完成情况", 14, center=True)
    top = sheet.y + 8
    for r, row in enumerate((("镇名", "岗位（个）", "里程（公里）"), ("大柘镇", "12", "24"), ("石正镇", "9", "18"))):
        for c, value in enumerate(row):
            x = 100 + c * 130
            sheet.pages[-1].box(x, top + r * 24, x + 130, top + r * 24 + 24)
            sheet.pages[-1].text(x + 8, top + r * 24 + 17, 12, value)
    sheet.y = top + 72
    for p in B1[2:]:
        sheet.paragraph(p)
    sheet.pages[-1].picture(200, sheet.y + 10, 180, 60)
    sheet.y += 70
    sheet.line("图1 护路员清理水沟", 12, center=True)
    sheet.line(A2, 20, center=True, pitch=40)
    for p in B2:
        sheet.paragraph(p)
    for line in FOOT:
        sheet.line(line, 14)
    return sheet.done()


layout(
    "pdf-table-figure-running-head",
    "书眉和页码逐页重复；带框线的数据表、表题、图题不计入正文",
    pdf_tables,
    masthead="工业运行简报",
    issue={"year": 2024, "number": 3, "total": None},
    issuer=["梅州市工业和信息化局"],
    date="2024-03-12",
    articles=TWO,
    lists=LISTS,
)


def pdf_lists_in_box() -> bytes:
    sheet = Typesetter()
    pdf_head(sheet, "投资项目快报", "第二十期", "梅州市发展和改革局", "2023年12月1日")
    for title, paragraphs in ((f"一、{A1}", B1), (f"二、{A2}", B2)):
        sheet.line(title, 16, x=111, bold=True)
        for p in paragraphs:
            sheet.paragraph(p)
    top = sheet.y + 20
    for r, (label, rows) in enumerate(
        (("报送", ["市委办、市府办"]), ("发送", ["各县（市、区）", "人民政府"]), ("抄送", ["市直有关单位"]))
    ):
        y0, y1 = top + r * 44, top + r * 44 + 44
        sheet.pages[-1].box(79, y0, 150, y1)
        sheet.pages[-1].box(150, y0, 516, y1)
        sheet.pages[-1].text(90, y0 + 18, 14, label)
        for n, row in enumerate(rows):
            sheet.pages[-1].text(160, y0 + 18 + 18 * n, 14, row)
    return sheet.done()


layout(
    "pdf-lists-in-ruled-table",
    "版记是带框线的表格，格内转行；每篇标题加粗左起带“一、二、”",
    pdf_lists_in_box,
    masthead="投资项目快报",
    issue={"year": 2023, "number": 20, "total": None},
    articles=TWO,
    lists=LISTS,
)


def pdf_flush_left() -> bytes:
    """Typewriter style: one size, titles flush left, paragraphs indented, lists wrapped."""
    sheet = Typesetter()
    for text in ("政协简报", "第9期", "政协梅州市委员会办公室　　2022年9月30日"):
        sheet.line(text, 12, center=True, pitch=20)
    for title, paragraphs in ((A1, B1), (A2, B2)):
        sheet.line(title, 12, pitch=34)
        for p in paragraphs:
            for n, row in enumerate(wrapped("　　" + p, 36)):
                sheet.line(row[2:] if n == 0 else row, 12, x=79 + (24 if n == 0 else 0), pitch=20)
    sheet.line("送：市委办公室、市人大常委会办公室、市人民政府办公室、市纪委监委机关、", 12, pitch=34)
    sheet.line("市委组织部、市委统战部（不发各民主党派市委会）。", 12, x=103, pitch=20)
    return sheet.done()


layout(
    "pdf-one-size-flush-left-titles",
    "通篇一个字号：标题顶格，段落缩进，名单转行带例外",
    pdf_flush_left,
    masthead="政协简报",
    issuer=["政协梅州市委员会办公室"],
    articles=TWO,
    lists={
        "report": [],
        "send": ["市委办公室", "市人大常委会办公室", "市人民政府办公室", "市纪委监委机关", "市委组织部", "市委统战部"],
        "copy": [],
    },
    exclusions=["各民主党派市委会"],
)


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as box:
        box.writestr("__MACOSX/._x.docx", b"x")
        box.writestr("科技简报第1期.docx", built(breaks)())
    return out.getvalue()


layout("zip-with-docx", "网站附件压缩包：读里面的文档", archive, masthead="科技简报", articles=TWO, lists=LISTS)
