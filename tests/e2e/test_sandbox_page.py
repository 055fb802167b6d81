"""The sandbox's pages in a real browser: live, without script, safe, and within a phone's width."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bot.sandbox import SandboxServer

from . import browser as browsing
from .browser import leave_by

EVIL = "<script>document.title='caught'</script><img src=x onerror=\"document.title='caught'\">"

pytestmark = [pytest.mark.slow, *browsing.needs_chromium]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing.chromium() as running:
        yield running


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(open_mode=True, rate_limits=False) as running:
        yield running


def send(server: SandboxServer, text: str, key: str = "A") -> None:
    payload = {"msgtype": "text", "text": {"content": text}}
    httpx.post(f"{server.url}/cgi-bin/webhook/send?key={key}", json=payload).raise_for_status()


def bubble(page: Page, text: str) -> Locator:
    """The chat bubble that says `text`."""
    return page.locator(".pv-bubble", has_text=text)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 390, "height": 844})
    opened.set_default_timeout(browsing.PATIENCE_S * 1000)
    yield opened
    opened.close()


def test_a_message_appears_without_a_reload(server: SandboxServer, page: Page) -> None:
    page.goto(server.url)
    expect(page.get_by_role("heading", name="还没有群")).to_be_visible()
    send(server, "第一条")
    expect(page.get_by_text("第一条")).to_be_visible()
    leave_by(page.get_by_role("link", name="第一条"))
    expect(page.get_by_text("群机器人")).to_be_visible()
    send(server, "第二条")
    expect(bubble(page, "第二条")).to_be_in_viewport()


def test_what_the_reader_opened_stays_open(server: SandboxServer, page: Page) -> None:
    send(server, "第一条")
    page.goto(f"{server.url}/g/wecom/A")
    page.get_by_text("原文").click()
    expect(page.get_by_text('"msgtype": "text"')).to_be_visible()
    send(server, "第二条")
    expect(bubble(page, "第二条")).to_be_visible()
    expect(page.get_by_text('"msgtype": "text"').last).to_be_visible()


def test_without_script_a_reload_shows_the_same(server: SandboxServer, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for number in range(30):
        send(server, f"第{number}条。")
    page.goto(f"{server.url}/g/wecom/A")
    expect(bubble(page, "第29条。")).to_be_in_viewport()
    send(server, "最新一条")
    page.reload()
    expect(bubble(page, "最新一条")).to_be_in_viewport()
    context.close()


def test_hostile_messages_do_nothing_and_break_no_policy(server: SandboxServer, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    send(server, EVIL, key="%3Cscript%3Edocument.title='caught'%3C/script%3E")
    page.goto(server.url)
    leave_by(page.get_by_role("link", name="script"))
    expect(page.locator(".pv-bubble")).to_contain_text(EVIL)
    assert page.title() != "caught"
    assert complaints == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_page_is_wider_than_the_screen(width: int, server: SandboxServer, browser: Browser) -> None:
    httpx.post(
        f"{server.url}/_sandbox/robots",
        json={"channel": "wecom", "key": "A", "name": "梅州市城镇老旧小区改造工作简报接收单位联络员群" * 2},
    )
    send(server, "https://gov.example.cn/" + "very-long-" * 40)
    page = browser.new_page(viewport={"width": width, "height": 800})
    for path in ("/", "/g/wecom/A"):
        page.goto(server.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
