"""The pictures of an issue, drawn as a bulletin is printed: masthead in white on red, below it label, date and issuer.

The same words, shape and font always give the same bytes. No vendor needs more than this: a card's picture is shown
1068 by 455, cut a little at the sides where its frame is narrower, and 150 square in a list.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

from bot.domain.cover import CoverText, Shape

RED, DEEP, PAPER, GOLD, INK = "#b4141e", "#96101a", "#fffaf2", "#e8c98a", "#7a1016"
COLOURS = 64
"""Few colours make a small file: smooth edges need no more."""
SIZES: Mapping[Shape, tuple[int, int]] = {Shape.COVER: (1068, 455), Shape.EMBLEM: (300, 300)}
UNNAMED = "工作简报"
"""As on a card without a masthead."""

_BAND = 318
_MARGIN = 64
"""Kept free at both sides; what a narrower frame cuts off is less."""

Pen = Callable[[int], FreeTypeFont]


def draw(text: CoverText, shape: Shape, font: Path) -> bytes:
    """The picture as PNG. Raises OSError when `font` is none."""
    image = Image.new("RGB", SIZES[shape], RED)
    canvas = ImageDraw.Draw(image)

    def pen(size: int) -> FreeTypeFont:
        # The basic layout is part of Pillow; another one, where installed, would give other bytes.
        return ImageFont.truetype(str(font), size, layout_engine=ImageFont.Layout.BASIC)

    if shape is Shape.COVER:
        _cover(canvas, text, pen)
    else:
        _emblem(canvas, text, pen)
    file = io.BytesIO()
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def _cover(canvas: ImageDraw.ImageDraw, text: CoverText, pen: Pen) -> None:
    width, height = SIZES[Shape.COVER]
    canvas.rectangle((0, _BAND, width, height), fill=PAPER)
    canvas.rectangle((0, _BAND - 10, width, _BAND - 1), fill=DEEP)
    canvas.line((0, _BAND + 8, width, _BAND + 8), fill=GOLD, width=3)
    lines, size = _set(_shown(text.masthead) or UNNAMED, pen, width - 2 * _MARGIN, ((1, 118), (2, 104), (3, 80)))
    middle, step = _BAND // 2 - 4, size * 1.22
    for number, line in enumerate(lines):
        at = middle + (number - (len(lines) - 1) / 2) * step
        canvas.text((width / 2, at), line, font=pen(size), fill="white", anchor="mm", stroke_width=1)
    date = f"{text.date.year}年{text.date.month}月{text.date.day}日" if text.date else ""
    half = (width - 2 * _MARGIN) // 2
    for line, at, side in ((_shown(text.label), 368, "l"), (date, 368, "r")):
        (fitted, *_), size = _set(line, pen, half if date and line else 2 * half, ((1, 34),))
        canvas.text(
            (_MARGIN if side == "l" else width - _MARGIN, at), fitted, font=pen(size), fill=INK, anchor=f"{side}m"
        )
    (fitted, *_), size = _set(_shown("　".join(text.issuer)), pen, 2 * half, ((1, 30),))
    canvas.text((_MARGIN, 418), fitted, font=pen(size), fill=INK, anchor="lm")


def _emblem(canvas: ImageDraw.ImageDraw, text: CoverText, pen: Pen) -> None:
    """Four characters in a frame, like a seal: those a masthead ends with, which say what kind of paper it is."""
    side = SIZES[Shape.EMBLEM][0]
    canvas.rectangle((14, 14, side - 15, side - 15), outline=GOLD, width=5)
    word = (_shown(text.masthead).replace(" ", "") or UNNAMED)[-4:]
    if "简报" in word and not word.endswith("工作简报"):
        word = "简报"
    rows = [word[:2], word[2:]] if len(word) > 2 else [word]
    size = 104 if len(rows) > 1 else 116
    for number, row in enumerate(rows):
        at = side / 2 + (number - (len(rows) - 1) / 2) * size * 1.08
        canvas.text((side / 2, at), row, font=pen(size), fill="white", anchor="mm", stroke_width=1)


def _set(text: str, pen: Pen, width: int, trials: Sequence[tuple[int, int]]) -> tuple[list[str], int]:
    """`text` in lines of at most `width` and their size, by the first of `trials` (lines, largest size) in which it
    stays readable; by the last one it is cut at its end."""
    for lines, largest in trials:
        cut = _even(text, lines)
        widest = max(pen(100).getlength(line) for line in cut)
        size = min(largest, int(100 * width / widest)) if widest else largest
        if size >= largest / 2:
            return cut, size
    size = max(size, largest // 2)
    while text and max(pen(size).getlength(line) for line in _even(text + "…", lines)) > width:
        text = text[:-1]
    return _even(text + "…", lines), size


def _even(text: str, lines: int) -> list[str]:
    """`text` in that many lines of equal length, the first ones longer by one character where it does not come out."""
    each, longer = divmod(len(text), lines)
    cuts = [number * each + min(number, longer) for number in range(lines + 1)]
    return [text[start:end].strip() for start, end in pairwise(cuts)]


def _shown(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
