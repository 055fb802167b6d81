"""What a reader sees of a line before reading it, and whether that sets it apart from the running text."""

from __future__ import annotations

from typing import NamedTuple

from bot.bulletins.characters import key
from bot.bulletins.paragraphs import is_prose, text_of
from bot.bulletins.roles import Piece

LARGER = 1.08  # set this much larger than the text, a line is seen to be larger


class Look(NamedTuple):
    """Heading level (0: none), size in points, weight, alignment, and indent: 0 flush, 1 a paragraph's, 2 deeper."""

    level: int = 0
    size: float = 0.0
    bold: bool = False
    align: str = ""
    indent: int = 0


def look_of(piece: Piece) -> Look:
    block = piece.block
    indent = 0 if block.indent < 1 or block.align == "center" else 1 if block.indent <= 3.2 else 2
    return Look(block.level, round(block.size), block.bold, block.align, indent)


def rank(look: Look) -> tuple[int, float, bool, bool]:
    """Larger for what an office sets for more important lines."""
    return (-look.level if look.level else -9, look.size, look.align == "center", look.bold)


def body_look(sheet: list[Piece], start: int, end: int) -> Look:
    """The look most of the running text in `sheet[start:end]` has."""
    weights: dict[Look, int] = {}
    for i in range(start, end):
        piece = sheet[i]
        if piece.free and not piece.runs_on and is_prose(key(text_of(sheet, i))):
            weights[look_of(piece)] = weights.get(look_of(piece), 0) + len(piece.key)
    return max(weights, key=lambda k: weights[k]) if weights else Look()


def set_apart(look: Look, body: Look) -> bool:
    """Whether a line that looks so stands out from text that looks like `body`."""
    return (
        bool(look.level)
        or (look.align == "center" and body.align != "center")
        or look.size > body.size * LARGER
        or (look.bold and not body.bold)
        or look.indent not in (body.indent, 1)
    )


def like_a_paragraph(piece: Piece, body: Look) -> bool:
    """Indented and set as paragraphs are, in a text that indents them."""
    return body.indent != 0 and look_of(piece) == body
