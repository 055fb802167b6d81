"""What each way of failing comes to, with a real socket at the other end."""

from __future__ import annotations

import asyncio
import socket

import pytest

from bot.domain.delivery import Exchange, MaybeArrived, NotSent, Reason, Replied
from bot.transport.guard import AddressGuard
from bot.transport.sender import HttpSender, Timeouts
from bot.transport.wire import MAX_ANSWER_BYTES
from tests.servers.raw import (
    OK,
    Conversation,
    RawServer,
    Script,
    answer,
    answering,
    close_after_reading,
    drip,
    reset_after_reading,
    reset_before_reading,
    silent,
)

from .conftest import QUICK

BODY = '{"msgtype":"text","text":{"content":"简报"}}'.encode()
HEADERS = {"Content-Type": "application/json"}


async def post(sender: HttpSender, url: str) -> Exchange:
    exchange = await sender.send(url, BODY, HEADERS)
    assert "k-0123456789" not in repr(exchange)
    return exchange


async def test_an_answer_comes_back_as_it_is(sender: HttpSender) -> None:
    async with RawServer(answering()) as server:
        exchange = await post(sender, server.url())
    assert isinstance(exchange, Replied)
    assert (exchange.status, exchange.body) == (200, OK[-27:])
    assert exchange.headers["content-type"] == "application/json"


async def test_the_request_is_one_plain_post(sender: HttpSender) -> None:
    async with RawServer(answering()) as server:
        await post(sender, server.url())
    [seen] = server.seen
    head = seen.head.decode().lower()
    assert head.startswith("post /send?key=k-0123456789 http/1.1\r\n")
    assert seen.body == BODY
    assert "accept-encoding: identity\r\n" in head
    assert head.count("content-type:") == 1
    assert "transfer-encoding" not in head
    assert "cookie" not in head


@pytest.mark.parametrize(
    "reply",
    [
        answer(b"<html>welcome</html>"),
        answer(b""),
        b"HTTP/1.1 204 No Content\r\n\r\n",
        answer(b'\xef\xbb\xbf{"errcode":0}'),
        answer(b"moved", status="302 Found", extra="Location: http://127.0.0.1:1/elsewhere\r\n"),
        answer(b"moved", status="307 Temporary Redirect", extra="Location: /again\r\n"),
        answer(b"\x1f\x8b\x08not unpacked", extra="Content-Encoding: gzip\r\n"),
        answer(b"busy", status="503 Service Unavailable", extra="Retry-After: 30\r\n"),
    ],
)
async def test_whatever_is_answered_is_handed_on_untouched(sender: HttpSender, reply: bytes) -> None:
    async with RawServer(answering(reply)) as server:
        exchange = await post(sender, server.url())
    assert isinstance(exchange, Replied)
    assert exchange.status == int(reply.split(b" ")[1])
    assert exchange.body == reply.split(b"\r\n\r\n", 1)[1]
    assert len(server.seen) == 1


async def test_a_cookie_is_never_given_back(sender: HttpSender) -> None:
    async with RawServer(answering(answer(b"{}", extra="Set-Cookie: a=b\r\n"))) as server:
        await post(sender, server.url())
        await post(sender, server.url())
    assert b"a=b" not in server.seen[1].head


async def test_no_proxy_is_taken_from_the_environment(sender: HttpSender, monkeypatch: pytest.MonkeyPatch) -> None:
    async with RawServer(answering()) as proxy, RawServer(answering()) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
        assert isinstance(await post(sender, server.url()), Replied)
    assert (proxy.connections, len(server.seen)) == (0, 1)


async def test_a_refused_port_is_not_sent(sender: HttpSender) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: the kernel refuses
        exchange = await post(sender, f"http://127.0.0.1:{unused.getsockname()[1]}/send?key=k-0123456789")
    assert exchange == NotSent(Reason.CONNECT_FAILED, "Connection refused")


async def test_an_unknown_name_is_not_sent(sender: HttpSender) -> None:
    exchange = await post(sender, "https://nowhere.invalid/send?key=k-0123456789")
    assert isinstance(exchange, NotSent)
    assert exchange.reason is Reason.DNS_FAILED


async def test_a_connection_nobody_takes_up_is_not_sent(guard: AddressGuard) -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):  # the kernel keeps one more than asked for, then lets the others wait
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        timeouts = Timeouts(dns_s=0.05, connect_s=0.1, total_s=1.0)
        async with HttpSender(guard, timeouts=timeouts) as sender:
            exchange = await post(sender, f"http://127.0.0.1:{full.getsockname()[1]}/send?key=k-0123456789")
    assert exchange == NotSent(Reason.CONNECT_FAILED, "connecting timed out")


@pytest.mark.parametrize(
    ("script", "reason", "seen"),
    [
        (reset_before_reading, Reason.CONNECTION_LOST, 0),
        (reset_after_reading, Reason.CONNECTION_LOST, 1),
        (close_after_reading, Reason.CONNECTION_LOST, 1),
        (silent, Reason.TIMEOUT_AFTER_SEND, 1),
        (answering(OK[:-5]), Reason.TIMEOUT_AFTER_SEND, 1),
        (answering(b"220 mail.example ESMTP ready\r\n\r\n"), Reason.NOT_JSON, 1),
    ],
    ids=["reset unread", "reset after reading", "closed after reading", "silence", "half an answer", "not HTTP"],
)
async def test_after_the_request_had_a_connection_it_may_have_arrived(
    sender: HttpSender, script: Script, reason: Reason, seen: int
) -> None:
    async with RawServer(script) as server:
        exchange = await post(sender, server.url())
    assert isinstance(exchange, MaybeArrived)
    assert exchange.reason is reason
    assert (server.connections, len(server.seen)) == (1, seen)


async def test_half_an_answer_and_a_close_is_no_answer(sender: HttpSender) -> None:
    async def half(client: Conversation) -> None:
        await client.read_request()
        await client.write(OK[:-5])
        await client.close()

    async with RawServer(half) as server:
        exchange = await post(sender, server.url())
    assert isinstance(exchange, MaybeArrived)
    assert exchange.reason is Reason.CONNECTION_LOST
    assert len(server.seen) == 1


async def test_an_answer_that_drips_for_ever_is_cut_off(guard: AddressGuard) -> None:
    timeouts = Timeouts(dns_s=0.05, connect_s=0.1, silence_s=1.0, total_s=0.2)
    async with RawServer(drip) as server, HttpSender(guard, timeouts=timeouts) as sender:
        exchange = await post(sender, server.url())
        assert await server.finished.get() == 1  # the server saw the client hang up
    assert isinstance(exchange, MaybeArrived)
    assert exchange.reason is Reason.TIMEOUT_AFTER_SEND


async def test_an_oversize_answer_keeps_its_status_and_is_cut(sender: HttpSender) -> None:
    huge = answer(b"x" * (16 * MAX_ANSWER_BYTES), status="500 Internal Server Error")
    async with RawServer(answering(huge)) as server:
        exchange = await post(sender, server.url())
        assert isinstance(await post(sender, server.url()), Replied)
    assert isinstance(exchange, Replied)
    assert (exchange.status, len(exchange.body)) == (500, MAX_ANSWER_BYTES)
    assert server.connections == 2  # the rest of the first answer cannot be taken for the second


async def test_no_free_place_is_not_sent(guard: AddressGuard) -> None:
    async with RawServer(silent) as server, HttpSender(guard, timeouts=QUICK, max_in_flight=1) as sender:
        first, second = await asyncio.gather(post(sender, server.url()), post(sender, server.url()))
    assert isinstance(first, MaybeArrived)
    assert isinstance(second, NotSent | MaybeArrived)
    assert second.reason is Reason.POOL_TIMEOUT
    assert len(server.seen) == 1


async def test_cancelling_hangs_up_and_frees_the_place(guard: AddressGuard) -> None:
    async with RawServer(silent, answering()) as server, HttpSender(guard, max_in_flight=1) as sender:
        task = asyncio.create_task(post(sender, server.url()))
        await server.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await server.finished.get() == 1
        assert isinstance(await post(sender, server.url()), Replied)


async def test_closing_the_sender_leaves_what_is_in_flight_in_doubt(guard: AddressGuard) -> None:
    async with RawServer(silent) as server:
        sender = HttpSender(guard)
        task = asyncio.create_task(post(sender, server.url()))
        await server.arrived.wait()
        await sender.aclose()
        exchange = await task
    assert isinstance(exchange, MaybeArrived)
    assert exchange.reason is Reason.CONNECTION_LOST


def test_time_outs_that_would_blur_sent_and_not_sent_are_refused() -> None:
    with pytest.raises(ValueError, match="dns_s < connect_s < total_s"):
        Timeouts(connect_s=10.0, total_s=5.0)
    assert Timeouts(silence_s=60.0).whole_s == 130.0
