"""Which format a file is, by what is in it; its name is only a hint for the messages."""

from __future__ import annotations

import io
import re
import zipfile
from enum import StrEnum

from bot.bulletins.refusals import refused
from bot.bulletins.txt import utf16_without_bom


class Format(StrEnum):
    """Formats that are read, and those that are only recognised."""

    TXT = "txt"
    HTML = "html"
    MHTML = "mhtml"
    DOCX = "docx"
    PDF = "pdf"
    ZIP = "zip"
    LEGACY = "legacy"  # .doc, .wps: OLE compound files; .rtf


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MARKUP = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|meta|title|table|div|p|span|br|h[1-6]|center|font|ul|ol|style|script|article|section|xml)\b",
    re.IGNORECASE,
)
_PAGE = re.compile(rb"<(?:!doctype html|html|\?xml[^>]*\?>\s*<(?:!doctype )?html)", re.IGNORECASE)
_FRAME = re.compile(rb"^[ \t]*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.MULTILINE)
_LINES_A_TAG = 3
"""A fragment of a page has a tag in every third line or more; of a text they are a rarity."""
# Formats a person may pick by mistake; none of them is text.
_FOREIGN = {
    b"\x89PNG": "PNG 图片",
    b"\xff\xd8\xff": "JPEG 图片",
    b"GIF8": "GIF 图片",
    b"BM": "BMP 图片",
    b"II*\x00": "TIFF 图片",
    b"MM\x00*": "TIFF 图片",
    b"Rar!": "RAR 压缩包",
    b"7z\xbc\xaf": "7z 压缩包",
    b"\x1f\x8b": "GZIP 压缩包",
    b"\x7fELF": "程序",
    b"MZ": "程序",
    b"SQLite format": "数据库",
    b"OggS": "音频",
    b"ID3": "音频",
    b"RIFF": "音视频",
}


def is_legacy(data: bytes) -> bool:
    """An OLE compound file (.doc, .wps) or RTF, not encrypted."""
    return (data.startswith(_OLE) and _ENCRYPTED not in data) or data.lstrip().startswith(b"{\\rtf")


def detect(data: bytes) -> Format:
    """The format of `data`; raises DocumentRefused (`empty_document`, `unknown_format`, `encrypted`, `damaged`)."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not data.strip(b"\x00 \t\r\n"):
        raise refused("empty_document")
    if b"%PDF-" in data[:1024]:
        return Format.PDF
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _inside_zip(data)
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise refused("encrypted")
        return Format.LEGACY
    if head.startswith(b"{\\rtf"):
        return Format.LEGACY
    for magic, name in _FOREIGN.items():
        if data.startswith(magic) and b"\x00" in data[:2048]:
            raise refused("unknown_format", f"这是{name}")
    if re.match(rb"MIME-Version:|From:.*\r?\nSubject:", head, re.IGNORECASE) and b"multipart/related" in data[:4096]:
        return Format.MHTML
    return Format.HTML if _is_page(_as_ascii(data)) else Format.TXT


def _is_page(sample: bytes) -> bool:
    """A text may speak of tags; a page begins with one, has a page's frame, or is full of them."""
    start = sample.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _PAGE.match(start):
        return True
    tags = len(_MARKUP.findall(sample))
    framed = start.startswith(b"<") or _FRAME.search(sample) is not None
    return tags >= 2 and (framed or tags * _LINES_A_TAG >= len([line for line in sample.splitlines() if line.strip()]))


def _inside_zip(data: bytes) -> Format:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, IndexError) as error:
        raise refused("damaged") from error
    return Format.DOCX if "word/document.xml" in names or "[Content_Types].xml" in names else Format.ZIP


def _as_ascii(data: bytes) -> bytes:
    """The beginning with markup readable: UTF-16 pages are written two bytes a character."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data[:65536].decode("utf-16", errors="replace").encode()
    if wide := utf16_without_bom(data):
        return data[:65536].decode(wide, errors="replace").encode()
    return data[:65536]
