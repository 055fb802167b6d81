"""Opened, signed, reminded: what happens after a card has arrived."""

from __future__ import annotations

import httpx
import pytest
import sqlalchemy as sa

from bot.domain.delivery import DeliveryState
from bot.domain.reader_token import ReaderKey, read_token, reader_token
from bot.flows.remind import remind_due
from bot.store.schema import revision

from .conftest import Desk, issue_text

pytestmark = pytest.mark.slow

REMIND = "remind_after_workdays = 2\nremind_at_most = 2"


def released(desk: Desk) -> int:
    issue_id = desk.take_in(issue_text("2026年2月12日")).stored.id
    desk.clock.set("2026-02-12 15:00")
    desk.tick()
    return issue_id


def test_every_card_carries_a_link_of_its_own_that_only_this_installation_can_make(desk: Desk) -> None:
    issue_id = released(desk)
    rows = list(desk.app.store.receipts(issue_id))
    bodies = "".join(m["body"] for m in desk.messages())
    for row in rows:
        token = reader_token(desk.app.reader_key, row.id)
        assert bodies.count(f"https://jianbao.example.gov.cn/r/{token}") >= 1
        keys = desk.app.store.reader_keys()
        assert read_token(keys, token) == row.id
        assert read_token([ReaderKey(b"another key")], token) is None
        assert read_token(keys, token[:-2] + "AA") is None or token.endswith("AA")


@pytest.mark.parametrize("publication_lines", [REMIND])
def test_who_has_not_signed_is_reminded_after_so_many_workdays_and_so_often(desk: Desk) -> None:
    issue_id = released(desk)  # a Thursday; 14 February is worked, 15 to 23 are not
    first, *_ = desk.app.store.receipts(issue_id)
    assert desk.app.store.sign(first.id, name="陈明", office="办公室", now=desk.clock())
    assert not desk.app.store.sign(first.id, name="别人", office="", now=desk.clock()), "the first signature stands"

    desk.clock.set("2026-02-13 10:00")
    assert remind_due(desk.app.publisher) == []
    desk.clock.set("2026-02-14 10:00")
    assert len(remind_due(desk.app.publisher)) == 1
    desk.deliver(issue_id)
    assert remind_due(desk.app.publisher) == [], "reminded twice for the same days"
    desk.clock.set("2026-02-25 10:00")
    assert len(remind_due(desk.app.publisher)) == 1
    desk.deliver(issue_id)
    desk.clock.set("2026-03-20 10:00")
    assert remind_due(desk.app.publisher) == []

    board = {line.recipient_id: line for line in desk.app.store.signoffs(issue_id)}
    assert board["unit-0"].name == "陈明"
    assert {rid: line.reminders for rid, line in board.items()} == {"unit-0": 0, "unit-1": 2, "unit-2": 2}
    assert len(desk.messages()) == 3 + 2 + 2


def test_opening_its_link_settles_a_delivery_in_doubt(desk: Desk) -> None:

    with httpx.Client(base_url=desk.sandbox, trust_env=False) as client:
        fault = {"channel": "wecom", "key": "key-00000", "fault": "drop_after_accepting"}
        client.post("/_sandbox/faults", json=fault).raise_for_status()
    issue_id = released(desk)
    (doubtful,) = [r for r in desk.app.store.receipts(issue_id) if r.state is DeliveryState.IN_DOUBT]

    desk.app.store.mark_opened(doubtful.id, now=desk.clock())

    assert {r.state for r in desk.app.store.receipts(issue_id)} == {DeliveryState.ACCEPTED}
    assert desk.app.store.counts(issue_id)[DeliveryState.ACCEPTED] == 3


@pytest.mark.parametrize(
    "publication_lines", [f'{REMIND}\n[[publication]]\nid = "other"\nname = "另一简报"\nmastheads = ["另一简报"]']
)
def test_of_publications_that_do_not_remind_no_issue_is_even_read(desk: Desk) -> None:
    released(desk)
    other = issue_text("2026年2月12日", number=6).replace("梅州市城镇老旧小区改造工作", "另一")
    unread = desk.take_in(other, "other.txt").stored
    desk.app.publisher.release_now(unread.id, who="张三", why="试")
    with desk.app.store.db.write() as connection:
        connection.execute(sa.update(revision).where(revision.c.id == unread.revision_id).values(content={}))
    desk.clock.set("2026-02-26 09:00")
    assert [number for number, _ in remind_due(desk.app.publisher)] == [unread.id - 1]
