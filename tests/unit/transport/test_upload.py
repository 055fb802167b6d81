"""A file on its way: one form, byte for byte, with as much time as its size is worth."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.domain.delivery import Exchange, MaybeArrived, NotSent, Reason, Replied
from bot.transport import AddressGuard, HttpSender, Timeouts
from tests.servers.certs import Authority
from tests.servers.raw import (
    OK,
    Conversation,
    RawServer,
    Script,
    answering,
    close_after_reading,
    reset_after_reading,
    reset_before_reading,
    silent,
)

from .conftest import QUICK

PATH = "/im/cgi-bin/webhook/upload_media?key=k-0123456789&type=file"
NAME = "第20期“简报”.docx"


@pytest.fixture
async def sender(guard: AddressGuard) -> AsyncIterator[HttpSender]:
    async with HttpSender(guard, timeouts=QUICK) as sender:
        yield sender


async def upload(sender: HttpSender, url: str, data: bytes = b"as received", ca_file: str | None = None) -> Exchange:
    exchange = await sender.upload(url, NAME, data, ca_file=ca_file)
    assert "k-0123456789" not in repr(exchange)
    return exchange


async def test_a_file_goes_out_as_one_form_to_the_very_address(sender: HttpSender) -> None:
    data = bytes(range(256)) * 500
    async with RawServer(answering()) as server:
        exchange = await upload(sender, server.url(PATH), data)
    assert isinstance(exchange, Replied)
    (seen,) = server.seen
    head = seen.head.decode().lower()
    assert seen.target == PATH.encode()
    assert head.count("content-length:") == head.count("host:") == head.count("content-type:") == 1
    assert "transfer-encoding" not in head
    boundary = head.partition("multipart/form-data; boundary=")[2].partition("\r\n")[0].encode()
    start = f'Content-Disposition: form-data; name="media"; filename="{NAME}"\r\n'.encode()
    kind = b"Content-Type: application/octet-stream\r\n\r\n"
    assert seen.body == b"--%b\r\n%b%b%b\r\n--%b--\r\n" % (boundary, start, kind, data, boundary)


async def test_a_name_cannot_end_the_forms_header(sender: HttpSender) -> None:
    async with RawServer(answering()) as server:
        await sender.upload(server.url(PATH), 'a"\r\nX-Injected: 1\r\n\r\n.docx', b"as received")
    assert b"\r\nX-Injected" not in server.seen[0].body


@pytest.mark.slow
async def test_a_large_file_is_not_held_to_the_time_of_a_card(guard: AddressGuard) -> None:
    timeouts = Timeouts(dns_s=0.05, connect_s=0.1, silence_s=1.0, total_s=0.2)

    async def slow(client: Conversation) -> None:
        await client.read_request()
        if not await client.hung_up(within_s=0.4):
            await client.write(OK)

    async with RawServer(slow) as server, HttpSender(guard, timeouts=timeouts) as sender:
        assert isinstance(await sender.send(server.url(PATH), bytes(20_000), {}), MaybeArrived)
        assert isinstance(await upload(sender, server.url(PATH), bytes(2_000_000)), Replied)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (reset_before_reading, Reason.CONNECTION_LOST),
        (reset_after_reading, Reason.CONNECTION_LOST),
        (close_after_reading, Reason.CONNECTION_LOST),
        (silent, Reason.TIMEOUT_AFTER_SEND),
    ],
)
async def test_an_upload_that_breaks_off_is_tried_once_and_never_raises(
    sender: HttpSender, script: Script, reason: Reason
) -> None:
    for data in (b"as received", bytes(5_000_000)):
        async with RawServer(script) as server:
            exchange = await upload(sender, server.url(PATH), data)
            assert server.connections == 1
        assert isinstance(exchange, MaybeArrived)
        assert exchange.reason is reason


async def test_the_guard_and_the_targets_own_authority_hold_for_uploads_too(
    sender: HttpSender, tmp_path_factory: pytest.TempPathFactory
) -> None:
    forbidden = await upload(sender, "https://evil.example/upload?key=k-0123456789")
    assert isinstance(forbidden, NotSent)
    assert forbidden.reason is Reason.FORBIDDEN_ADDRESS
    authority = Authority(tmp_path_factory.mktemp("ca"))
    async with RawServer(answering(), tls=authority.server("127.0.0.1")) as server:
        strange = await upload(sender, server.url(PATH))
        trusted = await upload(sender, server.url(PATH), ca_file=authority.ca_file)
    assert isinstance(strange, NotSent)
    assert strange.reason is Reason.TLS_FAILED
    assert isinstance(trusted, Replied)


async def test_uploads_wait_for_each_other_and_cards_do_not_wait_for_them(guard: AddressGuard) -> None:
    go, begun = asyncio.Event(), asyncio.Semaphore(0)

    async def held(client: Conversation) -> None:
        while True:
            seen = await client.read_request()
            if b"upload" in seen.target:
                begun.release()
                await go.wait()
            await client.write(OK)

    async with RawServer(held) as server, HttpSender(guard) as sender:
        uploads = [asyncio.create_task(upload(sender, server.url(PATH))) for _ in range(6)]
        for _ in range(4):
            await begun.acquire()
        assert isinstance(await sender.send(server.url("/send"), b"{}", {}), Replied)
        assert begun.locked(), "a fifth has begun while four were under way"
        go.set()
        assert all(isinstance(one, Replied) for one in await asyncio.gather(*uploads))
