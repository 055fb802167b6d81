"""What each attempt carries on the wire beside the message, through the real sender."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json

from bot.channels import CHANNELS
from bot.domain.delivery import NotSent, OutcomeClass, Reason
from bot.domain.secret import Secret
from bot.flows.sending import judge, send_once
from bot.transport.sender import HttpSender
from tests.servers.raw import RawServer, answering

AT = dt.datetime(2026, 7, 29, 9, tzinfo=dt.UTC)
KEY = b"a key of twenty-four bytes"
SECRET = Secret("whsec_" + base64.b64encode(KEY).decode())
BODY = '{"type":"bulletin.published","data":{"masthead":"简报"}}'.encode()


async def attempt(sender: HttpSender, server: RawServer, channel: str, secret: Secret | None, minutes: int = 0) -> None:
    at = AT + dt.timedelta(minutes=minutes)
    await send_once(sender, CHANNELS[channel], Secret(server.url("/hook")), secret, BODY, at, message_id="jb-17")


def headers(head: bytes) -> dict[str, str]:
    lines = head.decode("ascii").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}


async def test_a_webhook_retry_has_the_same_id_and_a_signature_over_the_bytes_that_arrived(sender: HttpSender) -> None:
    async with RawServer(answering()) as server:
        for minutes in (0, 5):
            await attempt(sender, server, "webhook", SECRET, minutes)
    assert len(server.seen) == 2
    for request in server.seen:
        found = headers(request.head)
        text = f"{found['webhook-id']}.{found['webhook-timestamp']}.".encode() + request.body
        mac = base64.b64encode(hmac.digest(KEY, text, hashlib.sha256)).decode()
        assert (found["webhook-id"], found["webhook-signature"]) == ("jb-17", f"v1,{mac}")
    first, again = (headers(request.head) for request in server.seen)
    assert int(again["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 300


async def test_an_endpoint_without_a_secret_gets_the_id_all_the_same(sender: HttpSender) -> None:
    async with RawServer(answering()) as server:
        await attempt(sender, server, "webhook", None)
    found = headers(server.seen[0].head)
    assert found["webhook-id"] == "jb-17"
    assert "webhook-signature" not in found


async def test_a_welink_retry_has_an_id_of_its_own(sender: HttpSender) -> None:
    async with RawServer(answering()) as server:
        for minutes in (0, 5):
            await attempt(sender, server, "welink", None, minutes)
    sent = [json.loads(request.body) for request in server.seen]
    assert len({one["uuid"] for one in sent}) == 2
    assert sent[1]["timeStamp"] - sent[0]["timeStamp"] == 300_000


async def test_a_secret_that_cannot_sign_sends_nothing_and_asks_for_a_person(sender: HttpSender) -> None:
    async with RawServer(answering()) as server:
        exchange = await send_once(
            sender, CHANNELS["webhook"], Secret(server.url()), Secret("SECshort"), BODY, AT, message_id="jb-17"
        )
    assert server.seen == []
    assert isinstance(exchange, NotSent)
    verdict = judge(exchange, CHANNELS["webhook"], AT, Secret(""), None)
    assert (verdict.outcome, verdict.reason) == (OutcomeClass.PERMANENT_CONFIG, Reason.BAD_SIGNATURE)
    assert "SECshort" not in (verdict.vendor_message or "")
