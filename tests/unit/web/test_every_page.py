"""Every page in a real browser, generated from the routes: it fits both widths, and nobody is shut out of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from bot.domain.delivery import DeliveryState
from bot.domain.directory import Directory, RecipientKind
from bot.domain.people import Role
from bot.domain.reader_token import reader_token
from bot.flows.roster_input import UnitFields, checked
from bot.web.app import ROUTERS
from tests.e2e import browser as browsing
from tests.e2e.accessibility import AXE, check
from tests.e2e.browser import leave_by, resize

from .conftest import ISSUE, Site
from .test_roles import routes

pytestmark = [pytest.mark.slow, *browsing.needs_chromium]

PATHS = sorted({path for method, path, _ in routes(ROUTERS) if method == "GET"})
NO_PAGES = {
    "/issues/{issue_id}/original",
    "/login/oidc",
    "/login/oidc/callback",
    "/r/{token}/original",
    "/cover/{token}.png",
    "/emblem/{token}.png",
    "/receipts/{issue_id}/export/{name}",
    "/receipts/{issue_id}/live",
    "/audit/export",
    "/audit/verify",
    "/me/totp.svg",
}
"""Files, a stream, and addresses that only lead elsewhere."""
HELD = ISSUE.replace("第5期 总第72期", "第6期 总第73期").replace("发送：各县", "发送：梅州市没有的局，各县")


LATER = dt.date(2026, 8, 1)


def renamed(roster: Directory, unit_id: str, fields: UnitFields) -> Directory:
    units = (checked(u, fields, roster) if u.id == unit_id else u for u in roster.recipients)
    return replace(roster, recipients=tuple(units))


@pytest.fixture
def sent(site: Site) -> int:
    """An issue that went out: before the browser, whose event loop the dispatcher could not share."""
    return site.released()


@pytest.fixture
def page(site: Site, sent: int) -> Iterator[Page]:
    """A browser of an administrator."""
    session = site.client(Role.ADMINISTRATOR).cookies["jianbao_session"]
    with browsing.chromium() as chromium:
        context = chromium.new_context(base_url=site.url, locale="zh-CN")
        context.add_cookies([{"name": "jianbao_session", "value": session, "url": site.url}])
        context.set_default_timeout(browsing.PATIENCE_S * 1000)
        opened = context.new_page()
        opened.on("dialog", lambda dialog: dialog.accept())
        yield opened


def troubles(page: Page) -> list[str]:
    found = []
    for width in (1280, 390):
        resize(page, width, 800)
        beyond = page.evaluate("document.documentElement.scrollWidth") - width
        found += [f"{beyond} px too wide"] if beyond > 0 else []
        found += check(page)
        found = [said if said.startswith(page.url) else f"{page.url} at {width} px: {said}" for said in found]
    return found


def addresses(site: Site, sent: int) -> dict[str, list[str]]:
    """Path of a route to addresses that show what it can show."""
    held = site.issue(HELD, "第6期.txt")
    rows = {row.state: row.id for row in site.app.store.receipts(sent)}
    reader = [reader_token(site.app.reader_key, rows[DeliveryState.ACCEPTED]), "forged"]
    credentials = site.people.store.credentials(Role.ADMINISTRATOR.value)
    assert credentials is not None
    unit = site.app.store.target_lines()[0].recipient_id
    values = {
        "{issue_id}": [str(sent), str(held)],
        "{act}": ["approve", "hold", "reschedule", "release", "cancel", "burn"],
        "{delivery_id}": [*map(str, rows.values()), "999"],
        "{unit_id}": [unit, "nobody"],
        "{group_id}": [site.app.store.group_lines()[0].id],
        "{token}": [site.people.invite(credentials.account.id, who="测试")],
    }
    found = {}
    for path in PATHS:
        ends = [path]
        for name, choices in (values | ({"{token}": reader} if path.startswith("/r/") else {})).items():
            ends = [end.replace(name, one) for end in ends for one in choices]
        found[path] = list(dict.fromkeys(ends))
    change = UnitFields("改名以后的单位", RecipientKind.OTHER)
    site.app.dated.enter(lambda now: renamed(now, unit, change), LATER, who="测试", why="机构改革")
    group = site.app.store.group_lines()[0].id
    found["/directory/units/{unit_id}/later"] += [f"/directory/units/{unit}/later?on={LATER}"]
    found["/directory/groups/{group_id}"] += [f"/directory/groups/{group}?on={LATER}"]
    found["/issues"] += ["/issues?q=没有这样的期刊"]
    found["/directory"] += ["/directory?suspended=1", "/directory?q=没有"]
    found["/directory/who"] += [f"/directory/who?issue={held}"]
    return found


def test_every_page_fits_and_shuts_nobody_out(site: Site, sent: int, page: Page) -> None:
    found: list[str] = []
    for path, ways in addresses(site, sent).items():
        if path in NO_PAGES:
            continue
        for way in [*ways, "/api/v1/docs"] if path == "/" else ways:
            page.goto(way)
            found += troubles(page)
    assert found == []


def test_pages_that_answer_a_form_shut_nobody_out(sent: int, page: Page) -> None:
    found: list[str] = []

    def press(name: str) -> None:
        leave_by(page.get_by_role("button", name=name, exact=True).first)
        found.extend(troubles(page))

    page.goto("/issues")
    page.set_input_files("#files", {"name": "坏.txt", "mimeType": "text/plain", "buffer": b"\x00\x01"})
    page.get_by_role("button", name="上传并识读").click()
    expect(page.locator(".progress .problem")).to_be_visible()
    found += troubles(page)
    page.goto(f"/receipts/{sent}")
    press("补发失败的")
    page.goto("/me")
    page.get_by_text("新建令牌").click()
    page.get_by_label("用途").fill("监测")
    press("新建")
    page.goto("/me")
    press("启用动态口令")
    page.goto("/people")
    page.get_by_label("姓名").fill("李四")
    page.locator("#name").fill("不行 的")
    press("添加，得到设置链接")
    assert found == []


def test_what_shuts_people_out_is_found(page: Page) -> None:
    page.set_content("<html><body><h1>题</h1><input><a href='/'></a><p style='color:#ccc'>淡</p></body></html>")
    said = "\n".join(check(page))
    for what in ("no language", "no title", "no main", "no label", "no name", "contrast"):
        assert what in said
    assert ("axe html-has-lang" in said) == bool(AXE)
