"""What an interrupted run leaves, where `in_doubt = "resend"` says that it goes out again."""

from __future__ import annotations

from bot.channels import CHANNELS
from bot.domain.delivery import DeliveryState, Reason

from .conftest import Desk, issue_text


async def test_what_a_dead_worker_was_sending_goes_out_again(desk: Desk) -> None:
    desk.leave_busy_instant()
    issue_id = desk.take_in(issue_text()).stored.id
    desk.app.publisher.release_now(issue_id, who="张三", why="")
    ledger, paces = desk.app.store.ledger(), {name: channel.PACE for name, channel in CHANNELS.items()}
    await ledger.enlist("w1", now=desk.clock())
    await ledger.turn((), worker="w1", now=desk.clock(), limit=9, paces=paces)
    await ledger.retire("w1")

    assert await ledger.recover(now=desk.clock(), resend=True) == 0

    rows = list(desk.app.store.receipts(issue_id))
    assert {(row.state, row.reason) for row in rows} == {(DeliveryState.RETRYING, Reason.INTERRUPTED)}
    assert all(row.next_try_at is not None for row in rows)
    assert desk.app.store.counts(issue_id) == {DeliveryState.RETRYING: len(rows)}
