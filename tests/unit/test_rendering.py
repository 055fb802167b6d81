"""`jianbao render --html`: a page complete in itself, the pictures of the cards within."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.bootstrap import preview_page, render_document
from bot.bootstrap.fonts import cover_font
from bot.channels import CHANNELS
from bot.domain.card import Style
from bot.domain.issue import ListKind
from bot.settings import Settings

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parents[2] / "samples" / "laojiu-2026-05.txt"
STYLED = [(name, style) for name, channel in CHANNELS.items() for style in sorted(channel.STYLES)]
WITH_COVER = [("wecom", Style.NEWS_CARD), ("wecom", Style.NEWS), ("dingtalk", Style.NEWS), ("dingtalk", Style.LINK)]


def page(channel: str, style: Style, **values: object) -> str:
    settings = Settings.model_validate({"public_url": "https://jianbao.example.gov.cn", **values})
    rendered = render_document(settings, SAMPLE.read_bytes(), SAMPLE.name, channel, style, ListKind.SEND)
    return preview_page(SAMPLE.name, channel, rendered)


@pytest.mark.parametrize(("channel", "style"), STYLED)
def test_every_style_has_a_page_that_fetches_nothing(channel: str, style: Style) -> None:
    shown = page(channel, style)
    assert "梅州市城镇老旧小区改造工作" in shown
    assert 'src="http' not in shown


@pytest.mark.skipif(cover_font(Settings.model_validate({})) is None, reason="no Chinese font: fonts-wqy-zenhei")
@pytest.mark.parametrize(("channel", "style"), WITH_COVER)
def test_the_cover_stands_in_the_page(channel: str, style: Style) -> None:
    assert 'src="data:image/png;base64,' in page(channel, style)
    assert 'src="data:' not in page(channel, style, public_url=None)
