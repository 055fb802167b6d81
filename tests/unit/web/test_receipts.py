"""Receipts at the pages: live, settled by people, exported, on record."""

from __future__ import annotations

import io
import json

import openpyxl
import pytest

from bot.domain.delivery import DeliveryState
from bot.domain.directory import Directory, Group, Recipient, Target
from bot.domain.people import Role
from bot.domain.secret import Secret
from bot.web.mosaic import TILES

from .conftest import ISSUE, Site, form

pytestmark = pytest.mark.slow


def test_the_wall_and_its_live_stream_tell_the_same(site: Site) -> None:
    issue_id = site.released()
    browser = site.client(Role.VIEWER)
    page = browser.get(f"/receipts/{issue_id}").text
    with browser.stream("GET", f"/receipts/{issue_id}/live") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        data = next(line for line in stream.iter_lines() if line.startswith("data: "))
    news = json.loads(data.removeprefix("data: "))
    assert len(news["tiles"]) == page.count("data-unit=")
    for unit, state in news["tiles"].items():
        assert f'class="tile {state}" data-unit="{unit}"' in page


def test_more_units_than_one_look_takes_in_are_a_mosaic_above_pages_of_tiles(site: Site) -> None:
    key = f"{site.sandbox.url}/cgi-bin/webhook/send?key=00000000-aaaa-bbbb-cccc-{{:012d}}"
    units = tuple(
        Recipient(f"street-{i}", f"第{i}号街道办事处", targets=(Target("wecom", Secret(key.format(i)), "工作群"),))
        for i in range(TILES + 1)
    )
    streets = Group("streets", "各街道", phrases=("各街道",), members=tuple(unit.id for unit in units))
    site.app.store.import_directory(Directory(units, (streets,)), who="测试", why="", now=site.clock())
    issue_id = site.issue(ISSUE.replace("各县（市、区）人民政府", "各街道"))
    site.app.publisher.release_now(issue_id, who="测试", why="测试")
    browser = site.client(Role.VIEWER)
    first, second = (browser.get(f"/receipts/{issue_id}?page={page}").text for page in (1, 2))
    assert (first.count("data-unit="), second.count("data-unit=")) == (TILES, 1)
    with browser.stream("GET", f"/receipts/{issue_id}/live") as stream:
        data = next(line for line in stream.iter_lines() if line.startswith("data: "))
    news = json.loads(data.removeprefix("data: "))
    (state, path), *others = news["mosaic"]
    assert (len(news["tiles"]), state, others) == (TILES + 1, "pending", [])
    assert f'<path class="pending" d="{path}">' in first


def test_the_board_can_show_those_alone_who_have_not_signed(site: Site) -> None:
    issue_id = site.released()
    browser = site.client(Role.VIEWER)
    board, unsigned = (f"/receipts/{issue_id}/signoffs{end}" for end in ("", "?show=unsigned"))
    row = next(r for r in site.app.store.receipts(issue_id) if r.state is DeliveryState.ACCEPTED)
    assert row.recipient_name in browser.get(unsigned).text
    site.app.store.sign(row.id, name="陈明", office="办公室", now=site.clock())
    assert "陈明" in browser.get(board).text
    assert row.recipient_name not in browser.get(unsigned).text


def test_a_doubtful_delivery_is_settled_by_a_person_and_not_twice(site: Site) -> None:
    issue_id = site.released()
    row = next(r for r in site.app.store.receipts(issue_id) if r.state is DeliveryState.IN_DOUBT)
    browser = site.client(Role.APPROVER)
    path = f"/deliveries/{row.id}"
    fields = form(browser, path, act="arrived")
    assert browser.post(f"{path}/settle", data=fields).status_code == 303
    assert "已处理：确认已到达" in browser.get(path).text
    assert browser.post(f"{path}/settle", data=fields).status_code == 409


def test_from_one_that_needs_a_person_the_way_leads_to_the_others(site: Site) -> None:
    issue_id = site.released()
    rows = [r for r in site.app.store.receipts(issue_id) if r.state is DeliveryState.REFUSED]
    browser = site.client(Role.APPROVER)
    page = browser.get(f"/deliveries/{rows[0].id}").text
    assert f"这一期其余 {len(rows) - 1} 条被拒绝" in page


def test_the_exports_hold_every_line(site: Site) -> None:
    issue_id = site.released()
    browser = site.client(Role.VIEWER)
    count = len(list(site.app.store.receipts(issue_id)))
    for name, lines in (("receipts", count), ("signoffs", len(site.app.store.signoffs(issue_id)))):
        book = openpyxl.load_workbook(io.BytesIO(browser.get(f"/receipts/{issue_id}/export/{name}.xlsx").content))
        assert book.active is not None
        assert book.active.max_row == lines + 1
    assert browser.get(f"/receipts/{issue_id}/export/../../x").status_code == 404


def test_a_reminder_goes_to_those_who_have_it_and_have_not_signed(site: Site) -> None:
    issue_id = site.released()
    browser = site.client(Role.APPROVER)
    page = f"/receipts/{issue_id}/signoffs"
    browser.post(f"/receipts/{issue_id}/remind", data=form(browser, page))
    reminded = [line for line in site.app.store.signoffs(issue_id) if line.reminders]
    assert reminded
    assert all(line.delivered_at for line in reminded)
    assert f"已向 {len(reminded)} 个未签收单位发出催办" in browser.get(page).text


def test_the_trail_is_whole_and_an_altered_one_shows(site: Site) -> None:
    browser = site.client(Role.ADMINISTRATOR)
    browser.get("/audit/verify")
    assert "审计记录完整" in browser.get("/audit").text
    with site.app.store.db.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER history_no_update")
        connection.exec_driver_sql("UPDATE history SET who = '别人' WHERE id = 2")
    browser.get("/audit/verify")
    assert "从第 2 条起被改动或缺失" in browser.get("/audit").text
