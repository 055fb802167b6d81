"""The dispatcher's turn: what is settled, what follows from it, what is claimed."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise

import pytest
import sqlalchemy as sa

from bot.domain.delivery import DeliveryState, OutcomeClass, Reason, Settlement, Verdict
from bot.domain.errors import StoreError
from bot.domain.pacing import Pace
from bot.domain.plan import Settled, StoredMessage
from bot.store import Store
from bot.store.schema import attempt, delivery, receipt

from .samples import (
    BAD_KEY,
    BUSY,
    LIMITED,
    LOST,
    NOW,
    OK,
    SECOND,
    answer,
    bulletin,
    released,
    turn,
    url_of,
)


@pytest.fixture
async def desk(store: Store) -> AsyncIterator[Store]:
    """A store with the worker `w1` enlisted."""
    await store.ledger().enlist("w1", now=NOW)
    yield store
    await store.ledger().retire("w1")


def rows(store: Store, table: sa.Table) -> list[dict[str, object]]:
    with store.db.read() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


async def test_a_claim_carries_all_that_sending_needs_and_is_on_record_first(desk: Store) -> None:
    stored = released(desk, "meijiang")
    (claimed,) = (await turn(desk)).claimed
    assert (claimed.number, claimed.issue_id, claimed.recipient_id) == (1, stored.id, "meijiang")
    assert (claimed.channel, claimed.url, claimed.secret) == ("wecom", url_of("meijiang"), None)
    (row,) = rows(desk, attempt)
    assert (row["delivery_id"], row["number"], row["worker"], row["started_at"]) == (claimed.delivery_id, 1, "w1", NOW)
    assert rows(desk, receipt) == []
    assert [r.state for r in desk.receipts()] == ["sending"]


async def test_an_answer_settles_the_delivery_and_is_kept(desk: Store) -> None:
    stored = released(desk, "meijiang", "meixian")
    claimed = (await turn(desk)).claimed
    assert await desk.ledger().unsettled(stored.id) == (2, 2)
    assert (await turn(desk)).claimed == ()
    await turn(desk, [answer(c, OK, NOW + SECOND) for c in claimed])

    assert desk.counts(stored.id) == {DeliveryState.ACCEPTED: 2}
    assert [(r.state, r.vendor_code, r.accepted_at) for r in desk.receipts()] == [("accepted", "0", NOW + SECOND)] * 2
    assert await desk.ledger().unsettled(stored.id) == (0, 0)
    assert [row["duration_ms"] for row in rows(desk, receipt)] == [100, 100]


async def test_a_busy_vendor_is_tried_again_when_due_and_not_before(desk: Store) -> None:
    stored = released(desk, "meijiang")
    (claimed,) = (await turn(desk)).claimed
    settled = answer(claimed, BUSY, NOW + SECOND)
    due = settled.settlement.next_try_at
    assert due is not None
    after = await turn(desk, [settled], now=NOW + SECOND)
    assert (after.claimed, after.next_due) == ((), due)
    assert await desk.ledger().unsettled(stored.id) == (0, 1)
    (again,) = (await turn(desk, now=due)).claimed
    assert (again.delivery_id, again.number) == (claimed.delivery_id, 2)
    await turn(desk, [answer(again, OK, due + SECOND)], now=due + SECOND)
    assert [row["outcome"] for row in rows(desk, receipt)] == ["retry_later", "ok"]


async def test_no_more_than_the_limit_is_claimed_oldest_first(desk: Store) -> None:
    released(desk, "a", "b", "c")
    first = await turn(desk, limit=2)
    assert [c.recipient_id for c in first.claimed] == ["a", "b"]
    assert first.next_due == NOW
    assert (await turn(desk, limit=0)).claimed == ()
    assert [c.recipient_id for c in (await turn(desk, limit=2)).claimed] == ["c"]


async def test_a_worker_that_never_enlisted_claims_nothing(store: Store) -> None:
    stored = released(store, "meijiang")
    with pytest.raises(StoreError, match="没有登记"):
        await turn(store, worker="stranger")
    assert store.counts(stored.id) == {DeliveryState.PENDING: 1}


async def test_parts_go_in_order_and_a_failed_one_stops_the_rest(desk: Store) -> None:
    stored = released(desk, "meijiang", parts=3)
    (first,) = (await turn(desk)).claimed
    (second,) = (await turn(desk, [answer(first, OK, NOW + SECOND)], now=NOW + SECOND)).claimed
    assert await desk.ledger().message(second.message_id) == StoredMessage(b'{"part":2}')
    stopped = await turn(desk, [answer(second, LOST, NOW + 2 * SECOND)], now=NOW + 2 * SECOND)
    assert (stopped.claimed, stopped.next_due) == ((), None)
    assert [r.state for r in desk.receipts()] == ["accepted", "in_doubt", "pending"]
    assert await desk.ledger().unsettled(stored.id) == (0, 1)


async def test_a_target_has_one_delivery_in_flight(desk: Store) -> None:
    released(desk, "meijiang")
    released(desk, "meijiang", issue=bulletin(number=2))
    first = await turn(desk)
    assert len(first.claimed) == 1
    assert first.next_due is not None
    assert first.next_due > NOW, "the dispatcher must not spin on what cannot go"
    assert (await turn(desk, now=first.next_due)).claimed == ()
    later = NOW + 5 * SECOND
    assert len((await turn(desk, [answer(first.claimed[0], OK, NOW)], now=later)).claimed) == 1


async def test_the_database_itself_allows_no_second_in_flight(desk: Store) -> None:
    released(desk, "meijiang")
    released(desk, "meijiang", issue=bulletin(number=2))

    def force() -> None:
        with desk.db.write() as connection:
            connection.execute(sa.update(delivery).values(state=DeliveryState.SENDING, next_try_at=None))

    with pytest.raises(sa.exc.IntegrityError):
        force()


async def test_a_pace_is_kept_however_many_wait(desk: Store) -> None:
    pace = Pace(per_window=3, window_s=60, gap_s=1)
    for number in range(1, 11):
        released(desk, "meijiang", issue=bulletin(number=number))
    now, sent, turns = NOW, list[dt.datetime](), 0
    settled: list[Settled] = []
    while True:
        result = await turn(desk, settled, now=now, pace=pace)
        turns += 1
        sent += [now] * len(result.claimed)
        settled = [answer(c, OK, now) for c in result.claimed]
        if not settled:
            if result.next_due is None:
                break
            now = max(result.next_due, now)
    assert len(sent) == 10
    assert all(later - earlier >= SECOND for earlier, later in pairwise(sent))
    assert all(b - a >= 60 * SECOND for a, b in zip(sent, sent[3:], strict=False))
    assert turns < 40, "each waiting delivery is looked at a few times, not at every turn"


async def test_a_clock_set_back_by_an_hour_does_not_close_a_robot_for_an_hour(desk: Store) -> None:
    pace, ahead = Pace(per_window=1, window_s=60), NOW + 3600 * SECOND
    released(desk, "meijiang", now=ahead)
    (first,) = (await turn(desk, now=ahead, pace=pace)).claimed
    await turn(desk, [answer(first, OK, ahead)], now=ahead, pace=pace)

    released(desk, "meijiang", issue=bulletin(number=2))
    assert [c.number for c in (await turn(desk, pace=pace)).claimed] == [1]


async def test_nobody_waits_behind_a_busy_target(desk: Store) -> None:
    for number in range(1, 61):
        released(desk, "slow", issue=bulletin(number=number))
    released(desk, "quick", issue=bulletin(number=500))
    claimed = (await turn(desk, limit=10, pace=Pace(per_window=20))).claimed
    assert {c.recipient_id for c in claimed} == {"slow", "quick"}


async def test_a_cool_down_keeps_the_target_alone_and_later_releases_too(desk: Store) -> None:
    released(desk, "meijiang", "meixian")
    released(desk, "meijiang", issue=bulletin(number=2))
    first = await turn(desk)
    by_name = {c.recipient_id: c for c in first.claimed}
    now = NOW + SECOND
    await turn(desk, [answer(by_name["meijiang"], LIMITED, now), answer(by_name["meixian"], OK, now)], now=now)
    released(desk, "meijiang", issue=bulletin(number=3), now=now)
    released(desk, "meixian", issue=bulletin(number=4), now=now)

    assert {c.recipient_id for c in (await turn(desk, now=NOW + 60 * SECOND)).claimed} == {"meixian"}
    assert {c.recipient_id for c in (await turn(desk, now=NOW + 61 * SECOND)).claimed} == {"meijiang"}


async def test_a_permanent_refusal_suspends_the_target_once_and_parks_the_rest(desk: Store) -> None:
    first = released(desk, "meijiang")
    second = released(desk, "meijiang", issue=bulletin(number=2))
    (claimed,) = (await turn(desk)).claimed
    after = await turn(desk, [answer(claimed, BAD_KEY, NOW + SECOND)], now=NOW + SECOND)
    assert (after.claimed, after.next_due) == ((), None)
    (found,) = desk.targets(["meijiang"])
    assert (found.suspended_at, found.suspended_reason) == (NOW + SECOND, Reason.BAD_KEY)
    assert desk.counts(first.id) == {DeliveryState.REFUSED: 1}
    assert desk.counts(second.id) == {DeliveryState.PENDING: 1}
    assert await desk.ledger().unsettled(second.id) == (0, 1)
    assert [row.action for row in desk.history(f"target:{found.id}")] == ["target.added", "target.suspended"]


async def test_what_is_released_to_a_suspended_target_waits_in_sight(desk: Store) -> None:
    released(desk, "meijiang")
    (claimed,) = (await turn(desk)).claimed
    await turn(desk, [answer(claimed, BAD_KEY, NOW)])
    late = released(desk, "meijiang", issue=bulletin(number=2))
    again = await turn(desk)
    assert (again.claimed, again.next_due) == ((), None)
    assert desk.counts(late.id) == {DeliveryState.PENDING: 1}


async def test_a_late_answer_does_not_overwrite_a_decision_and_is_kept(desk: Store) -> None:
    stored = released(desk, "meijiang")
    (claimed,) = (await turn(desk)).claimed
    with desk.db.write() as connection:
        connection.execute(sa.update(delivery).values(state=DeliveryState.CANCELLED, settled_at=NOW))
    await turn(desk, [answer(claimed, OK, NOW + SECOND)])
    (row,) = desk.receipts(stored.id)
    assert (row.state, row.outcome) == ("cancelled", OutcomeClass.OK)


async def test_an_answer_after_recovery_goes_to_history(desk: Store) -> None:
    released(desk, "meijiang")
    (claimed,) = (await turn(desk)).claimed
    await desk.ledger().retire("w1")
    assert await desk.ledger().recover(now=NOW + SECOND) == 1
    await desk.ledger().enlist("w1", now=NOW + SECOND)
    await turn(desk, [answer(claimed, OK, NOW + 2 * SECOND)])
    (row,) = desk.receipts()
    assert (row.state, row.reason) == ("in_doubt", Reason.INTERRUPTED)
    (late,) = desk.history(f"delivery:{claimed.delivery_id}")
    assert late.action == "delivery.late_answer"
    assert late.after is not None
    assert (late.after["outcome"], late.after["vendor_code"]) == ("ok", "0")


async def test_writing_the_same_answers_again_is_harmless(desk: Store) -> None:
    stored = released(desk, "meijiang")
    (claimed,) = (await turn(desk)).claimed
    settled = [answer(claimed, OK, NOW + SECOND)]
    before = len(list(desk.history()))
    await turn(desk, settled)
    await turn(desk, settled)
    assert desk.counts(stored.id) == {DeliveryState.ACCEPTED: 1}
    assert len(rows(desk, receipt)) == 1
    assert len(list(desk.history())) == before


async def test_a_person_may_resend_and_the_old_answer_counts_for_the_old_attempt(desk: Store) -> None:
    released(desk, "meijiang")
    (first,) = (await turn(desk)).claimed
    with desk.db.write() as connection:
        connection.execute(sa.update(delivery).values(state=DeliveryState.PENDING, next_try_at=NOW))
    (second,) = (await turn(desk)).claimed
    await turn(desk, [answer(first, OK, NOW + SECOND)], limit=0)
    assert [(r.state, r.attempts, r.outcome) for r in desk.receipts()] == [("sending", 2, None)]
    await turn(desk, [answer(second, LOST, NOW + SECOND)], limit=0)
    assert [(r.state, r.outcome) for r in desk.receipts()] == [("in_doubt", OutcomeClass.UNKNOWN)]


async def test_an_exhausted_delivery_is_never_claimed_again(desk: Store) -> None:
    stored = released(desk, "meijiang")
    (claimed,) = (await turn(desk)).claimed
    end = replace(answer(claimed, BUSY, NOW), settlement=Settlement(DeliveryState.EXHAUSTED, None))
    assert (await turn(desk, [end], now=NOW + dt.timedelta(days=1))).next_due is None
    assert desk.counts(stored.id) == {DeliveryState.EXHAUSTED: 1}


async def test_an_idle_turn_writes_nothing(desk: Store) -> None:
    with desk.db.read() as connection:
        before = connection.exec_driver_sql("SELECT heartbeat_at FROM worker").scalar()
    await turn(desk, now=NOW + SECOND)
    with desk.db.read() as connection:
        assert connection.exec_driver_sql("SELECT heartbeat_at FROM worker").scalar() == before


async def test_a_content_refusal_leaves_the_target_working(desk: Store) -> None:
    released(desk, "meijiang")
    released(desk, "meijiang", issue=bulletin(number=2))
    (claimed,) = (await turn(desk)).claimed
    refusal = Verdict(OutcomeClass.PERMANENT_CONTENT, Reason.TOO_LONG, 200, "40058")
    after = await turn(desk, [answer(claimed, refusal, NOW)], now=NOW + 2 * SECOND)
    assert len(after.claimed) == 1
