"""Connections used again: never a second copy of a request, never another request's answer."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from bot.domain.delivery import MaybeArrived, Reason, Replied
from bot.transport.sender import HttpSender
from tests.servers.raw import OK, Conversation, RawServer, answer, answering, answering_once

BODY = b"{}"


async def settle() -> None:
    """Let the loop see what has already come in."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_connection_is_used_again(sender: HttpSender) -> None:
    async with RawServer(answering()) as server:
        for _ in range(3):
            await sender.send(server.url(), BODY, {})
    assert (server.connections, len(server.seen)) == (1, 3)


async def test_a_connection_the_server_closed_while_idle_is_not_used(sender: HttpSender) -> None:
    async with RawServer(answering_once()) as server:
        for number in (1, 2, 3):
            assert isinstance(await sender.send(server.url(), BODY, {}), Replied)
            assert await server.finished.get() == number
            await settle()
    assert (server.connections, len(server.seen)) == (3, 3)


async def test_a_close_the_busy_event_loop_has_not_noticed_yet_puts_nothing_in_doubt(sender: HttpSender) -> None:
    closed = threading.Event()

    def serve(listener: socket.socket) -> None:
        for _ in range(2):
            client, _address = listener.accept()
            with client:
                while not client.recv(4096).endswith(BODY):
                    pass
                client.sendall(OK)
            closed.set()

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        listener.settimeout(5)
        served = pool.submit(serve, listener)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/send"
        assert isinstance(await sender.send(url, BODY, {}), Replied)
        assert closed.wait(10)  # here the loop is busy, and then goes straight on to the next send
        assert isinstance(await sender.send(url, BODY, {}), Replied)
        served.result(10)


async def test_a_connection_closed_just_as_the_request_is_written_leaves_it_in_doubt(sender: HttpSender) -> None:
    async def close_on_second(client: Conversation) -> None:
        await client.read_request()
        await client.write(OK)
        await client.first_byte()
        await client.close()

    async with RawServer(close_on_second, answering()) as server:
        assert isinstance(await sender.send(server.url(), BODY, {}), Replied)
        exchange = await sender.send(server.url(), BODY, {})
    assert isinstance(exchange, MaybeArrived)
    assert exchange.reason is Reason.CONNECTION_LOST
    # Nothing re-sent it: a POST on a stale connection is not tried again on a fresh one.
    assert (server.connections, len(server.seen)) == (1, 1)


async def test_a_connection_reset_just_as_the_request_is_written_is_not_tried_again(sender: HttpSender) -> None:
    async def reset_on_second(client: Conversation) -> None:
        await client.read_request()
        await client.write(OK)
        await client.read_request()
        client.reset()

    async with RawServer(reset_on_second, answering()) as server:
        assert isinstance(await sender.send(server.url(), BODY, {}), Replied)
        assert isinstance(await sender.send(server.url(), BODY, {}), MaybeArrived)
    assert (server.connections, len(server.seen)) == (1, 2)


async def test_an_answer_nobody_asked_for_is_not_taken_for_the_next_one(sender: HttpSender) -> None:
    go = asyncio.Event()

    async def talkative(client: Conversation) -> None:
        await client.read_request()
        await client.write(OK)
        await go.wait()
        await client.write(OK)
        await client.hung_up()

    refusal = answer(b'{"errcode":93000}')
    async with RawServer(talkative, answering(refusal)) as server:
        await sender.send(server.url(), BODY, {})
        go.set()
        await settle()
        exchange = await sender.send(server.url(), BODY, {})
    assert isinstance(exchange, Replied)
    assert exchange.body == b'{"errcode":93000}'
    assert server.connections == 2
