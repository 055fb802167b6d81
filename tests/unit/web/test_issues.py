"""What people do with issues at the pages."""

from __future__ import annotations

import re

import pytest

from bot.domain.people import Role
from bot.domain.release import IssueState

from .conftest import ISSUE, Site, form

pytestmark = pytest.mark.slow

UNKNOWN = ISSUE.replace("发送：各县（市、区）人民政府。", "发送：各县（市、区）人民政府，梅县区住建委。")


def test_an_upload_is_read_and_leads_to_its_issue(site: Site) -> None:
    browser = site.client(Role.EDITOR)
    answer = browser.post("/issues/upload", data=form(browser, "/issues"), files={"files": ("5.txt", ISSUE.encode())})
    page = browser.get(answer.headers["location"]).text
    assert "2026年第5期 总第72期" in page
    assert "将发送至 8 个单位 8 个群" in page


def test_approving_after_the_moment_says_that_it_goes_out_at_once_and_it_does(site: Site) -> None:
    site.clock.move(days=3)
    issue_id = site.issue()
    browser = site.client(Role.APPROVER)
    page = f"/issues/{issue_id}/confirm/approve"
    assert "批准后马上发出：将发送至 8 个单位 8 个群" in browser.get(page).text
    fields = form(browser, page, revision_id=site.app.store.issue(issue_id).revision_id)
    browser.post(f"/issues/{issue_id}/act/approve", data=fields)
    assert [one.released for one in site.app.publisher.release_due()] == [True]
    log = browser.get(f"/issues/{issue_id}").text
    assert (log.count("<b>批准</b>"), log.count("批准计入")) == (1, 0)


def test_a_phrase_nobody_knows_is_claimed_for_a_unit_and_the_issue_goes_on(site: Site) -> None:
    issue_id = site.issue(UNKNOWN)
    browser = site.client(Role.EDITOR)
    assert "认不出" in browser.get(f"/issues/{issue_id}").text
    unit = site.app.store.directory().recipients[1].id
    fields = form(browser, f"/issues/{issue_id}", alias="梅县区住建委", unit=unit)
    browser.post(f"/issues/{issue_id}/alias", data=fields)
    assert site.app.store.issue(issue_id).state is IssueState.SCHEDULED


def correction(page: str, **change: str) -> dict[str, object]:
    """The form as it stands, with what a person changed."""
    fields: dict[str, object] = {}
    for name, value in re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', page):
        fields.setdefault(name, value)
    for name, value in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>([^<]*)</textarea>', page):
        fields.setdefault(name, value)
    return fields | change


def test_a_correction_is_a_new_version_and_of_two_people_the_second_is_told(site: Site) -> None:
    issue_id = site.issue()
    browser = site.client(Role.EDITOR)
    fields = correction(browser.get(f"/issues/{issue_id}/correct").text, issuer="梅州市住建局")
    assert browser.post(f"/issues/{issue_id}/correct", data=fields).status_code == 303
    stored = site.app.store.issue(issue_id)
    assert (stored.revision, stored.issue.issuer) == (2, ("梅州市住建局",))
    late = browser.post(f"/issues/{issue_id}/correct", data=fields | {"issuer": "别的单位"})
    assert late.status_code == 400
    assert "刚被别人改动" in late.text


def test_a_decision_about_another_version_than_was_seen_is_not_carried_out(site: Site) -> None:
    issue_id = site.issue()
    browser = site.client(Role.APPROVER)
    page = browser.get(f"/issues/{issue_id}/confirm/release").text
    assert "将发送至 8 个单位 8 个群" in page
    fields = correction(page)
    site.issue(ISSUE.replace("863", "864"))
    answer = browser.post(f"/issues/{issue_id}/act/release", data=fields)
    assert answer.status_code == 409
    assert site.app.store.issue(issue_id).released_at is None


def test_hold_move_approve_release_and_cancel(site: Site) -> None:
    issue_id = site.issue()
    browser = site.client(Role.APPROVER)

    def act(name: str, **more: str) -> int:
        fields = correction(browser.get(f"/issues/{issue_id}/confirm/{name}").text, **more)
        return browser.post(f"/issues/{issue_id}/act/{name}", data=fields).status_code

    assert act("hold") == 409
    assert act("hold", why="等领导看") == 303
    assert site.app.store.issue(issue_id).state is IssueState.HELD
    assert act("approve") == 303
    assert act("reschedule", at="2026-07-02T10:30") == 303
    moved = site.app.store.issue(issue_id)
    assert moved.release_at is not None
    assert f"{moved.release_at:%d %H:%M}" == "02 02:30"
    assert act("release") == 303
    assert site.app.store.issue(issue_id).state is IssueState.RELEASED
    assert act("cancel", why="晚了") == 409


def test_the_cards_are_shown_for_every_channel_and_style(site: Site) -> None:
    issue_id = site.issue()
    browser = site.client(Role.VIEWER)
    page = browser.get(f"/issues/{issue_id}/cards").text
    looks = re.findall(r"channel=(\w+)&amp;style=(\w+)", page)
    assert {"wecom", "dingtalk", "feishu"} <= {channel for channel, _ in looks}
    for channel, style in looks:
        shown = browser.get(f"/issues/{issue_id}/cards", params={"channel": channel, "style": style})
        assert "梅江区老旧小区改造提前完工" in shown.text, (channel, style)
