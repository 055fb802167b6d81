"""Changes planned for a later day: entered, listed, withdrawn, carried out at 00:00, counted in the trial of a list."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace

import httpx
import pytest

from bot.bootstrap import open_app
from bot.domain.dated import DatedState
from bot.domain.directory import Directory
from bot.domain.people import Role
from bot.domain.release import IssueState

from .conftest import ISSUE, PASSWORD, Site, form

pytestmark = pytest.mark.slow

DAY = "2026-07-01"
"""Two days after the tests' today."""
UNIT = "gov-meijiang"
LATER = f"/directory/units/{UNIT}/later"
ROBOT = "00000000-aaaa-bbbb-cccc-00000000ffff"


def unit_fields(site: Site, **values: object) -> dict[str, object]:
    unit = site.app.store.directory().by_id[UNIT]
    fields = {"name": unit.name, "kind": unit.kind.value, "aliases": "\n".join(unit.aliases), "enabled": "1"}
    return fields | {"on": DAY} | values


def plan(site: Site, values: Mapping[str, object], path: str = LATER) -> None:
    browser = visitor(site, Role.EDITOR)
    answer = browser.post(path, data=form(browser, f"{LATER}?on={DAY}", **values))
    assert answer.status_code == 303, re.findall(r'role="alert">([^<]*)<', answer.text)


def visitor(site: Site, role: Role) -> httpx.Client:
    """A browser signed in now: sessions do not last from one day to the next."""
    if site.people.store.credentials(role.value) is None:
        return site.client(role)
    browser = site.client()
    browser.cookies.set("jianbao_session", site.people.sign_in(role.value, PASSWORD))
    return browser


def at(site: Site, day: str, hour: int = 0, minute: int = 0) -> None:
    """Move the clock to this time of that day, in the installation's zone."""
    moment = dt.datetime.fromisoformat(day).replace(hour=hour, minute=minute, tzinfo=site.app.settings.zone)
    site.clock.now = moment.astimezone(dt.UTC)


def test_a_rename_takes_effect_at_midnight_of_its_day_and_not_before(site: Site) -> None:
    before = site.app.store.directory().by_id[UNIT]
    plan(site, unit_fields(site, name="梅江区新政府", why="机构改革"))
    page = visitor(site, Role.VIEWER).get("/directory/later").text
    assert "2026年7月1日起" in page
    assert "梅江区新政府" in page
    assert "编辑员" in page
    at(site, "2026-06-30", 23, 59)
    site.app.keep_up()
    assert site.app.store.directory().by_id[UNIT] == before
    at(site, DAY)
    site.app.keep_up()
    assert site.app.store.directory().by_id[UNIT] == replace(before, name="梅江区新政府")
    browser = visitor(site, Role.VIEWER)
    assert "没有预约的变更" in browser.get("/directory/later").text
    page = browser.get("/directory/history").text
    assert "2026年6月29日登记，2026年7月1日起生效：机构改革" in page
    assert "预约变更生效" in page


def test_whoever_opens_the_installation_finds_the_directory_of_the_day(site: Site) -> None:
    plan(site, unit_fields(site, name="新名"))
    at(site, "2026-09-01", 15)
    again = open_app(site.app.settings, clock=site.clock)
    assert again.store.directory().by_id[UNIT].name == "新名"
    again.close()


def test_a_day_that_was_missed_is_made_up_before_an_issue_goes_out(site: Site) -> None:
    issue_id = site.issue(ISSUE.replace("2026年6月30日", "2026年7月2日"))
    site.app.publisher.approve(issue_id, who="测试")
    plan(site, unit_fields(site, enabled=""))
    at(site, "2026-07-02", 9)
    site.app.keep_up()
    seen = site.app.publisher.release_if_due(issue_id)
    assert seen.stored.state is IssueState.HELD
    assert [h.code for h in seen.holds] == ["without_target"], "the directory of the day was used"


@pytest.mark.parametrize("on", ["", "2026-06-29", "2026-06-01", "2206-07-01", "morgen"])
def test_a_day_that_will_not_do_is_refused_in_words(site: Site, on: str) -> None:
    browser = site.client(Role.EDITOR)
    answer = browser.post(LATER, data=form(browser, LATER, **unit_fields(site, name="新名", on=on)))
    assert answer.status_code == 400
    assert "日期" in answer.text
    assert site.app.dated.pending() == []


def test_nothing_to_change_is_no_change(site: Site) -> None:
    browser = site.client(Role.EDITOR)
    answer = browser.post(LATER, data=form(browser, LATER, **unit_fields(site)))
    assert "没有要改的" in answer.text


def test_the_form_shows_the_unit_as_it_will_be_so_that_a_second_change_builds_on_the_first(site: Site) -> None:
    plan(site, unit_fields(site, name="第一个新名"))
    browser = site.client(Role.VIEWER)
    assert browser.get(LATER).status_code == 403
    editor = site.client(Role.ADMINISTRATOR)
    page = editor.get(f"{LATER}?on=2026-08-01").text
    assert 'value="第一个新名"' in page
    fields = unit_fields(site, name="第二个新名", on="2026-08-01")
    assert editor.post(LATER, data=form(editor, f"{LATER}?on=2026-08-01", **fields)).status_code == 303
    at(site, "2026-08-02")
    site.app.keep_up()
    assert site.app.store.directory().by_id[UNIT].name == "第二个新名"


def test_a_new_robot_comes_on_its_day_and_its_address_is_on_no_page(site: Site) -> None:
    url = f"{site.sandbox.url}/cgi-bin/webhook/send?key={ROBOT}"
    plan(site, {"on": DAY, "url": url, "label": "新群", "style": "card"}, f"{LATER}/robot")
    admin = site.client(Role.ADMINISTRATOR)
    for path in ("/directory/later", f"{LATER}?on={DAY}", "/directory/history", "/audit", "/audit/export"):
        text = admin.get(path).text
        assert ROBOT not in text, path
    assert "新群" in admin.get("/directory/later").text
    at(site, DAY)
    site.app.keep_up()
    assert [t.label for t in site.app.store.directory().by_id[UNIT].targets][-1] == "新群"


@pytest.mark.parametrize(("act", "left"), [("disable", [False]), ("remove", [])])
def test_a_robot_is_switched_off_or_removed_on_its_day(site: Site, act: str, left: list[bool]) -> None:
    (robot,) = site.app.store.target_lines(UNIT)
    plan(site, {"on": DAY, "act": act}, f"{LATER}/robots/{robot.id}")
    at(site, DAY)
    site.app.keep_up()
    assert [t.enabled for t in site.app.store.directory().by_id[UNIT].targets] == left


def test_a_merged_unit_hands_its_names_and_places_on(site: Site) -> None:
    before = site.app.store.directory()
    heir = before.by_id["gov-meixian"]
    plan(site, {"on": DAY, "into": heir.name}, f"{LATER}/merge")
    at(site, DAY)
    site.app.keep_up()
    after = site.app.store.directory()
    assert not after.by_id[UNIT].enabled
    for word in (before.by_id[UNIT].name, *before.by_id[UNIT].aliases):
        assert word in after.by_id[heir.id].aliases
    assert not [g.id for g in after.groups if UNIT in g.members]
    assert [len(g.members) for g in after.groups if g.id == "counties"] == [
        len(g.members) - 1 for g in before.groups if g.id == "counties"
    ]


def test_a_change_is_withdrawn_and_nothing_happens(site: Site) -> None:
    before = site.app.store.directory()
    plan(site, unit_fields(site, name="新名"))
    browser = site.client(Role.ADMINISTRATOR)
    (pending,) = site.app.dated.pending()
    path = f"/directory/later/{pending.change.id}/withdraw"
    assert browser.post(path, data=form(browser, "/directory/later")).status_code == 303
    assert "已经生效或撤回" in browser.post(path, data=form(browser, "/me")).text
    at(site, DAY)
    site.app.keep_up()
    assert site.app.store.directory() == before


def rename(site: Site, name: str) -> None:
    def change(roster: Directory) -> Directory:
        units = (replace(u, name=name) if u.id == UNIT else u for u in roster.recipients)
        return replace(roster, recipients=tuple(units))

    site.app.store.edit_directory(change, who="赵六", why="", now=site.clock())


def test_a_conflict_is_told_of_at_once_held_on_its_day_and_solved_by_a_person(site: Site) -> None:
    old = site.app.store.directory().by_id[UNIT].name
    plan(site, unit_fields(site, name="新名"))
    rename(site, "别人改的名")
    page = visitor(site, Role.ADMINISTRATOR).get("/directory/later").text
    assert "到时不能生效" in page
    assert "现在是“别人改的名”" in page
    at(site, DAY)
    site.app.keep_up()
    site.app.keep_up()
    assert site.app.store.directory().by_id[UNIT].name == "别人改的名"
    browser = visitor(site, Role.ADMINISTRATOR)
    assert "名录没有改动" in browser.get("/directory/later").text
    assert "预约的变更没有生效" in browser.get("/").text
    (pending,) = site.app.dated.pending()
    assert pending.change.state is DatedState.HELD
    path = f"/directory/later/{pending.change.id}/retry"
    browser.post(path, data=form(browser, "/directory/later"))
    assert site.app.store.directory().by_id[UNIT].name == "别人改的名"
    rename(site, old)
    browser.post(path, data=form(browser, "/directory/later"))
    assert site.app.store.directory().by_id[UNIT].name == "新名"


def plan_group(site: Site, **values: object) -> None:
    plan(site, {"on": DAY, "name": "各县(市、区)人民政府", "do": "save"} | values, "/directory/groups/counties")


def test_a_group_changes_on_its_day(site: Site) -> None:
    (before,) = [g for g in site.app.store.directory().groups if g.id == "counties"]
    phrases = "\n".join((*before.phrases, "各县区"))
    plan_group(site, phrases=phrases, had=[UNIT], paste="市住建局")
    assert before in site.app.store.directory().groups
    at(site, DAY)
    site.app.keep_up()
    (after,) = [g for g in site.app.store.directory().groups if g.id == "counties"]
    assert after.phrases == (*before.phrases, "各县区")
    assert set(before.members) - set(after.members) == {UNIT}
    assert len(set(after.members) - set(before.members)) == 1


def test_a_group_is_deleted_on_its_day_and_what_waits_is_held_then(site: Site) -> None:
    issue_id = site.issue(ISSUE.replace("2026年6月30日", "2026年7月2日"))
    site.app.publisher.approve(issue_id, who="测试")
    plan(site, {"on": DAY}, "/directory/groups/counties/remove")
    assert site.app.store.issue(issue_id).state is IssueState.SCHEDULED
    assert "认不出：各县（市、区）人民政府" in site.client(Role.VIEWER).get("/directory/who").text
    at(site, DAY)
    site.app.keep_up()
    assert site.app.store.issue(issue_id).state is IssueState.HELD


def test_who_would_get_an_issue_is_asked_of_the_day_of_its_release(site: Site) -> None:
    site.issue(ISSUE.replace("2026年6月30日", "2026年7月2日"), "later.txt")
    site.issue(ISSUE.replace("第5期 总第72期", "第4期 总第71期"), "earlier.txt")
    plan(site, unit_fields(site, enabled=""))
    name = site.app.store.directory().by_id[UNIT].name
    plan_group(site, phrases="各县(市、区)人民政府", paste="市住建局", had=[UNIT])
    page = site.client(Role.VIEWER).get("/directory/who").text
    later, earlier = (page[page.index(word) :].split("</li>")[0] for word in ("总第72期", "总第71期"))
    assert "计入 2 项" in later
    assert f"比现在少：{name}" in later
    assert "比现在多：梅州市住房和城乡建设局" in later
    assert "计入" not in earlier


def test_a_change_is_planned_listed_and_withdrawn_by_the_api(site: Site) -> None:
    api = site.client()
    api.headers["Authorization"] = f"Bearer {site.token(Role.EDITOR)}"
    url = f"{site.sandbox.url}/cgi-bin/webhook/send?key={ROBOT}"
    (robot,) = site.app.store.target_lines(UNIT)
    acts: list[dict[str, object]] = [
        {"recipient": {"id": UNIT, "name": "新名", "why": "改名"}},
        {"merge": {"id": "gov-meixian", "into": "gov-xingning"}},
        {"add_target": {"recipient": UNIT, "url": url, "label": "新群"}},
        {"target": {"id": robot.id, "enabled": False}},
        {"group": {"name": "新分组", "members": [UNIT]}},
        {"remove_group": "party-departments"},
    ]
    for act in acts:
        answer = api.post("/api/v1/dated-changes", json={"effective_on": DAY, **act})
        assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == "waiting"
        assert ROBOT not in answer.text
    listed = api.get("/api/v1/dated-changes").json()["items"]
    assert [item["effective_on"] for item in listed] == [DAY] * len(acts)
    assert {sentence.split("：")[0] for item in listed for sentence in item["changes"]} >= {"梅江区人民政府 全称"}
    first = listed[0]["id"]
    assert api.delete(f"/api/v1/dated-changes/{first}").json() == {"count": 1}
    assert api.delete(f"/api/v1/dated-changes/{first}").status_code == 404
    at(site, DAY)
    site.app.keep_up()
    after = site.app.store.directory()
    assert after.by_id[UNIT].name == "梅江区人民政府"
    assert [t.enabled for t in after.by_id[UNIT].targets] == [False, True]
    assert not after.by_id["gov-meixian"].enabled
    names = {g.name for g in after.groups}
    assert "新分组" in names
    assert "市委各部委" not in names


@pytest.mark.parametrize("wrong", [{}, {"remove_group": "counties", "merge": {"id": "a", "into": "b"}}])
def test_a_planned_change_names_exactly_one_act(site: Site, wrong: dict[str, object]) -> None:
    api = site.client()
    api.headers["Authorization"] = f"Bearer {site.token(Role.EDITOR)}"
    answer = api.post("/api/v1/dated-changes", json={"effective_on": DAY, **wrong})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid"


def test_a_group_is_added_changed_and_deleted_by_the_api(site: Site) -> None:
    api = site.client()
    api.headers["Authorization"] = f"Bearer {site.token(Role.EDITOR)}"
    made = api.post("/api/v1/groups", json={"name": "试点", "phrases": ["各试点"], "members": [UNIT]}).json()
    path = f"/api/v1/groups/{made['id']}"
    changed = api.put(path, json={"name": "试点", "members": ["gov-meixian", UNIT]}).json()
    assert changed == {"id": made["id"], "name": "试点", "phrases": [], "members": ["gov-meixian", UNIT]}
    assert api.get(path).json() == changed
    assert changed in api.get("/api/v1/groups").json()["items"]
    assert api.put(path, json={"name": "试点", "members": ["nobody"]}).status_code == 409
    assert api.delete(path).json() == {"count": 1}
    assert api.get(path).status_code == 404
