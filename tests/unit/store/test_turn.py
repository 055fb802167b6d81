"""The dispatcher's turn: what is settled, what follows from it, what is claimed."""

from __future__ import annotations

from bot.domain.delivery import DeliveryState
from bot.store import Store

from .samples import NOW, OK, answer, released, turn


async def test_a_released_delivery_is_claimed_with_its_target_and_settled_as_accepted(store: Store) -> None:
    stored = released(store, "meijiang", "meixian")
    await store.ledger().enlist("w1", now=NOW)

    first = await turn(store)
    assert [c.recipient_id for c in first.claimed] == ["meijiang", "meixian"]
    assert await store.ledger().unsettled(stored.id) == (2, 2)
    again = await turn(store)
    assert again.claimed == ()
    await turn(store, [answer(c, OK, NOW) for c in first.claimed])

    assert store.counts(stored.id) == {DeliveryState.ACCEPTED: 2}
    assert [(r.state, r.vendor_code, r.accepted_at) for r in store.receipts()] == [("accepted", "0", NOW)] * 2
    assert await store.ledger().unsettled(stored.id) == (0, 0)
