"""The pictures of an issue: the right size, the same bytes, legible whatever stands on them."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pytest
from PIL import Image

from bot.bootstrap.fonts import cover_font
from bot.cards.cover import INK, PAPER, RED, draw
from bot.domain.cover import CoverText, Shape
from bot.settings import Settings

TEXT = CoverText("云岭市乡村振兴工作简报", "2026年第18期 总第96期", ("云岭市乡村振兴局",), dt.date(2026, 7, 29))
FONT = cover_font(Settings.model_validate({}))
needs_font = pytest.mark.skipif(
    FONT is None, reason="no Chinese font on this machine: apt-get install fonts-wqy-zenhei"
)


def drawn(text: CoverText, shape: Shape = Shape.COVER) -> Image.Image:
    assert FONT is not None
    data = draw(text, shape, FONT)
    assert data == draw(text, shape, FONT)
    assert len(data) < 60_000
    return Image.open(io.BytesIO(data)).convert("RGB")


def inked(image: Image.Image, box: tuple[int, int, int, int], ground: str) -> bool:
    """Is anything written in this box of a picture?"""
    return len(image.crop(box).getcolors(10_000) or ()) > 1 and ground in colours(image.crop(box))


def colours(image: Image.Image) -> set[str]:
    return {"#" + bytes(pixel).hex() for _, pixel in image.getcolors(100_000) or ()}  # type: ignore[arg-type]  # RGB


@needs_font
@pytest.mark.parametrize(("shape", "size"), [(Shape.COVER, (1068, 455)), (Shape.EMBLEM, (300, 300))])
def test_each_shape_has_its_size(shape: Shape, size: tuple[int, int]) -> None:
    image = drawn(TEXT, shape)
    assert image.size == size
    assert image.getpixel((2, 2)) == tuple(bytes.fromhex(RED[1:]))


@needs_font
def test_masthead_label_date_and_issuer_each_stand_in_their_place() -> None:
    places = {"masthead": (64, 60, 1004, 250), "label": (64, 345, 500, 390), "date": (600, 345, 1004, 390)}
    places["issuer"] = (64, 400, 1004, 440)
    image = drawn(TEXT)
    assert all(inked(image, box, RED if name == "masthead" else PAPER) for name, box in places.items())
    assert INK in colours(image)
    bare = drawn(CoverText("简报", "", (), None))
    assert not any(inked(bare, box, PAPER) for name, box in places.items() if name != "masthead")


@needs_font
@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        pytest.param(CoverText("长" * 500, "号" * 500, ("单位",) * 100, dt.date(1999, 12, 31)), marks=pytest.mark.slow),
        CoverText("", "\u202e\x00\n", ("",), None),
        CoverText("\U0001f468\u200d\U0001f469 e\u0301 <b>", "A" * 300, (" ",), None),
    ],
    ids=["ordinary", "endless", "empty", "odd"],
)
def test_nothing_runs_into_what_a_frame_may_cut_off(text: CoverText) -> None:
    image = drawn(text)
    for left, right in ((0, 44), (1024, 1068)):
        assert colours(image.crop((left, 0, right, 300))) == {RED}
        assert colours(image.crop((left, 335, right, 455))) == {PAPER}
    drawn(text, Shape.EMBLEM)


@needs_font
def test_another_issue_is_another_picture() -> None:
    assert FONT is not None
    other = CoverText(TEXT.masthead, "2026年第19期", TEXT.issuer, TEXT.date)
    assert draw(TEXT, Shape.COVER, FONT) != draw(other, Shape.COVER, FONT)
    assert draw(TEXT, Shape.EMBLEM, FONT) == draw(other, Shape.EMBLEM, FONT)


def test_a_font_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"cannot|unknown"):
        draw(TEXT, Shape.COVER, tmp_path / "no.ttf")
