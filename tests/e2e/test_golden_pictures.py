"""Every golden message in a real browser, as its chat's client shows it on a phone: nothing is wider than the screen.

JIANBAO_TEST_SHEETS names a folder to leave a picture in for each channel and style, all its cases side by side, to be
looked at after a change of templates.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from html import escape
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from bot.bootstrap.fonts import cover_font
from bot.cards.cover import draw
from bot.channels import CHANNELS
from bot.domain.cover import CoverText, Shape
from bot.sandbox import PREVIEW_CSS, render_html
from bot.settings import load_settings
from tests.unit.channels.samples import CASES, PICTURES, ROOT, an_issue

from . import browser
from .browser import resize

SHEETS = os.environ.get("JIANBAO_TEST_SHEETS")
PHONES = (320, 390)
LONG = ("many", "too-long")
"""Last on a sheet, so that the others stand in one look."""
STYLES = [(name, str(style)) for name, module in CHANNELS.items() for style in sorted(module.STYLES)]
SHEET_CSS = (
    "body{margin:0;padding:8px;background:#ededed;font-family:sans-serif;display:grid;gap:8px;align-items:start;"
    "grid-template-columns:repeat(auto-fill,minmax(min(100%,22rem),1fr))} section{display:grid;gap:8px}"
    "section>*{min-width:0} h2{margin:0;font-size:12px}"
)

pytestmark = [pytest.mark.slow, *browser.needs_chromium]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    font = cover_font(load_settings())
    with browser.chromium() as running:
        opened = running.new_page()
        if font is not None and PICTURES is not None:
            text = CoverText.of(an_issue())
            drawn = {PICTURES.cover: draw(text, Shape.COVER, font), PICTURES.emblem: draw(text, Shape.EMBLEM, font)}

            def show(route: Route) -> None:
                route.fulfill(content_type="image/png", body=drawn[route.request.url])

            opened.route(lambda url: url in drawn, show)
        yield opened


def column(channel: str, style: str, case: str) -> str:
    made = json.loads((ROOT / "tests" / "golden" / channel / f"{style}-{case}.json").read_text(encoding="utf-8"))
    parts = "".join(render_html(channel, part["payload"]) for part in made)
    notes = "；".join(dict.fromkeys(note for part in made for note in part["notes"]))
    return f"<section><h2>{channel} {style} {case} {escape(notes)}</h2>{parts}</section>"


@pytest.mark.parametrize(("channel", "style"), STYLES)
def test_every_golden_message_fits_on_a_phone(channel: str, style: str, page: Page) -> None:
    columns = "".join(column(channel, style, case) for case in sorted(CASES, key=LONG.__contains__))
    css = SHEET_CSS + PREVIEW_CSS.read_text(encoding="utf-8")
    page.set_content(f'<!DOCTYPE html><html lang="zh-CN"><meta charset="utf-8"><style>{css}</style>{columns}</html>')
    for width in PHONES:
        resize(page, width, 844)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    if SHEETS:
        resize(page, 1500, 900)
        page.screenshot(path=Path(SHEETS) / f"{channel}-{style}.png", full_page=True)
