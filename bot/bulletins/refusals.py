"""Why a document is refused: the fixed codes, and what a clerk is told. docs/reading.md lists the same."""

from __future__ import annotations

from bot.domain.errors import DocumentRefused

REFUSALS = {
    "empty_document": "文件里没有文字。请确认保存的是正文，再重新提交。",
    "unknown_format": "认不出文件格式。请另存为 DOCX、PDF、HTML 或 TXT 后再提交。",
    "legacy_format": "这是旧版 DOC/WPS 文件，本机没有安装转换程序。请在 WPS 或 Word 里另存为 DOCX 后再提交。",
    "encrypted": "文件设有打开密码。请去掉密码后再提交。",
    "damaged": "文件已损坏或不完整，读不出正文。请重新导出后再提交。",
    "scanned_pdf_no_text": "这份 PDF 是扫描图片，没有文字层。请提交由 Word/WPS 直接导出的 PDF，或原 DOCX 文件。",
    "unreadable_text": "这份 PDF 的字体没有文字编码，读出来是乱码。请由 Word/WPS 重新导出，或提交原 DOCX 文件。",
    "too_large": "文件超出读取上限。请确认选对了文件；只提交简报正文，附件另发。",
    "too_many_pages": "页数超出读取上限。请确认选对了文件；只提交简报正文，附件另发。",
    "too_deep": "文件内部嵌套层数异常，可能不是正常的简报。请另存为 DOCX 或 TXT 后再提交。",
    "ambiguous_archive": "压缩包里有不止一份文档，无法判断哪一份是简报。请只提交简报本身。",
    "no_document_in_archive": "压缩包里没有可以读取的文档。请提交 DOCX、PDF、HTML 或 TXT 文件。",
    "not_a_bulletin": "文件里没有报头、没有期号，也没有成段的正文，不像一期简报。请确认选对了文件。",
    "reader_timeout": "读取超时，已中止。请另存为 DOCX 或 TXT 后再提交。",
    "reader_crashed": "读取程序异常退出，文件未被采用。请另存为 DOCX 或 TXT 后再提交。",
}


def refused(code: str, detail: str = "") -> DocumentRefused:
    """The error to raise for `code`; `detail` (in Chinese) says what was found in this very file."""
    return DocumentRefused(code, f"{REFUSALS[code]}（{detail}）" if detail else REFUSALS[code])
