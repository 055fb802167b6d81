"""The font that cover pictures are drawn with: the one that is set, else the first good one of the machine."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PIL import ImageFont

from bot.domain.errors import ConfigError
from bot.settings import Settings

PLACES = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("/Library/Fonts"),
    Path("/System/Library/Fonts"),
)
WANTED = (
    *("NotoSerifCJK-Bold.ttc", "NotoSansCJK-Bold.ttc", "NotoSerifCJK-Regular.ttc", "NotoSansCJK-Regular.ttc"),
    *("SourceHanSerifSC-Bold.otf", "SourceHanSansSC-Bold.otf", "wqy-zenhei.ttc", "wqy-microhei.ttc"),
    *("simhei.ttf", "simsun.ttc", "msyh.ttc", "PingFang.ttc", "STHeiti Medium.ttc", "DroidSansFallbackFull.ttf"),
)
"""File names, the one that looks most like print first. Debian: fonts-noto-cjk, fonts-wqy-zenhei."""


def cover_font(settings: Settings) -> Path | None:
    """None when none is set and none was found. Raises ConfigError when the one that is set will not do."""
    if settings.cover_font is None:
        return _found()
    if (objection := objection_to(settings.cover_font)) is not None:
        raise ConfigError(f"设置 cover_font：{objection}")
    return settings.cover_font


def objection_to(font: Path) -> str | None:
    """None for a font that can write Chinese, else one Chinese sentence."""
    try:
        pen = ImageFont.truetype(str(font), 20, layout_engine=ImageFont.Layout.BASIC)
    except OSError:
        return f"{font} 打不开，或不是字体文件；请改为中文字体文件的路径，或留空自动寻找。"
    # A character that is not in a font is drawn as its one box, like any other that is not.
    if bytes(pen.getmask("简")) == bytes(pen.getmask("\U0010fffd")):
        return f"{font} 没有汉字；请改为中文字体文件的路径，或留空自动寻找。"
    return None


@cache
def _found() -> Path | None:
    here = {path.name: path for place in PLACES if place.is_dir() for path in sorted(place.rglob("*.[ot]t[fc]"))}
    return next((here[name] for name in WANTED if name in here and objection_to(here[name]) is None), None)
