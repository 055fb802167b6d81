"""The overview leads a person to what needs them; cookies keep to https where there is any."""

from __future__ import annotations

import re

import pytest

from bot.domain.delivery import DeliveryState
from bot.domain.people import Role
from bot.web.overview import standing

from .conftest import ISSUE, PASSWORD, Site

pytestmark = pytest.mark.slow


def test_everything_that_needs_a_person_has_a_button_that_leads_there(site: Site) -> None:
    site.released()
    site.issue(ISSUE.replace("第5期", "第6期").replace("发送：", "发送：梅县区住建委，"))
    browser = site.client(Role.VIEWER)
    page = browser.get("/").text
    assert "认领单位" in page
    for path in re.findall(r'<a class="button slim" href="([^"]+)"', page):
        assert browser.get(path.replace("&amp;", "&")).status_code == 200, path


def test_what_is_too_much_for_one_list_is_counted_and_led_to(site: Site) -> None:
    for number in range(7):
        site.issue(ISSUE.replace("第5期 总第72期", f"第{number + 6}期 总第{number + 73}期"))
    with site.app.store.db.write() as connection:
        connection.exec_driver_sql("UPDATE tally SET count = 3 WHERE slot = 'in_doubt'")
        connection.exec_driver_sql("UPDATE issue SET state = 'released', released_at = 0")
    browser = site.client(Role.VIEWER)
    assert "另有 2 期：6 条存疑" in browser.get("/").text
    assert browser.get("/receipts?state=in_doubt").text.count("/list?state=in_doubt") == 7
    assert browser.get("/receipts?state=refused").text.count("/list?state=refused") == 0


def test_a_mended_robot_comes_before_what_it_refused(site: Site) -> None:
    site.released()
    page = site.client(Role.VIEWER).get("/").text
    assert page.index("停用") < page.index("条被拒绝")
    assert "请先修复停用的群机器人" in page


def test_a_release_is_not_called_done_while_something_of_it_needs_a_person() -> None:
    assert standing({DeliveryState.ACCEPTED: 8}) == "全部了结"
    assert standing({DeliveryState.ACCEPTED: 6, DeliveryState.REFUSED: 1, DeliveryState.IN_DOUBT: 1}).startswith(
        "发送结束，2 条需要处理"
    )


def test_an_empty_installation_says_where_to_begin(site: Site) -> None:
    with site.app.store.db.write() as connection:
        for table in ("target", "recipient"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    assert "先从名录开始" in site.client(Role.VIEWER).get("/").text


def test_behind_https_the_session_is_never_sent_in_clear(site: Site) -> None:
    site.person(Role.VIEWER)
    browser = site.client()
    browser.headers["X-Forwarded-Proto"] = "https"
    page = browser.get("/login")
    assert "Secure" in page.headers["set-cookie"]
    token = re.search(r'name="form" value="([^"]+)"', page.text)
    assert token is not None
    # The client drops secure cookies on plain http, so it is told by hand.
    cookie = {"Cookie": f"jianbao_form={token[1]}"}
    fields = {"form": token[1], "name": "viewer", "password": PASSWORD}
    answer = browser.post("/login", data=fields, headers=cookie)
    assert answer.status_code == 303
    assert all("Secure" in value for value in answer.headers.get_list("set-cookie") if "jianbao_session" in value)
