"""Groups at the pages: members found by search and page, none lost on the way, and groups deleted with open eyes."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx
import pytest

from bot.domain.directory import Directory, Recipient
from bot.domain.people import Role
from bot.domain.release import IssueState

from .conftest import START, Site, form

pytestmark = pytest.mark.slow

COUNTIES = "counties"


def members_of(site: Site, group_id: str) -> list[str]:
    (group,) = [g for g in site.app.store.group_lines() if g.id == group_id]
    return list(group.members)


def fields_of(page: str) -> dict[str, list[str]]:
    """What a browser would send of the group's form without anybody touching it."""
    found: dict[str, list[str]] = {}
    text = page[page.index('<form method="post" action="/directory/groups/') :].partition("</form>")[0]
    for tag in re.findall(r"<input[^>]*>", text):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            found.setdefault(name[1], []).append(value[1] if value else "")
    for name_, value_ in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>([^<]*)</textarea>', text):
        found[name_] = [value_]
    return found


def crowd(site: Site, count: int) -> None:
    units = tuple(Recipient(f"w-{n:04d}", f"第{n:04d}街道办事处", aliases=(f"{n:04d}街道",)) for n in range(count))
    site.app.store.import_directory(Directory(units), who="测试", why="", now=START)


def press(browser: httpx.Client, path: str, fields: dict[str, list[str]], **more: object) -> httpx.Response:
    return browser.post(path, data=fields | more)


def test_members_chosen_on_one_page_survive_searching_and_paging(site: Site) -> None:
    crowd(site, 250)
    browser = site.client(Role.EDITOR)
    path, before = f"/directory/groups/{COUNTIES}", members_of(site, COUNTIES)
    fields = fields_of(browser.get(path).text)
    assert fields["members"] == before, "members come first"
    fields["members"] = [*before[1:], "w-0000"]
    page = press(browser, path, fields, do="next").text
    fields = fields_of(page)
    second = "w-0150"
    assert "第0150街道办事处" in page
    assert "第0000街道办事处</label>" not in page
    fields["members"] = [second]
    page = press(browser, path, fields, do="find", q="0249街道").text
    assert "找到 1 个单位" in page
    fields = fields_of(page)
    fields["members"] = ["w-0249"]
    assert members_of(site, COUNTIES) == before, "nothing changes before it is saved"
    answer = press(browser, path, fields, do="save")
    assert answer.status_code == 303
    assert members_of(site, COUNTIES) == [*before[1:], "w-0000", second, "w-0249"]


def test_a_pasted_list_of_names_becomes_members_and_what_is_unknown_stays_to_be_mended(site: Site) -> None:
    crowd(site, 3)
    browser = site.client(Role.EDITOR)
    path, before = f"/directory/groups/{COUNTIES}", members_of(site, COUNTIES)
    paste = "第0001街道办事处\n 0002街道 \n第0009街道办事处"
    answer = press(browser, path, fields_of(browser.get(path).text), do="save", paste=paste)
    assert answer.status_code == 400
    assert "名录里没有叫“第0009街道办事处”的单位" in answer.text
    fields = fields_of(answer.text)
    assert fields["paste"] == ["第0009街道办事处"]
    assert press(browser, path, fields, do="save", paste="").status_code == 303
    assert members_of(site, COUNTIES) == [*before, "w-0001", "w-0002"]


def test_what_others_added_meanwhile_is_not_taken_off_by_saving(site: Site) -> None:
    crowd(site, 2)
    browser, other = site.client(Role.EDITOR), site.client(Role.ADMINISTRATOR)
    path, before = f"/directory/groups/{COUNTIES}", members_of(site, COUNTIES)
    mine, theirs = fields_of(browser.get(path).text), fields_of(other.get(path).text)
    press(other, path, theirs, do="save", paste="第0001街道办事处")
    mine["members"] = before[1:]
    press(browser, path, mine, do="save")
    assert members_of(site, COUNTIES) == [*before[1:], "w-0001"]


def test_too_many_changes_at_once_are_refused_and_a_large_group_is_no_trouble(site: Site) -> None:
    crowd(site, 1200)
    group = next(g for g in site.app.store.group_lines() if g.id == COUNTIES)
    every = (*group.members, *(f"w-{n:04d}" for n in range(1100)))
    roster = Directory(groups=(replace(group, members=every),))
    site.app.store.import_directory(roster, who="测试", why="", now=START)
    browser = site.client(Role.EDITOR)
    path = f"/directory/groups/{COUNTIES}"
    fields = fields_of(browser.get(path).text)
    many = [f"w-{n:04d}" for n in range(600)]
    refused = press(browser, path, fields, do="save", dropped=many)
    assert refused.status_code == 400
    assert "一次最多改动 500 个成员" in refused.text
    press(browser, path, fields, do="save", paste="第1150街道办事处")
    assert members_of(site, COUNTIES) == [*every, "w-1150"]


def test_deleting_a_group_names_what_is_touched_holds_it_and_can_be_undone(site: Site) -> None:
    issue_id = site.issue()
    site.app.publisher.approve(issue_id, who="测试")
    assert site.app.store.issue(issue_id).state is IssueState.SCHEDULED
    before = site.app.store.directory()
    browser = site.client(Role.EDITOR)
    path = f"/directory/groups/{COUNTIES}/remove"
    page = browser.get(path).text
    assert "各县、市、区人民政府" in page
    assert "总第72期" in page
    assert "“各县（市、区）人民政府”会认不出" in page
    assert re.search(r"少发 \d+ 个单位", page)
    browser.post(path, data=form(browser, path, why="机构改革"))
    assert COUNTIES not in [g.id for g in site.app.store.group_lines()]
    held = site.app.store.issue(issue_id)
    assert held.state is IssueState.HELD
    assert "unresolved_phrase" in [h.code for h in held.holds]
    page = browser.get("/directory/history").text
    assert "删除分组" in page
    row = re.search(r"/directory/history/(\d+)/undo", page)
    assert row is not None
    browser.post(f"/directory/history/{row[1]}/undo", data=form(browser, "/directory/history"))
    assert {g.id: g for g in site.app.store.directory().groups} == {g.id: g for g in before.groups}
    again = browser.post(f"/directory/history/{row[1]}/undo", data=form(browser, "/directory/history"))
    assert "已经恢复" in again.text


def test_undoing_a_new_group_takes_it_out_again(site: Site) -> None:
    browser = site.client(Role.EDITOR)
    unit = site.app.store.directory().recipients[0].id
    browser.post(
        "/directory/groups/new",
        data=form(browser, "/directory/groups/new", name="试点", phrases="各试点", members=[unit]),
    )
    row = re.search(r"/directory/history/(\d+)/undo", browser.get("/directory/history").text)
    assert row is not None
    browser.post(f"/directory/history/{row[1]}/undo", data=form(browser, "/directory/history"))
    assert "试点" not in [g.name for g in site.app.store.group_lines()]
