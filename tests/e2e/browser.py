"""The real browser of the end-to-end tests, and the way they move in it: nobody looks at a page that is about to go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    *("--no-sandbox", "--lang=zh-CN", "--font-render-hinting=none"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]

needs_chromium = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs a Chromium at {CHROMIUM}"),
    pytest.mark.timeout(900),
]

PATIENCE_S = 120
"""How long a busy machine may take over one thing that is bound to come; a test that passes never waits for it."""

expect.set_options(timeout=PATIENCE_S * 1000)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        try:
            yield running
        finally:
            running.close()


def leave_by(control: Locator) -> None:
    """Click what leads to another document, and wait until that one has loaded: a click alone returns while the old
    document is still there, or none is."""
    with control.page.expect_navigation(timeout=PATIENCE_S * 1000):
        control.click()


def resize(page: Page, width: int, height: int) -> None:
    """Give the page another size, and wait until it has been laid out in it."""
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    fits = page.evaluate("(width) => matchMedia(`(width: ${width}px)`).matches", width)
    assert fits, f"the browser did not take the width of {width} px"
