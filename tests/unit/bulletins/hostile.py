"""Files nobody sends in good faith, and good files gone bad."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import docx

from tests.unit.bulletins import pdf_writer
from tests.unit.bulletins.rendering import saved

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def docx_with(document_xml: bytes) -> bytes:
    """A DOCX whose body is `document_xml`."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved(docx.Document()))) as good,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bad,
    ):
        for name in good.namelist():
            bad.writestr(name, document_xml if name == "word/document.xml" else good.read(name))
    return out.getvalue()


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(4):
            with archive.open(f"简报{n}.txt", "w") as entry:
                for _ in range(64):
                    entry.write(b"\0" * 2**20)
    return out.getvalue()


def docx_bomb() -> bytes:
    return docx_with(f"<w:document {W}><w:body>".encode() + b"<w:p/>" * 6_000_000 + b"</w:body></w:document>")


def billion_laughs() -> bytes:
    entities = '<!ENTITY a0 "笑">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    return docx_with(
        f"<?xml version='1.0'?><!DOCTYPE w:document [{entities}]><w:document {W}><w:body>"
        "<w:p><w:r><w:t>&a11;</w:t></w:r></w:p></w:body></w:document>".encode()
    )


def external_entity() -> bytes:
    return docx_with(
        f"<?xml version='1.0'?><!DOCTYPE w:document [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><w:document {W}><w:body>"
        "<w:p><w:r><w:t>工作简报&x;</w:t></w:r></w:p></w:body></w:document>".encode()
    )


def deep_docx() -> bytes:
    depth = 3_000
    return docx_with(
        f"<w:document {W}><w:body>".encode()
        + b"<w:tbl><w:tr><w:tc>" * depth
        + b"<w:p/>"
        + b"</w:tc></w:tr></w:tbl>" * depth
        + b"</w:body></w:document>"
    )


def many_pages() -> bytes:
    return pdf_writer.write([pdf_writer.Page() for _ in range(10_000)])


def pdf_page_ring() -> bytes:
    """A page tree that contains itself."""
    return pdf_writer.write([pdf_writer.Page()]).replace(b"/Kids [", b"/Kids [2 0 R ")


def encrypted_docx() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600


def encrypted_zip() -> bytes:
    data = bytearray(zip_of(b"x" * 20, "a.txt"))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def zip_of(content: bytes, name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, content)
    return out.getvalue()


# name -> (the file, the codes it may be refused with)
HOSTILE: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "empty": (lambda: b"", {"empty_document"}),
    "blank": (lambda: b" \r\n\t\n", {"empty_document"}),
    "zip bomb": (zip_bomb, {"too_large", "ambiguous_archive"}),
    "docx bomb": (docx_bomb, {"too_large"}),
    "billion laughs": (billion_laughs, {"damaged", "empty_document", "too_large", "not_a_bulletin"}),
    "deep docx": (deep_docx, {"too_deep", "damaged"}),
    "deep html": (lambda: b"<html><body>" + b"<div>" * 200_000 + "简报".encode(), {"too_deep"}),
    "deep html tables": (lambda: b"<html><body>" + b"<table><tr><td>" * 30_000 + "简报".encode(), {"too_deep"}),
    "10,000 pages": (many_pages, {"too_many_pages"}),
    "page ring": (pdf_page_ring, {"damaged", "empty_document", "too_many_pages", "reader_timeout"}),
    "50 MB text": (lambda: "今天开了一个会。\n".encode() * 2_000_000, {"too_large"}),
    "one endless line": (lambda: "工作简报".encode() * 300_000, {"too_large", "not_a_bulletin"}),
    "encrypted office file": (encrypted_docx, {"encrypted"}),
    "encrypted zip": (encrypted_zip, {"encrypted"}),
    "legacy office file": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, {"legacy_format", "damaged"}),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n" + b"\0\1\2\3" * 400, {"unknown_format"}),
    "program": (lambda: b"\x7fELF" + bytes(range(256)) * 40, {"unknown_format"}),
    "binary noise": (lambda: bytes((i * 7919 + i // 3) % 256 for i in range(20_000)), {"unknown_format"}),
    "truncated docx": (lambda: saved(docx.Document())[:9_000], {"damaged"}),
    "docx without a body": (lambda: docx_with(b"<w:document/>"), {"damaged"}),
    "docx that is no XML": (lambda: docx_with(b"\xff\xfe\x00 not xml"), {"damaged"}),
    "truncated pdf": (lambda: pdf_writer.write([pdf_writer.Page()])[:700], {"damaged", "empty_document"}),
    "pdf head only": (lambda: b"%PDF-1.7\n", {"damaged", "empty_document"}),
    "zip without a document": (lambda: zip_of(b"x", "a.exe"), {"no_document_in_archive"}),
    "zip in a zip": (
        lambda: zip_of(zip_of(b"x", "a.txt"), "简报.docx"),
        {"unknown_format", "damaged", "no_document_in_archive"},
    ),
    "prose that is no bulletin": ("你好".encode, {"not_a_bulletin"}),
}
