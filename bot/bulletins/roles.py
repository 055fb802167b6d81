"""The role of each block, and the rule that gave it: the parser's working sheet, shown by `--explain`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from bot.bulletins.blocks import Block, Kind
from bot.bulletins.characters import key, plain


class Role(StrEnum):
    """What a block is in the bulletin."""

    UNREAD = "unread"
    MASTHEAD = "masthead"
    NUMBER = "number"
    ISSUER = "issuer"  # the line of issuer and date, in one block or several
    CLASSIFICATION = "classification"
    COPY_NUMBER = "copy_number"
    CONTENTS = "contents"  # the word 目录 or 本期要目
    HEADLINE = "headline"  # an entry of the headline list
    NOTE = "editor_note"
    SECTION = "section"
    TITLE = "title"
    BODY = "body"
    TABLE = "table"
    CAPTION = "caption"
    BYLINE = "byline"
    STAFF = "staff"  # 签发, 编辑, 校对, telephone lines
    LIST = "list"
    IMPRINT = "imprint"  # the 印发 line and 共印n份
    ATTACHMENT = "attachment"
    PAGE_NUMBER = "page_number"
    RUNNING_HEAD = "running_head"
    FURNITURE = "furniture"
    LAYOUT = "layout"  # rules, page breaks, pictures
    AFTER_FOOT = "after_foot"


@dataclass(slots=True)
class Piece:
    """A block on the working sheet. `runs_on`: its text continues the piece above it."""

    block: Block
    role: Role = Role.UNREAD
    rule: str = ""
    runs_on: bool = False
    cut: bool = False  # a page ended between this piece and the one above
    plain: str = field(init=False)
    key: str = field(init=False)

    def __post_init__(self) -> None:
        self.plain = plain(self.block.text).strip()
        self.key = key(self.block.text)

    @property
    def text(self) -> str:
        return self.block.text

    @property
    def free(self) -> bool:
        return self.role is Role.UNREAD

    def give(self, role: Role, rule: str) -> None:
        self.role, self.rule = role, rule


def pieces(blocks: Iterable[Block]) -> list[Piece]:
    """A working sheet for `blocks`; what is not text has its role from its kind."""
    sheet = [Piece(b) for b in blocks]
    for piece in sheet:
        if piece.block.kind is Kind.TABLE:
            piece.give(Role.TABLE, "data_table")
        elif piece.block.kind is not Kind.TEXT:
            piece.give(Role.LAYOUT, piece.block.kind.value)
    return sheet
