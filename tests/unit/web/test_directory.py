"""What people do with the directory at the pages."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx
import pytest

from bot.bootstrap import open_app
from bot.bootstrap.office import make_office
from bot.domain.delivery import DeliveryState
from bot.domain.directory import Directory, Mention, Recipient, RecipientKind
from bot.domain.pages import TargetLine
from bot.domain.people import Role
from bot.domain.release import IssueState
from bot.flows.imports import Comparison

from .conftest import ISSUE, Site, form

pytestmark = pytest.mark.slow


def robot_url(site: Site, key: str) -> str:
    return f"{site.sandbox.url}/cgi-bin/webhook/send?key={key}"


def wecom(site: Site) -> tuple[Recipient, TargetLine]:
    """A unit whose one robot is of WeCom."""
    unit = next(u for u in site.app.store.directory().recipients if [t.channel for t in u.targets] == ["wecom"])
    (line,) = site.app.store.target_lines(unit.id)
    return unit, line


def test_a_unit_with_its_robot_is_added_tested_and_switched_off(site: Site) -> None:
    browser = site.client(Role.EDITOR)
    answer = browser.post("/directory/new", data=form(browser, "/directory/new", name="梅州市气象局", kind="other"))
    path = answer.headers["location"]
    key = "00000000-aaaa-bbbb-cccc-00000000ffff"
    bad = browser.post(
        f"{path}/robots", data=form(browser, path, url="http://169.254.169.254/robot/send?access_token=1")
    )
    assert bad.status_code == 400
    wrong = browser.post(f"{path}/robots", data=form(browser, path, url=robot_url(site, key), style="post"))
    assert (wrong.status_code, "企业微信没有“富文本”样式，可用：卡片" in wrong.text) == (400, True)
    fields = form(browser, path, url=f" {robot_url(site, key)} ", label="工作群", style="card")
    browser.post(f"{path}/robots", data=fields)
    page = browser.get(path).text
    assert "企业微信 · 工作群" in page
    assert key not in page
    robot = re.search(r"/directory/robots/(\d+)/test", page)
    assert robot is not None
    browser.post(f"/directory/robots/{robot[1]}/test", data=form(browser, path))
    assert "测试没有成功：机器人地址无效" in browser.get(path).text
    robot_of_it = {"channel": "wecom", "key": key}
    httpx.post(f"{site.sandbox.url}/_sandbox/robots", json=[robot_of_it]).raise_for_status()
    browser.post(f"/directory/robots/{robot[1]}/test", data=form(browser, path))
    assert "测试成功" in browser.get(path).text
    browser.post(f"/directory/robots/{robot[1]}", data=form(browser, path, label="新群名", style="text"))
    assert "未启用" in browser.get(path).text


def test_a_change_is_undone_and_the_undoing_is_on_record(site: Site) -> None:
    browser = site.client(Role.EDITOR)
    unit = site.app.store.directory().recipients[0]
    path = f"/directory/units/{unit.id}"
    fields = form(browser, path, name="改错的名字", kind=unit.kind.value, aliases="", enabled="1")
    browser.post(path, data=fields)
    assert site.app.store.directory().by_id[unit.id].name == "改错的名字"
    row = re.search(r"/directory/history/(\d+)/undo", browser.get("/directory/history").text)
    assert row is not None
    browser.post(f"/directory/history/{row[1]}/undo", data=form(browser, "/directory/history"))
    assert site.app.store.directory().by_id[unit.id] == unit
    assert f"撤销第 {row[1]} 条记录" in browser.get("/directory/history").text


def test_a_removed_robot_comes_back_by_undo_with_its_address(site: Site) -> None:
    browser = site.client(Role.EDITOR)
    unit = site.app.store.directory().recipients[0]
    (line,) = site.app.store.target_lines(unit.id)
    browser.post(f"/directory/robots/{line.id}/remove", data=form(browser, f"/directory/units/{unit.id}"))
    assert site.app.store.directory().by_id[unit.id].targets == ()
    row = re.search(r"/directory/history/(\d+)/undo", browser.get("/directory/history").text)
    assert row is not None
    browser.post(f"/directory/history/{row[1]}/undo", data=form(browser, "/directory/history"))
    assert site.app.store.directory().by_id[unit.id].targets == unit.targets


def test_a_file_changes_nothing_before_it_is_confirmed(site: Site) -> None:
    browser = site.client(Role.EDITOR)
    before = site.app.store.directory()
    text = (site.app.settings.data_dir / "directory.yaml").read_text(encoding="utf-8")
    changed = text.replace(before.recipients[0].name, "新的名字", 1).encode()
    page = browser.post(
        "/directory/import", data=form(browser, "/directory/import"), files={"file": ("名录.yaml", changed)}
    ).text
    assert "新的名字" in page
    assert site.app.store.directory() == before
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    browser.post("/directory/import/confirm", data=form(browser, "/me", key=key[1], why="机构改革"))
    assert site.app.store.directory().recipients[0].name == "新的名字"


def test_a_file_is_confirmed_at_another_process_and_shown_again_when_the_directory_changed_meanwhile(
    site: Site,
) -> None:
    browser = site.client(Role.EDITOR)
    before = site.app.store.directory()
    text = (site.app.settings.data_dir / "directory.yaml").read_text(encoding="utf-8")
    changed = text.replace(before.recipients[0].name, "新的名字", 1).encode()
    page = browser.post("/directory/import", data=form(browser, "/directory/import"), files={"file": changed}).text
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None

    def renamed(now: Directory) -> Directory:
        return replace(now, recipients=(*now.recipients[:-1], replace(now.recipients[-1], name="别人刚改的")))

    site.app.store.edit_directory(renamed, who="赵六", why="", now=site.clock())
    again = open_app(site.app.settings, clock=site.clock)
    owner = site.people.store.credentials("editor")
    assert owner is not None
    imports = make_office(again, wake=lambda: None).imports
    shown = imports.confirm(key[1], owner=owner.account.id, who="编辑", why="")
    assert isinstance(shown, Comparison)
    assert "对比之后名录又有改动" in shown.notes[0]
    assert {e.name for e in shown.entries} == {"新的名字", before.recipients[-1].name}
    assert again.store.directory().recipients[0] == before.recipients[0]
    again.close()
    browser.post("/directory/import/confirm", data=form(browser, "/me", key=shown.key))
    assert site.app.store.directory().recipients[0].name == "新的名字"


def test_a_list_that_is_only_recorded_asks_nobody_about_its_units(site: Site) -> None:
    issue_id = site.issue(ISSUE.replace("发送：", "报送：市委、市政府领导。\n发送：梅州市没有的局，"))
    page = site.client(Role.EDITOR).get(f"/issues/{issue_id}").text
    assert "只作记录，不投递，不用核对" in page
    assert page.count("这是名录里的哪个单位？") == 1, "of the list that is delivered"
    assert '<li class="unknown"><b>梅州市没有的局</b>' in page


def test_a_wrong_file_is_refused_with_every_line(site: Site) -> None:
    browser = site.client(Role.EDITOR)
    wrong = "recipients:\n- {id: a, name: 甲, targets: [{channel: nope, url: x}]}\n".encode()
    answer = browser.post(
        "/directory/import", data=form(browser, "/directory/import"), files={"file": ("x.yaml", wrong)}
    )
    assert answer.status_code == 400
    assert "第 2 行" in answer.text


def test_a_group_is_made_and_answers_to_its_phrases(site: Site) -> None:
    browser = site.client(Role.EDITOR)
    members = [u.id for u in site.app.store.directory().recipients[:2]]
    fields = form(browser, "/directory/groups/new", name="试点单位", phrases="各试点\n试点单位", members=members)
    assert browser.post("/directory/groups/new", data=fields).status_code == 303
    (group,) = [g for g in site.app.store.group_lines() if g.name == "试点单位"]
    assert (group.phrases, list(group.members)) == (("各试点", "试点单位"), members)


def test_a_suspended_robot_is_mended_and_gets_the_issue(site: Site) -> None:
    issue_id = site.released()
    refused = next(r for r in site.app.store.receipts(issue_id) if r.state is DeliveryState.REFUSED)
    browser = site.client(Role.APPROVER)
    path = f"/directory/units/{refused.recipient}"
    (line,) = [t for t in site.app.store.target_lines(refused.recipient) if t.suspended_at]
    assert "已停用" in browser.get(path).text
    answer = browser.post(f"/directory/robots/{line.id}/revive", data=form(browser, path, replay="1"))
    assert answer.status_code == 303
    found = site.app.store.delivery(refused.id)
    assert found is not None
    assert found.row.state is DeliveryState.RETRYING


def test_a_robot_is_given_options_which_the_page_shows_and_an_undo_takes_back(site: Site) -> None:
    browser = site.client(Role.EDITOR)
    unit, line = wecom(site)
    path, robot = f"/directory/units/{unit.id}", f"/directory/robots/{line.id}"
    fields = {"label": line.label, "style": line.style, "enabled": "1"}
    more = {"mention": "members", "members": "@zhangsan、13800000000", "attach_original": "1"}
    assert browser.post(robot, data=form(browser, path, **fields, **more)).status_code == 303
    (target,) = site.app.store.directory().by_id[unit.id].targets
    assert (target.mention, target.attach_original) == (Mention(members=("zhangsan", "13800000000")), True)
    page = browser.get(path).text
    assert "提醒zhangsan、13800000000 · 附原文" in page
    assert "zhangsan\n13800000000</textarea>" in page
    history = browser.get("/directory/history").text
    assert "附原文" in history
    row = re.search(r"/directory/history/(\d+)/undo", history)
    assert row is not None
    browser.post(f"/directory/history/{row[1]}/undo", data=form(browser, "/directory/history"))
    assert site.app.store.directory().by_id[unit.id] == unit


def test_options_the_platform_or_the_machine_does_not_have_are_refused_in_words(site: Site) -> None:
    browser = site.client(Role.EDITOR)
    unit, line = wecom(site)
    path, robot = f"/directory/units/{unit.id}", f"/directory/robots/{line.id}"
    fields = {"label": line.label, "style": line.style, "enabled": "1"}
    lanxin = f"{site.sandbox.url}/v1/bot/hook/messages/create?hook_token=00000000-aaaa-bbbb"
    for more, said in (
        ({"mention": "members", "members": " @ "}, "请填写要提醒的成员"),
        ({"mention": "anything"}, "请填写要提醒的成员"),
        ({"ca_file": "own.pem"}, "http 地址用不到证书文件"),
        ({"url": lanxin, "mention": "all"}, "不能@所有人"),
        ({"url": lanxin, "attach_original": "1"}, "不能发文件"),
        ({"mention": "members", "members": "两个字"}, "应填成员 userid 或手机号"),
    ):
        answer = browser.post(robot, data=form(browser, path, **fields, **more))
        assert (answer.status_code, said in answer.text) == (400, True), more
    assert site.app.store.directory().by_id[unit.id] == unit


def county(site: Site) -> tuple[str, int]:
    """A unit on the issue's list with one robot, and the robot."""
    units = site.app.store.directory().recipients
    unit = next(u for u in units if u.kind is RecipientKind.COUNTY_GOVERNMENT and len(u.targets) == 1)
    (line,) = site.app.store.target_lines(unit.id)
    return unit.id, line.id


def test_an_issue_that_waits_is_looked_at_again_whenever_the_directory_was_changed_on_a_page(site: Site) -> None:
    issue_id = site.issue()
    unit, robot = county(site)
    browser, path = site.client(Role.EDITOR), f"/directory/units/{unit}"

    def state() -> IssueState:
        return site.app.store.issue(issue_id).state

    assert state() is IssueState.SCHEDULED
    browser.post(f"/directory/robots/{robot}/remove", data=form(browser, path))
    assert state() is IssueState.HELD
    removal = re.search(r"/directory/history/(\d+)/undo", browser.get("/directory/history").text)
    assert removal is not None
    browser.post(removal[0], data=form(browser, "/directory/history"))
    assert state() is IssueState.SCHEDULED
    browser.post(f"/directory/robots/{robot}", data=form(browser, path))
    assert state() is IssueState.HELD, "the robot is disabled"
    url = robot_url(site, "00000000-aaaa-bbbb-cccc-00000000ffff")
    browser.post(f"{path}/robots", data=form(browser, path, url=url))
    assert state() is IssueState.SCHEDULED
    browser.post(path, data=form(browser, path, name="另一个县政府", kind="county_government"))
    assert state() is IssueState.HELD, "the unit is disabled"


def test_an_issue_that_waits_is_looked_at_again_whenever_the_directory_was_changed_by_the_api(site: Site) -> None:
    issue_id = site.issue()
    unit, robot = county(site)
    api = site.client()
    api.headers["Authorization"] = f"Bearer {site.token(Role.EDITOR)}"
    assert api.delete(f"/api/v1/targets/{robot}").status_code == 200
    assert site.app.store.issue(issue_id).state is IssueState.HELD
    robot_of_it = {"url": robot_url(site, "00000000-aaaa-bbbb-cccc-00000000ffff")}
    assert api.post(f"/api/v1/recipients/{unit}/targets", json=robot_of_it).status_code == 200
    assert site.app.store.issue(issue_id).state is IssueState.SCHEDULED
