"""The upload by itself: stopped on its way, answered strangely, and the file read once for many."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from bot.channels import CHANNELS
from bot.channels.files import FILES
from bot.domain.delivery import DeliveryState, OutcomeClass, Reason, Verdict
from bot.domain.plan import Claimed
from bot.domain.secret import Secret
from bot.flows.uploading import Uploads
from bot.transport import AddressGuard, HttpSender
from tests.servers.raw import Conversation, RawServer, answer, answering, silent

from .conftest import Desk, issue_text

pytestmark = pytest.mark.slow

WECOM = CHANNELS["wecom"]
UPLOADED = b'{"errcode":0,"errmsg":"ok","type":"file","media_id":"3a"}'
FAILED = Verdict(OutcomeClass.RETRY_LATER, Reason.UPLOAD_FAILED)


@pytest.fixture
async def in_flight(desk: Desk) -> Claimed:
    """An attempt that is on record as being sent to a robot on WeCom."""
    desk.leave_busy_instant()
    desk.app.publisher.release_now(desk.take_in(issue_text()).stored.id, who="张三", why="")
    ledger, paces = desk.app.store.ledger(), {name: channel.PACE for name, channel in CHANNELS.items()}
    await ledger.enlist("w1", now=desk.clock())
    turn = await ledger.turn((), worker="w1", now=desk.clock(), limit=9, paces=paces)
    return next(one for one in turn.claimed if one.channel == "wecom")


def at(server: RawServer, claimed: Claimed) -> Claimed:
    return replace(claimed, url=Secret(server.url("/cgi-bin/webhook/send?key=k-0123456789")))


def original(desk: Desk) -> int:
    found = desk.app.store.received_file(desk.take_in(issue_text()).stored.revision_id)
    assert found is not None
    assert found.size == len(issue_text().encode())
    return found.id


def uploads(desk: Desk, sender: HttpSender) -> Uploads:
    return Uploads(desk.app.store.ledger(), sender, FILES, desk.clock)


async def test_an_upload_that_is_stopped_says_that_nothing_was_shown(desk: Desk, in_flight: Claimed) -> None:
    """The service ends while a large file is on its way: no reason to ask a person to look into the group."""
    async with RawServer(silent) as server, HttpSender(AddressGuard(frozenset(), ["127.0.0.1"])) as sender:
        task = asyncio.create_task(uploads(desk, sender).message(at(server, in_flight), WECOM, original(desk)))
        await server.arrived.wait()
        task.cancel()
        assert await task == FAILED


async def test_an_attempt_somebody_has_settled_meanwhile_shows_nothing(desk: Desk, in_flight: Claimed) -> None:
    """This worker was taken for dead while it was uploading: another may be sending the file by now."""
    ledger, settled = desk.app.store.ledger(), asyncio.Event()

    async def late(client: Conversation) -> None:
        await client.read_request()
        await settled.wait()
        await client.write(answer(UPLOADED))

    async with RawServer(late) as server, HttpSender(AddressGuard(frozenset(), ["127.0.0.1"])) as sender:
        task = asyncio.create_task(uploads(desk, sender).message(at(server, in_flight), WECOM, original(desk)))
        await server.arrived.wait()
        await ledger.retire("w1")
        assert await ledger.recover(now=desk.clock()) == 2, "the two others were being sent, and are in doubt"
        found = desk.app.store.delivery(in_flight.delivery_id)
        assert found is not None
        assert found.row.state is DeliveryState.RETRYING
        settled.set()
        assert await task == FAILED
        assert await uploads(desk, sender).message(at(server, in_flight), WECOM, original(desk)) == FAILED
    assert len(server.seen) == 1, "nor is anything uploaded for it"


async def test_a_media_id_cannot_break_out_of_the_message(desk: Desk, in_flight: Claimed) -> None:
    evil = '","mentioned_list":["@all'
    body = json.dumps({"errcode": 0, "errmsg": "ok", "type": "file", "media_id": evil}).encode()
    async with (
        RawServer(answering(answer(body))) as server,
        HttpSender(AddressGuard(frozenset(), ["127.0.0.1"])) as sender,
    ):
        message = await uploads(desk, sender).message(at(server, in_flight), WECOM, original(desk))
    assert isinstance(message, bytes)
    assert json.loads(message) == {"msgtype": "file", "file": {"media_id": evil}}


async def test_many_at_once_send_the_same_file(desk: Desk, in_flight: Claimed) -> None:
    number = original(desk)
    async with (
        RawServer(answering(answer(UPLOADED))) as server,
        HttpSender(AddressGuard(frozenset(), ["127.0.0.1"])) as sender,
    ):
        one = uploads(desk, sender)
        found = await asyncio.gather(*(one.message(at(server, in_flight), WECOM, number) for _ in range(20)))
    assert all(isinstance(message, bytes) for message in found)
    assert len(server.seen) == 20
    assert all(issue_text().encode() in seen.body for seen in server.seen)
