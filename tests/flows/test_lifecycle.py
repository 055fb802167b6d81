"""An issue from its arrival to its release, by the clock and by people."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from bot.domain.card import CardKind
from bot.domain.delivery import DeliveryState
from bot.domain.errors import ConfigError, WrongKey
from bot.domain.release import IssueState
from bot.store.schema import target

from .conftest import Desk, issue_text

pytestmark = pytest.mark.slow

ACCEPTED = DeliveryState.ACCEPTED


def test_it_goes_out_at_nine_on_its_date_and_not_before(desk: Desk) -> None:
    taken = desk.take_in(issue_text("2026年2月13日"))
    assert taken.stored.state is IssueState.SCHEDULED

    desk.clock.set("2026-02-13 08:59")
    assert desk.tick() == []
    desk.clock.set("2026-02-13 09:00")
    (released,) = desk.tick()

    assert released.stored.state is IssueState.RELEASED
    assert released.new_deliveries == 3
    assert [m["verdict"] for m in desk.messages()] == ["accepted"] * 3


@pytest.mark.parametrize("publication_lines", ['day_rule = "next_workday"'])
@pytest.mark.parametrize(
    ("dated", "goes_out"),
    [
        ("2026年2月14日", "2026-02-14"),  # a Saturday worked to make up for the Spring Festival
        ("2026年2月15日", "2026-02-24"),  # the first of nine days off
        ("2026年2月22日", "2026-02-24"),
        ("2026年2月28日", "2026-02-28"),  # the other make-up Saturday
        ("2026年3月1日", "2026-03-02"),
    ],
)
def test_the_next_workday_is_the_state_councils(desk: Desk, dated: str, goes_out: str) -> None:
    stored = desk.take_in(issue_text(dated)).stored
    assert stored.release_at is not None
    assert stored.release_at.astimezone(desk.app.settings.zone).isoformat()[:16] == f"{goes_out}T09:00"


@pytest.mark.parametrize("publication_lines", ['day_rule = "next_workday"'])
def test_a_year_the_calendar_does_not_know_is_held_and_said(desk: Desk) -> None:
    stored = desk.take_in(issue_text("2039年2月15日")).stored
    assert stored.state is IssueState.HELD
    assert "no_calendar" in {h.code for h in stored.holds}
    moved = desk.app.publisher.reschedule(
        stored.id, at=dt.datetime(2039, 2, 16, 1, tzinfo=dt.UTC), who="李四", why="人工定"
    )
    assert moved.stored.state is IssueState.SCHEDULED


def test_a_date_that_must_be_a_slip_of_the_pen_waits_for_a_person(desk: Desk) -> None:
    far = desk.take_in(issue_text("2202年2月13日", number=6)).stored
    assert (far.state, [h.code for h in far.holds]) == (IssueState.HELD, ["far_date"])
    none = desk.take_in(issue_text("2026年2月30日", number=7)).stored
    assert (none.state, {h.code for h in none.holds}) == (IssueState.HELD, {"no_date", "impossible_date"})


@pytest.mark.parametrize(("hours", "state"), [(1, IssueState.RELEASED), (72, IssueState.HELD)])
def test_after_a_stop_over_the_moment_it_is_late_within_grace_or_held(
    desk: Desk, hours: int, state: IssueState
) -> None:
    issue_id = desk.take_in(issue_text("2026年2月13日")).stored.id
    desk.clock.set("2026-02-13 09:00")
    desk.clock.advance(hours=hours)
    after = desk.reopen()
    try:
        (seen,) = after.tick()
        assert seen.stored.state is state
        if state is IssueState.HELD:
            assert "too_late" in {h.code for h in seen.stored.holds}
            assert after.app.publisher.approve(issue_id, who="李四").stored.state is IssueState.SCHEDULED
            assert after.tick()[0].released
        assert len(after.messages()) == 3
    finally:
        after.app.close()


def test_the_clock_stepping_a_day_back_and_forth_sends_nothing_twice(desk: Desk) -> None:
    desk.take_in(issue_text("2026年2月13日"))
    desk.clock.set("2026-02-13 09:00")
    desk.tick()
    for days in (-1, 2, -1):
        desk.clock.advance(days=days)
        assert desk.tick() == []
    assert len(desk.messages()) == 3


def test_two_schedulers_on_one_database_release_once(desk: Desk) -> None:
    from bot.bootstrap import open_app  # noqa: PLC0415 - the second process of this test only

    desk.take_in(issue_text("2026年2月13日"))
    desk.clock.set("2026-02-13 09:00")
    other = open_app(desk.app.settings, clock=desk.clock)
    try:
        first, second = desk.app.publisher.release_due(), other.publisher.release_due()
    finally:
        other.close()
    assert [len(first), len(second)] == [1, 0]
    desk.deliver(first[0].stored.id)
    assert len(desk.messages()) == 3


@pytest.mark.parametrize("publication_lines", ['approval = "two_person"'])
def test_two_people_must_agree_and_one_cannot_agree_twice(desk: Desk) -> None:
    publisher = desk.app.publisher
    issue_id = desk.take_in(issue_text("2026年2月13日")).stored.id
    assert publisher.approve(issue_id, who="张三").stored.state is IssueState.HELD
    assert publisher.approve(issue_id, who="张三").stored.state is IssueState.HELD
    with pytest.raises(ConfigError, match="2 人批准"):
        publisher.release_now(issue_id, who="张三", why="急")
    assert publisher.approve(issue_id, who="李四").stored.state is IssueState.SCHEDULED


@pytest.mark.parametrize("publication_lines", ['approval = "one_person"'])
def test_a_changed_document_needs_approval_anew(desk: Desk) -> None:
    publisher = desk.app.publisher
    issue_id = desk.take_in(issue_text("2026年2月13日")).stored.id
    assert publisher.approve(issue_id, who="李四").stored.state is IssueState.SCHEDULED

    changed = desk.take_in(issue_text("2026年2月13日", count=13))

    assert changed.stored.id == issue_id
    assert changed.stored.revision == 2
    assert changed.stored.state is IssueState.HELD
    desk.clock.set("2026-02-13 09:00")
    assert desk.tick() == []
    publisher.approve(issue_id, who="李四")
    assert desk.tick()[0].released


def test_a_held_issue_waits_until_somebody_approves_it(desk: Desk) -> None:
    publisher = desk.app.publisher
    issue_id = desk.take_in(issue_text("2026年2月13日")).stored.id
    publisher.hold(issue_id, who="李四", why="数字待核")
    assert desk.take_in(issue_text("2026年2月13日")).stored.state is IssueState.HELD, "reading it again freed it"
    desk.clock.set("2026-02-13 09:00")
    assert desk.tick() == []
    assert publisher.approve(issue_id, who="李四").stored.state is IssueState.SCHEDULED
    assert desk.tick()[0].released


def test_a_cancelled_issue_never_goes_out(desk: Desk) -> None:
    publisher = desk.app.publisher
    issue_id = desk.take_in(issue_text("2026年2月13日")).stored.id
    publisher.cancel(issue_id, who="李四", why="撤稿")
    desk.clock.set("2026-02-13 09:00")
    assert desk.tick() == []
    with pytest.raises(ConfigError):
        publisher.release_now(issue_id, who="李四", why="误点")


def test_what_newly_does_not_resolve_at_the_moment_of_release_holds_it(desk: Desk) -> None:
    text = issue_text("2026年2月13日", send="各测试单位、第9局")
    held = desk.take_in(text).stored
    assert {h.code for h in held.holds} == {"unresolved_phrase"}
    approved = desk.app.publisher.approve(held.id, who="李四", why="第9局另行通知")
    assert approved.stored.state is IssueState.SCHEDULED, "what the approver has seen holds it no more"
    desk.clock.set("2026-02-13 09:00")
    assert desk.tick()[0].released


def test_a_correction_reaches_exactly_those_who_got_the_first(desk: Desk) -> None:
    first = desk.take_in(issue_text("2026年2月13日")).stored
    desk.clock.set("2026-02-13 09:00")
    desk.tick()
    desk.clock.advance(hours=30)

    corrected = desk.take_in(issue_text("2026年2月13日", count=13, send="第1局"))
    assert corrected.stored.id == first.id
    assert corrected.stored.state is IssueState.SCHEDULED
    (released,) = desk.tick()

    rows = [r for r in desk.app.store.receipts(first.id) if r.kind is CardKind.CORRECTION]
    assert {r.recipient for r in rows} == {"unit-0", "unit-1", "unit-2"}
    assert {r.state for r in rows} == {ACCEPTED}
    assert released.stored.revision == 2
    texts = [m["body"] for m in desk.messages()[3:]]
    assert len(texts) == 3
    assert all("更正" in t and "正文有改动" in t for t in texts)


def test_an_issue_that_is_out_stays_out_whatever_is_found_in_it_later(desk: Desk) -> None:
    text = issue_text("2026年2月13日").replace("发送：各测试单位", "发送：各测试单位，某新设单位")
    issue_id = desk.take_in(text).stored.id
    desk.app.publisher.release_now(issue_id, who="王五", why="其余单位先发")
    assert desk.app.publisher.refresh(issue_id, who="李四").stored.state is IssueState.RELEASED


def test_every_act_is_in_the_history_with_who_and_why(desk: Desk) -> None:
    publisher = desk.app.publisher
    issue_id = desk.take_in(issue_text("2026年2月13日"), who="张三").stored.id
    publisher.hold(issue_id, who="李四", why="数字待核")
    publisher.approve(issue_id, who="王五", why="已核")
    publisher.release_now(issue_id, who="王五", why="提前")
    acts = [(r.who, r.action.removeprefix("issue."), r.why) for r in desk.app.store.history(f"issue:{issue_id}")]
    assert acts[0][:2] == ("张三", "received")
    assert ("李四", "held", "数字待核") in acts
    assert ("王五", "approved", "已核") in acts
    assert acts[-1] == ("王五", "released", "提前")
    assert desk.app.store.verify_history() is None


def test_a_release_opens_no_robot_and_holds_no_directory(desk: Desk) -> None:
    """As it must with a million units: one whose address cannot even be opened is in nobody's way."""
    with desk.app.store.db.write() as connection:
        connection.execute(sa.update(target).values(url=b"no address"))
    issue_id = desk.take_in(issue_text("2026年2月13日")).stored.id
    desk.clock.set("2026-02-13 09:00")
    assert desk.app.publisher.release_if_due(issue_id).new_deliveries == 3
    with pytest.raises(WrongKey):
        desk.app.store.directory()
