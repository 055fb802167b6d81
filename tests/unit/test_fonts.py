"""The font of the cover pictures: found, or set, or the reason why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.bootstrap.doctor import examine
from bot.bootstrap.documents import renderer
from bot.bootstrap.fonts import cover_font, objection_to
from bot.domain.errors import ConfigError
from bot.settings import Settings

LATIN = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")


def settings(tmp_path: Path, **values: object) -> Settings:
    return Settings.model_validate({"data_dir": tmp_path, "public_url": "https://jianbao.example.gov.cn", **values})


def test_a_font_that_cannot_be_opened_stops_every_command_that_would_need_it(tmp_path: Path) -> None:
    gone = settings(tmp_path, cover_font=tmp_path / "no.ttf")
    with pytest.raises(ConfigError, match=r"设置 cover_font：.*打不开"):
        renderer(gone)
    told = {finding.check: finding for finding in examine(gone)}
    assert (told["字体"].level, "打不开" in told["字体"].message) == ("fail", True)


@pytest.mark.skipif(not LATIN.exists(), reason="needs a font without Chinese: fonts-dejavu-core")
def test_a_font_without_chinese_characters_is_refused() -> None:
    assert "没有汉字" in (objection_to(LATIN) or "")


def test_the_doctor_says_which_font_it_is_or_what_to_install(tmp_path: Path) -> None:
    found = settings(tmp_path)
    told = next(finding for finding in examine(found) if finding.check == "字体")
    if font := cover_font(found):
        assert (told.level, told.message) == ("ok", f"封面图用 {font}。")
    else:
        assert (told.level, "fonts-noto-cjk" in told.message) == ("warn", True)
