"""The way through the room: bytes -> format -> reader -> blocks -> parser -> Issue."""

from __future__ import annotations

from collections.abc import Sequence

from bot.bulletins import archive, docx, html, legacy, parser, pdf, txt
from bot.bulletins.blocks import Block
from bot.bulletins.detect import Format, detect
from bot.bulletins.explained import Explained
from bot.bulletins.limits import DEFAULT, Limits
from bot.bulletins.refusals import refused
from bot.domain.issue import Issue

_READERS = {
    Format.TXT: txt.read,
    Format.HTML: html.read,
    Format.MHTML: html.read_mhtml,
    Format.DOCX: docx.read,
    Format.PDF: pdf.read,
}


def blocks(data: bytes, name: str = "", limits: Limits = DEFAULT) -> list[Block]:
    """Blocks of a document of any format; raises DocumentRefused."""
    if len(data) > limits.max_file_bytes:
        raise refused("too_large", f"{len(data) // 2**20} MB，上限 {limits.max_file_bytes // 2**20} MB")
    found = detect(data)
    if found is Format.ZIP:
        data, name = archive.document_in(data, limits)
        found = detect(data)
    if found is Format.LEGACY:
        data = legacy.to_docx(data, name)
        found = detect(data)
    if found not in _READERS:
        raise refused("unknown_format")
    read = _READERS[found](data, limits)
    if len(read) > limits.max_blocks or sum(len(b.text) for b in read) > limits.max_characters:
        raise refused("too_large", "正文文字过多")
    return read


def parse(data: bytes, name: str = "", limits: Limits = DEFAULT) -> Issue:
    """The Issue in `data`. `name` only helps messages and conversion; the format is told by content.

    Raises DocumentRefused. For files from outside use `parse_guarded`.
    """
    return parser.read(blocks(data, name, limits))[0]


def explain(data: bytes, name: str = "", limits: Limits = DEFAULT) -> list[Explained]:
    """Every block in reading order with its role and rule. Raises DocumentRefused."""
    return explain_blocks(blocks(data, name, limits))


def explain_blocks(read: Sequence[Block]) -> list[Explained]:
    _, sheet = parser.read(read)
    return [Explained(p.block.where, p.role.value, p.rule, p.text) for p in sheet]
