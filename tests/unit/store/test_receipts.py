"""The ledger as people see it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from bot.domain.delivery import DeliveryState, OutcomeClass, Reason
from bot.store import Store
from bot.store.receipts import FAILED, PAGE

from .samples import (
    BAD_KEY,
    LOST,
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


async def test_a_line_says_all_of_the_latest_attempt_and_never_the_url(store: Store) -> None:
    roster = directory(unit("meijiang", target("m", label="")))
    import_all(store, roster)
    stored = take_in(store)
    plan = planned(store, stored, roster)
    store.release(plan, who="a", why="", now=NOW, expected_revision=stored.revision_id)
    await store.ledger().enlist("w1", now=NOW)
    (claimed,) = (await turn(store)).claimed
    await turn(store, [answer(claimed, BAD_KEY, NOW + SECOND)])
    (row,) = store.receipts()
    assert (row.recipient, row.recipient_name, row.channel) == ("meijiang", "meijiang区人民政府", "wecom")
    assert row.target == "https://qyapi.weixin.qq.com/…-m"
    assert (row.list_kind, row.kind, row.part, row.parts) == ("send", "issue", 1, 1)
    assert (row.state, row.outcome, row.reason) == ("refused", OutcomeClass.PERMANENT_CONFIG, Reason.BAD_KEY)
    assert (row.attempts, row.vendor_code, row.vendor_message) == (1, "93000", "invalid webhook url")
    assert (row.http_status, row.accepted_at, row.next_try_at) == (200, None, None)


async def test_lines_can_be_asked_for_by_issue_state_and_recipient(store: Store) -> None:
    first = released(store, "a", "b", "c")
    second = released(store, "a", issue=bulletin(number=2))
    await store.ledger().enlist("w1", now=NOW)
    a, b, c = sorted((await turn(store)).claimed, key=lambda x: x.recipient_id)[:3]
    await turn(store, [answer(a, OK, NOW), answer(b, LOST, NOW), answer(c, BAD_KEY, NOW)], limit=0)

    def found(**wanted: object) -> list[tuple[int, str]]:
        return [(r.issue_id, r.recipient) for r in store.receipts(**wanted)]  # type: ignore[arg-type]  # by keyword

    assert found() == [(first.id, "a"), (first.id, "b"), (first.id, "c"), (second.id, "a")]
    assert found(issue_id=second.id) == [(second.id, "a")]
    assert found(recipient_id="a") == [(first.id, "a"), (second.id, "a")]
    assert found(issue_id=first.id, states=FAILED) == [(first.id, "b"), (first.id, "c")]
    assert found(states=[DeliveryState.PENDING]) == [(second.id, "a")]
    assert found(issue_id=99) == []


def test_long_ledgers_come_a_page_at_a_time_and_whole(store: Store) -> None:
    stored = released(store, *(f"u{n:04d}" for n in range(PAGE + 5)))
    rows = list(store.receipts(stored.id))
    assert len({r.id for r in rows}) == PAGE + 5
    assert [r.id for r in rows] == sorted(r.id for r in rows)


def test_counts_of_an_issue_without_deliveries_are_empty(store: Store) -> None:
    assert store.counts(take_in(store).id) == {}
    assert store.counts(99) == {}


def test_failures_are_found_by_their_own_index_on_sqlite(store: Store) -> None:
    if store.db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL chooses by its statistics")
    asked: list[tuple[str, Any]] = []
    sa.event.listen(store.db.engine, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
    list(store.receipts(1, states=FAILED))
    text, values = next((text, values) for text, values in asked if "FROM delivery" in text)
    with store.db.read() as connection:
        plan = "\n".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values))
    assert "ix_delivery_failed" in plan
    assert "SCAN" not in plan
