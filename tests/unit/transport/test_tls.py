"""TLS: whatever fails before the handshake is done was not sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.delivery import Exchange, MaybeArrived, NotSent, Reason, Replied
from bot.transport.sender import HttpSender
from tests.servers.certs import Authority
from tests.servers.raw import (
    Conversation,
    RawServer,
    Script,
    answering,
    close_after_reading,
    reset_after_reading,
    reset_before_reading,
    silent,
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


async def post(sender: HttpSender, url: str, ca_file: str | None) -> Exchange:
    return await sender.send(url, b"{}", {}, ca_file=ca_file)


async def test_a_private_authority_is_trusted_when_it_is_named(sender: HttpSender, authority: Authority) -> None:
    async with RawServer(answering(), tls=authority.server("127.0.0.1")) as server:
        assert isinstance(await post(sender, server.url(), authority.ca_file), Replied)
        assert isinstance(await post(sender, server.url(), authority.ca_file), Replied)
    assert (server.connections, len(server.seen)) == (1, 2)


async def test_trust_in_one_target_is_not_lent_to_another(sender: HttpSender, authority: Authority) -> None:
    async with RawServer(answering(), tls=authority.server("127.0.0.1")) as server:
        assert isinstance(await post(sender, server.url(), authority.ca_file), Replied)
        exchange = await post(sender, server.url(), None)
    assert isinstance(exchange, NotSent)
    assert exchange.reason is Reason.TLS_FAILED
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("names", "days", "said"),
    [(("localhost",), 1, "mismatch"), (("im.example.gov.cn",), 1, "mismatch"), (("127.0.0.1",), -1, "expired")],
)
async def test_a_certificate_for_another_host_or_time_is_not_sent_to(
    sender: HttpSender, authority: Authority, names: tuple[str, ...], days: int, said: str
) -> None:
    async with RawServer(answering(), tls=authority.server(*names, days=days)) as server:
        exchange = await post(sender, server.url(), authority.ca_file)
    assert isinstance(exchange, NotSent)
    assert exchange.reason is Reason.TLS_FAILED
    assert said in exchange.detail
    assert server.seen == []


async def test_an_untrusted_certificate_is_not_sent_to(
    sender: HttpSender, authority: Authority, tmp_path: Path
) -> None:
    async with RawServer(answering(), tls=authority.server("127.0.0.1")) as server:
        exchange = await post(sender, server.url(), Authority(tmp_path).ca_file)
    assert isinstance(exchange, NotSent)
    assert exchange.reason is Reason.TLS_FAILED
    assert server.seen == []


async def test_plain_http_on_a_tls_port_is_not_sent(sender: HttpSender) -> None:
    async def talks_http(client: Conversation) -> None:
        await client.first_byte()
        await client.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await client.hung_up()

    async with RawServer(talks_http) as server:
        exchange = await post(sender, server.url().replace("http:", "https:"), None)
    assert isinstance(exchange, NotSent)
    assert exchange.reason is Reason.TLS_FAILED


async def test_a_reset_in_the_handshake_is_not_sent(sender: HttpSender) -> None:
    async with RawServer(reset_before_reading) as server:
        exchange = await post(sender, server.url().replace("http:", "https:"), None)
    assert isinstance(exchange, NotSent)
    assert exchange.reason in (Reason.CONNECT_FAILED, Reason.TLS_FAILED)


@pytest.mark.parametrize("script", [reset_after_reading, close_after_reading, silent])
async def test_after_the_handshake_it_may_have_arrived(
    sender: HttpSender, authority: Authority, script: Script
) -> None:
    async with RawServer(script, tls=authority.server("127.0.0.1")) as server:
        exchange = await post(sender, server.url(), authority.ca_file)
    assert isinstance(exchange, MaybeArrived)
    assert (server.connections, len(server.seen)) == (1, 1)
