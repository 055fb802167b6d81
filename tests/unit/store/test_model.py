"""Random sequences of events: the ledger never contradicts itself."""

from __future__ import annotations

import asyncio
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.delivery import DeliveryState, Verdict
from bot.domain.pacing import Pace
from bot.domain.plan import Claimed
from bot.store import Store
from bot.store.schema import attempt, delivery, receipt, tally
from bot.store.tally import WAITING

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
    directory,
    import_all,
    opened,
    released,
    target,
    turn,
    unit,
)

pytestmark = pytest.mark.slow

EVENTS = st.one_of(
    st.tuples(st.just("release"), st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.just("turn"), st.integers(0, 5), st.sampled_from([OK, BUSY, LIMITED, BAD_KEY, LOST])),
    st.tuples(st.just("wait"), st.sampled_from([1, 7, 61, 400])),
    st.tuples(st.just("crash")),
    st.tuples(st.just("switch"), st.booleans()),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=st.lists(EVENTS, min_size=5, max_size=40))
def test_the_ledger_never_contradicts_itself(events: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_live(events, Path(folder)))


async def _live(events: list[tuple[Any, ...]], folder: Path) -> None:
    store = opened(f"sqlite:///{folder / 'jianbao.db'}", folder)
    await store.ledger().enlist("w0", now=NOW)
    pace = Pace(per_window=2, window_s=60, gap_s=1)
    now, number, life = NOW, 0, 0
    in_flight: list[Claimed] = []
    for event in events:
        match event:
            case ("release", units, parts):
                number += 1
                names = [f"u{n}" for n in range(units)]
                released(store, *names, parts=parts, issue=bulletin(number=number), now=now)
            case ("turn", limit, Verdict() as verdict):
                settled = [answer(c, verdict, now) for c in in_flight]
                got = await turn(store, settled, worker=f"w{life}", now=now, limit=limit, pace=pace)
                in_flight = list(got.claimed)
            case ("wait", seconds):
                now += seconds * SECOND
            case ("crash",):
                await store.ledger().retire(f"w{life}")
                assert await store.ledger().recover(now=now) == len(in_flight)
                in_flight, life = [], life + 1
                await store.ledger().enlist(f"w{life}", now=now)
            case ("switch", on):
                import_all(store, directory(unit("u0", target("u0", enabled=on))), now=now)
        _check(store, in_flight)
    store.close()


def _check(store: Store, in_flight: list[Claimed]) -> None:
    with store.db.read() as connection:
        deliveries = connection.execute(sa.select(delivery)).all()
        attempts = {(row.delivery_id, row.number): row for row in connection.execute(sa.select(attempt))}
        receipts = {(row.delivery_id, row.number) for row in connection.execute(sa.select(receipt))}
        slots = {(row[0], row[1]): row[2] for row in connection.execute(sa.select(tally)) if row[2]}
    sending = {(row.id, row.attempts) for row in deliveries if row.state is DeliveryState.SENDING}
    assert sending == {(c.delivery_id, c.number) for c in in_flight}
    assert set(attempts) - receipts == sending, "every attempt but those in flight has its answer"
    counted: dict[tuple[int, str], int] = {}
    for row in deliveries:
        waits = row.state is DeliveryState.PENDING and row.next_try_at is None
        slot = (row.issue_id, WAITING if waits else row.state.value)
        counted[slot] = counted.get(slot, 0) + 1
        assert row.attempts == sum(key[0] == row.id for key in attempts)
    assert slots == counted, "the tally is in step"
    state = {(row.revision_id, row.target_id, row.part): row for row in deliveries}
    for (revision, target_id, part), row in state.items():
        if part > 1 and row.attempts:
            assert state[revision, target_id, part - 1].state is DeliveryState.ACCEPTED, "parts go in order"
    starts: dict[int, list[Any]] = {}
    for row in sorted(attempts.values(), key=lambda each: each.started_at):
        starts.setdefault(row.target_id, []).append(row.started_at)
    for times in starts.values():
        assert all(b - a >= SECOND for a, b in pairwise(times))
        assert all(b - a >= 60 * SECOND for a, b in zip(times, times[2:], strict=False))
    assert store.verify_history() is None
