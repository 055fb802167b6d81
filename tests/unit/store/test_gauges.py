"""What alerts ask of the ledger: how the deliveries of recent issues stand, as counted, not as listed."""

from __future__ import annotations

from bot.domain.delivery import DeliveryState
from bot.store import Store

from .samples import LOST, NOW, OK, SECOND, answer, bulletin, released, turn

S = DeliveryState


async def test_the_counts_of_issues_released_since_leave_out_what_waits(store: Store) -> None:
    old = released(store, "meijiang", issue=bulletin(number=1), now=NOW - SECOND)
    new = released(store, "meixian", "wuhua", "dapu", parts=2, issue=bulletin(number=2))
    await store.ledger().enlist("w1", now=NOW)
    claimed = [one for one in (await turn(store, limit=3)).claimed if one.issue_id == new.id]
    await turn(store, [answer(one, verdict, NOW) for one, verdict in zip(claimed, (OK, LOST), strict=True)], limit=0)

    assert store.counts_since(NOW) == {new.id: {S.ACCEPTED: 1, S.IN_DOUBT: 1, S.PENDING: 2}}
    assert store.counts_since(NOW - SECOND).keys() == {old.id, new.id}
    assert store.counts_since(NOW + SECOND) == {}
