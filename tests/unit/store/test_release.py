"""The release: all of it or nothing, and once however often it is fired."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.domain.card import CardKind
from bot.domain.delivery import DeliveryState, Reason
from bot.domain.errors import StoreError
from bot.domain.plan import Plan, PlannedDelivery, StoredIssue, StoredMessage
from bot.domain.release import Hold, IssueState
from bot.store import Store
from bot.store.schema import issue

from .samples import (
    NOW,
    OK,
    SECOND,
    answer,
    bulletin,
    directory,
    import_all,
    planned,
    released,
    take_in,
    target,
    turn,
    unit,
)

ROSTER = directory(unit("meijiang"), unit("meixian"))


def prepared(store: Store, *, parts: int = 1, holds: tuple[Hold, ...] = ()) -> tuple[StoredIssue, Plan]:
    import_all(store, ROSTER)
    stored = take_in(store, holds=holds)
    return stored, planned(store, stored, ROSTER, parts=parts)


def release(store: Store, stored: StoredIssue, plan: Plan) -> int:
    return store.release(plan, who="王五", why="到时", now=NOW, expected_revision=stored.revision_id)


def test_a_release_turns_the_state_and_makes_the_deliveries(store: Store) -> None:
    stored, plan = prepared(store, parts=2)
    assert release(store, stored, plan) == 4
    after = store.issue(stored.id)
    assert (after.state, after.released_at) == (IssueState.RELEASED, NOW)
    rows = list(store.receipts(stored.id))
    assert [(r.recipient, r.part, r.parts, r.state, r.next_try_at) for r in rows] == [
        ("meijiang", 1, 2, "pending", NOW),
        ("meijiang", 2, 2, "pending", None),
        ("meixian", 1, 2, "pending", NOW),
        ("meixian", 2, 2, "pending", None),
    ]


def test_releasing_twice_publishes_once_and_leaves_one_line_of_history(store: Store) -> None:
    stored, plan = prepared(store)
    assert [release(store, stored, plan), release(store, stored, plan)] == [2, 0]
    actions = [row.action for row in store.history(f"issue:{stored.id}")]
    assert actions == ["issue.received", "issue.released"]


def test_two_at_the_same_moment_publish_once(store: Store) -> None:
    stored, plan = prepared(store)
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(release(store, stored, plan))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [0, 0, 0, 2]


def test_a_supplement_adds_only_who_is_new_and_says_so(store: Store) -> None:
    stored, plan = prepared(store)
    release(store, stored, plan)
    wider = directory(*ROSTER.recipients, unit("wuhua"))
    import_all(store, wider)
    assert release(store, stored, planned(store, stored, wider)) == 1
    row = list(store.history(f"issue:{stored.id}"))[-1]
    assert row.action == "issue.supplemented"
    assert row.after is not None
    assert row.after["deliveries"] == 1
    assert store.counts(stored.id) == {DeliveryState.PENDING: 3}


def test_a_held_issue_may_be_released_by_a_person(store: Store) -> None:
    stored, plan = prepared(store, holds=(Hold("too_late", "已过发布时刻"),))
    assert release(store, stored, plan) == 2
    assert store.issue(stored.id).holds == ()


def test_an_issue_changed_since_it_was_looked_at_is_not_released(store: Store) -> None:
    stored, plan = prepared(store)
    take_in(store, bulletin(title="改过的标题"))
    with pytest.raises(StoreError, match="已有改动"):
        release(store, stored, plan)
    assert store.issue(stored.id).state is IssueState.SCHEDULED
    assert list(store.receipts()) == []


def test_a_cancelled_issue_is_not_released(store: Store) -> None:
    stored, plan = prepared(store)
    with store.db.write() as connection:
        connection.execute(sa.update(issue).values(state=IssueState.CANCELLED))
    with pytest.raises(StoreError, match="已取消"):
        release(store, stored, plan)


def test_a_release_that_fails_halfway_leaves_nothing(store: Store) -> None:
    stored, plan = prepared(store)
    first, *others = plan.deliveries
    broken = replace(plan, deliveries=(first, *others, replace(first, target_id=99)))
    with pytest.raises(sa.exc.IntegrityError):
        release(store, stored, broken)
    assert store.issue(stored.id).state is IssueState.SCHEDULED
    assert list(store.receipts()) == []
    assert store.counts(stored.id) == {}
    assert store.verify_history() is None


def test_a_correction_goes_to_everyone_again(store: Store) -> None:
    stored, plan = prepared(store)
    release(store, stored, plan)
    second = take_in(store, bulletin(title="更正后的标题"))
    assert store.covered(second.revision_id) == set()
    correction = planned(store, second, ROSTER, kind=CardKind.CORRECTION)
    assert release(store, second, correction) == 2
    assert {r.kind for r in store.receipts()} == {CardKind.ISSUE, CardKind.CORRECTION}
    assert list(store.history(f"issue:{stored.id}"))[-1].action == "issue.released"


def test_a_suspended_target_is_refused_on_the_ledger(store: Store) -> None:
    stored, plan = prepared(store)
    first, *others = plan.deliveries
    refused = replace(first, state=DeliveryState.REFUSED, reason=Reason.TARGET_SUSPENDED)
    release(store, stored, replace(plan, deliveries=(refused, *others)))
    row = next(store.receipts(stored.id))
    assert (row.state, row.reason, row.attempts) == ("refused", Reason.TARGET_SUSPENDED, 0)
    assert store.covered(stored.revision_id) == {"meixian"}


async def test_covered_is_who_has_it_or_may_yet_have_it(store: Store) -> None:
    stored = released(store, "meijiang", "meixian")
    await store.ledger().enlist("w1", now=NOW)
    first, _ = (await turn(store)).claimed
    await turn(store, [answer(first, OK, NOW + SECOND)], limit=0)
    assert store.covered(stored.revision_id) == {"meijiang", "meixian"}


async def test_the_bytes_sent_are_those_of_the_plan(store: Store) -> None:
    released(store, "meijiang")
    await store.ledger().enlist("w1", now=NOW)
    (claimed,) = (await turn(store)).claimed
    assert await store.ledger().message(claimed.message_id) == StoredMessage(b'{"part":1}')


def test_a_plan_made_while_it_is_written_is_all_or_nothing_too(store: Store) -> None:
    stored, plan = prepared(store)

    def breaks_off() -> Iterator[PlannedDelivery]:
        yield from plan.deliveries
        raise ValueError("rendering failed")

    with pytest.raises(ValueError, match="rendering"):
        release(store, stored, replace(plan, deliveries=breaks_off()))
    assert store.issue(stored.id).state is IssueState.SCHEDULED
    assert list(store.receipts()) == []
    assert store.counts(stored.id) == {}


def test_planning_reads_enabled_targets_of_enabled_units_in_their_order(store: Store) -> None:
    two = unit("two", target("b"), target("off", enabled=False), target("a"))
    import_all(store, directory(unit("one"), two, unit("gone", enabled=False), unit("other")))
    found = store.plan_targets(["two", "one", "gone"])
    assert [(t.recipient_id, t.channel, t.style, t.suspended) for t in found] == [
        ("one", "wecom", "card", False),
        ("two", "wecom", "card", False),
        ("two", "wecom", "card", False),
    ]
    assert [t.id for t in found if t.recipient_id == "two"] == [s.id for s in store.targets(["two"])]
