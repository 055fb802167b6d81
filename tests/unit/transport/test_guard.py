"""Which addresses a webhook may point at."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bot.domain.delivery import NotSent, Reason, Replied
from bot.domain.errors import ConfigError
from bot.transport.guard import AddressGuard
from bot.transport.sender import HttpSender
from tests.servers.raw import RawServer, answering

from .conftest import QUICK

VENDOR = "qyapi.weixin.qq.com"
KEY = "k-0123456789"
GUARD = AddressGuard(frozenset({VENDOR}), ["127.0.0.1:8080", "[::1]:8080", "im.example.gov.cn", "8.8.8.8", "fe80::1"])


@pytest.mark.parametrize(
    "url",
    [
        f"https://{VENDOR}/cgi-bin/webhook/send?key={KEY}",
        f"https://{VENDOR}:443/cgi-bin/webhook/send?key={KEY}",
        f"https://{VENDOR.upper()}/cgi-bin/webhook/send?key={KEY}",
        f"http://127.0.0.1:8080/send?key={KEY}",
        f"http://[::1]:8080/send?key={KEY}",
        f"http://[0:0:0:0:0:0:0:1]:8080/send?key={KEY}",
        f"https://im.example.gov.cn:8443/send?key={KEY}",
        f"http://im.example.gov.cn/send?key={KEY}",
        f"https://8.8.8.8/send?key={KEY}",
    ],
)
def test_vendor_and_named_hosts_are_let_through(url: str) -> None:
    assert GUARD.check_url(url) is None


@pytest.mark.parametrize(
    "url",
    [
        f"http://{VENDOR}/send?key={KEY}",
        f"https://{VENDOR}:8443/send?key={KEY}",
        f"https://{VENDOR}./send?key={KEY}",
        f"https://{VENDOR}.evil.example/send?key={KEY}",
        f"https://evil-{VENDOR}/send?key={KEY}",
        f"https://{VENDOR}@evil.example/send?key={KEY}",
        f"https://evil.example/{VENDOR}?key={KEY}",
        f"https://evil.example#@{VENDOR}/?key={KEY}",
        f"https://evil.example\\@{VENDOR}/?key={KEY}",
        f"https://{VENDOR}%2eevil.example/?key={KEY}",
        f"https://qyapi。weixin.qq.com/?key={KEY}",
        f"https://user:pass@{VENDOR}/?key={KEY}",
        f"https://{VENDOR}/?key={KEY}#part",
        f"https://{VENDOR}?key={KEY}",
        f" https://{VENDOR}/?key={KEY}",
        f"https://{VENDOR}/?key={KEY}\n",
        f"https://{VENDOR}/?key={KEY}\r\nX-Injected: 1",
        f"https://{VENDOR}/?key={KEY}%0",
        f"https://{VENDOR}:99999/?key={KEY}",
        f"HTTPS://{VENDOR}/?key={KEY}",
        f"ftp://{VENDOR}/?key={KEY}",
        f"file:///etc/passwd?key={KEY}",
        f"http://127.0.0.1/?key={KEY}",
        f"http://127.0.0.1:8081/?key={KEY}",
        f"http://localhost:8080/?key={KEY}",
        f"http://2130706433:8080/?key={KEY}",
        f"http://0x7f000001:8080/?key={KEY}",
        f"http://0177.0.0.1:8080/?key={KEY}",
        f"http://127.1:8080/?key={KEY}",
        f"http://[::ffff:127.0.0.1]:8080/?key={KEY}",
        f"http://[::]:8080/?key={KEY}",
        f"https://10.0.0.1/?key={KEY}",
        f"https://169.254.169.254/latest?key={KEY}",
        f"http://8.8.8.8/?key={KEY}",
        f"https://[fe80::1]/?key={KEY}",
        "",
    ],
)
def test_everything_else_is_refused_without_telling_the_key(url: str) -> None:
    sentence = GUARD.check_url(url)
    assert sentence is not None
    assert sentence.endswith("。")
    assert KEY not in sentence


DOMAIN = "logic.azure.com"
CLOUD = AddressGuard(frozenset({VENDOR, f".{DOMAIN}"}), ["chat.example.gov.cn"])


@pytest.mark.parametrize("below", ["prod-01.westeurope", "x", "PROD-01.WestEurope", "a.b.c.d", "1", "127.0.0.1"])
def test_every_name_below_a_vendors_domain_is_let_through(below: str) -> None:
    assert CLOUD.check_url(f"https://{below}.{DOMAIN}:443/workflows/00/triggers/manual/paths/invoke?sig={KEY}") is None


@pytest.mark.parametrize(
    "host",
    [
        DOMAIN,
        f".{DOMAIN}",
        f"..{DOMAIN}",
        f"x..{DOMAIN}",
        f".x.{DOMAIN}",
        f"evil{DOMAIN}",
        f"evil-{DOMAIN}",
        f"-x.{DOMAIN}",
        f"x-.{DOMAIN}",
        f"x_y.{DOMAIN}",
        f"{'a' * 64}.{DOMAIN}",
        f"x.{DOMAIN}.",
        f"x.{DOMAIN}.evil.example",
        f"x.{DOMAIN}.:443",
        f"x.{DOMAIN}:8443",
        f"x.{DOMAIN}:0",
        f"x.{DOMAIN}@evil.example",
        f"evil.example#x.{DOMAIN}",
        f"evil.example?x.{DOMAIN}",
        f"evil.example/x.{DOMAIN}",
        f"evil.example\\.{DOMAIN}",
        f"evil.example%2f.{DOMAIN}",
        f"evil.example%00.{DOMAIN}",
        f"x\u3002{DOMAIN}",
        f"x.{DOMAIN.replace('o', chr(0x43E))}",
        "azure.com",
        "x.azure.com",
        f"[x.{DOMAIN}]",
        f"x.{VENDOR}",
    ],
)
def test_a_name_that_only_looks_like_one_below_is_refused(host: str) -> None:
    sentence = CLOUD.check_url(f"https://{host}/?sig={KEY}")
    assert sentence is not None
    assert KEY not in sentence


def test_below_a_vendors_domain_plain_http_is_refused_and_so_is_an_inside_address() -> None:
    assert CLOUD.check_url(f"http://x.{DOMAIN}/?sig={KEY}") is not None
    assert not CLOUD.permits(f"x.{DOMAIN}", 443, ip_address("10.0.0.1"), plain=False)
    assert CLOUD.permits(f"x.{DOMAIN}", 443, ip_address("8.8.8.8"), plain=False)


@pytest.mark.parametrize("entry", [".example.gov.cn", ".example.gov.cn:443", "."])
def test_whoever_runs_jianbao_names_hosts_and_not_domains(entry: str) -> None:
    with pytest.raises(ConfigError):
        AddressGuard(frozenset(), [entry])


def test_a_stray_space_is_called_one() -> None:
    assert "空格" in (GUARD.check_url(f"https://{VENDOR}/cgi-bin/webhook/send?key={KEY} ") or "")


@pytest.mark.parametrize("entry", ["", "http://a", "a/b", "a:0", "a:70000", "2130706433", "127.1", "0x7f.0.0.1", "a b"])
def test_an_entry_that_is_no_host_is_a_configuration_error(entry: str) -> None:
    with pytest.raises(ConfigError):
        AddressGuard(frozenset(), [entry])


PUBLIC = ["8.8.8.8", "2400:3200::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
INSIDE = ["127.0.0.1", "::1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "::ffff:10.0.0.1"]
INSIDE += ["64:ff9b::7f00:1", "2002:7f00:1::", "fec0::1"]
CLOSED = ["169.254.169.254", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1"]
CLOSED += ["255.255.255.255", "240.0.0.1", "fe80::1", "ff02::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_needs_tls(address: str) -> None:
    assert GUARD.permits(VENDOR, 443, ip_address(address), plain=False)
    assert not GUARD.permits("im.example.gov.cn", 80, ip_address(address), plain=True)


@pytest.mark.parametrize("address", INSIDE)
def test_an_inside_address_needs_its_host_named(address: str) -> None:
    assert not GUARD.permits(VENDOR, 443, ip_address(address), plain=False)
    assert GUARD.permits("im.example.gov.cn", 443, ip_address(address), plain=False)
    assert GUARD.permits("im.example.gov.cn", 80, ip_address(address), plain=True)


@pytest.mark.parametrize("address", CLOSED)
def test_some_addresses_stay_closed_whatever_is_named(address: str) -> None:
    assert not GUARD.permits("im.example.gov.cn", 443, ip_address(address), plain=False)


_PIECES = st.sampled_from(list("abyz09-._~:/?@!$&'()*+,;=")) | st.sampled_from(
    ["%2B", "%2f", "%3D", "%7E", "%41", "%00"]
)


@given(st.lists(_PIECES, max_size=40).map("".join))
def test_what_the_guard_lets_through_no_parser_rewrites(rest: str) -> None:
    url = f"https://{VENDOR}/{rest}"
    assert GUARD.check_url(url) is None
    path, mark, query = f"/{rest}".partition("?")
    # yarl drops the mark of an empty query, and nothing else.
    assert URL(url, encoded=True).raw_path_qs == (path + mark + query if query else path)


class Names(AbstractResolver):
    """A name table; each look-up of a name takes its next address."""

    def __init__(self, table: dict[str, list[str]]) -> None:
        self._table = table

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        address = self._table[host].pop(0)
        return [ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass


async def test_a_vendor_name_that_leads_inside_is_not_connected_to() -> None:
    names = Names({VENDOR: ["127.0.0.1"]})
    async with HttpSender(AddressGuard(frozenset({VENDOR}), []), timeouts=QUICK, resolver=names) as sender:
        exchange = await sender.send(f"https://{VENDOR}/send?key={KEY}", b"{}", {})
    assert isinstance(exchange, NotSent)
    assert exchange.reason is Reason.FORBIDDEN_ADDRESS


async def test_the_address_that_was_judged_is_the_one_connected_to() -> None:
    """The name's second answer would be a metadata service; nobody asks a second time."""
    names = Names({"im.example.gov.cn": ["127.0.0.1", "169.254.169.254"]})
    guard = AddressGuard(frozenset(), ["im.example.gov.cn"])
    async with RawServer(answering()) as server, HttpSender(guard, timeouts=QUICK, resolver=names) as sender:
        exchange = await sender.send(server.url(host="im.example.gov.cn"), b"{}", {})
    assert isinstance(exchange, Replied)
    assert b"host: im.example.gov.cn:" in server.seen[0].head.lower()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/?key=k-0123456789", "https://[::1]/?key=k-0123456789"])
async def test_a_refused_address_is_not_sent(url: str) -> None:
    async with HttpSender(AddressGuard(frozenset({VENDOR}), []), timeouts=QUICK) as sender:
        exchange = await sender.send(url, b"{}", {})
    assert isinstance(exchange, NotSent)
    assert exchange.reason is Reason.FORBIDDEN_ADDRESS
    assert KEY not in exchange.detail


@pytest.mark.parametrize(
    "target",
    ["/send?sign=a%2Bb%2Fc%3D&x=%7E%41", "/hook/a%2fb?x='(1)*", "/?a=1&&b=+;c=%E7%AE%80", "/a/../b/./c?d=/../"],
)
async def test_a_url_goes_out_byte_for_byte(sender: HttpSender, target: str) -> None:
    async with RawServer(answering()) as server:
        await sender.send(server.url(target), b"{}", {})
    assert server.seen[0].target == target.encode()
