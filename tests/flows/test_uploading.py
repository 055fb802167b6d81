"""The upload by itself: stopped on its way, answered strangely, and the file read once for many."""

from __future__ import annotations

import asyncio
import json

from bot.channels import CHANNELS
from bot.channels.files import FILES
from bot.domain.delivery import OutcomeClass, Reason, Verdict
from bot.domain.plan import Claimed
from bot.domain.secret import Secret
from bot.flows.uploading import Uploads
from bot.transport import AddressGuard, HttpSender
from tests.servers.raw import RawServer, answer, answering, silent

from .conftest import Desk, issue_text

WECOM = CHANNELS["wecom"]


def claimed(server: RawServer) -> Claimed:
    url = server.url("/cgi-bin/webhook/send?key=k-0123456789")
    return Claimed(1, 1, 1, "unit-0", 1, "wecom", Secret(url), None, 1)


def original(desk: Desk) -> int:
    found = desk.app.store.received_file(desk.take_in(issue_text()).stored.revision_id)
    assert found is not None
    assert found.size == len(issue_text().encode())
    return found.id


def uploads(desk: Desk, sender: HttpSender) -> Uploads:
    return Uploads(desk.app.store.ledger(), sender, FILES, desk.clock)


async def test_an_upload_that_is_stopped_says_that_nothing_was_shown(desk: Desk) -> None:
    """The service ends while a large file is on its way: no reason to ask a person to look into the group."""
    async with RawServer(silent) as server, HttpSender(AddressGuard(frozenset(), ["127.0.0.1"])) as sender:
        task = asyncio.create_task(uploads(desk, sender).message(claimed(server), WECOM, original(desk)))
        await server.arrived.wait()
        task.cancel()
        assert await task == Verdict(OutcomeClass.RETRY_LATER, Reason.UPLOAD_FAILED)


async def test_a_media_id_cannot_break_out_of_the_message(desk: Desk) -> None:
    evil = '","mentioned_list":["@all'
    body = json.dumps({"errcode": 0, "errmsg": "ok", "type": "file", "media_id": evil}).encode()
    async with (
        RawServer(answering(answer(body))) as server,
        HttpSender(AddressGuard(frozenset(), ["127.0.0.1"])) as sender,
    ):
        message = await uploads(desk, sender).message(claimed(server), WECOM, original(desk))
    assert isinstance(message, bytes)
    assert json.loads(message) == {"msgtype": "file", "file": {"media_id": evil}}


async def test_many_at_once_send_the_same_file(desk: Desk) -> None:
    body = b'{"errcode":0,"errmsg":"ok","type":"file","media_id":"3a"}'
    number = original(desk)
    async with (
        RawServer(answering(answer(body))) as server,
        HttpSender(AddressGuard(frozenset(), ["127.0.0.1"])) as sender,
    ):
        one = uploads(desk, sender)
        found = await asyncio.gather(*(one.message(claimed(server), WECOM, number) for _ in range(20)))
    assert all(isinstance(message, bytes) for message in found)
    assert len(server.seen) == 20
    assert all(issue_text().encode() in seen.body for seen in server.seen)
