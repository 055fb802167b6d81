"""Own certificate authorities: which files will do, and that trust in them is lent to nobody."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channels import CHANNELS
from bot.domain.delivery import NotSent, OutcomeClass, Reason, Replied
from bot.domain.secret import Secret
from bot.flows.sending import judge
from bot.transport import AddressGuard, Authorities, HttpSender, UnfitAuthority
from tests.servers.certs import Authority
from tests.servers.raw import RawServer, answering

from .conftest import QUICK
from .test_signing import AT


def put(authority: Authority, path: Path) -> None:
    path.write_bytes(Path(authority.ca_file).read_bytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`own.pem` and `other.pem` are two authorities; the rest is what is found in such folders."""
    for name in ("own", "other"):
        (tmp_path / name).mkdir()
        put(Authority(tmp_path / name), tmp_path / f"{name}.pem")
    own = (tmp_path / "own.pem").read_bytes()
    (tmp_path / "bundle.pem").write_bytes("内网根证书\n".encode() + own + (tmp_path / "other.pem").read_bytes())
    (tmp_path / "cut.pem").write_bytes(own[:-40])
    (tmp_path / "bent.pem").write_bytes(own.replace(b"\nMII", b"\nAII", 1))
    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n")
    (tmp_path / "half.pem").write_bytes(own + own[:-40])
    (tmp_path / "text.pem").write_text("not a certificate")
    (tmp_path / "empty.pem").write_bytes(b"")
    (tmp_path / "huge.pem").write_bytes(own + b"\n" * 1_000_001)
    os.mkfifo(tmp_path / "pipe.pem")
    return tmp_path


@pytest.fixture
async def sender(guard: AddressGuard, folder: Path) -> AsyncIterator[HttpSender]:
    async with HttpSender(guard, authorities=Authorities(folder), timeouts=QUICK) as sender:
        yield sender


@pytest.mark.parametrize("name", ["own.pem", "bundle.pem", "{folder}/own.pem"])
def test_a_certificate_file_will_do_by_its_name_or_its_whole_path(folder: Path, name: str) -> None:
    assert Authorities(folder).objection(name.format(folder=folder)) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone.pem", "找不到"),
        ("gone/own.pem", "找不到"),
        ("text.pem/own.pem", "找不到"),
        ("own.pem\x00", "找不到"),
        ("", "文件名"),
        ("../own.pem", "不能含"),
        ("own", "不是文件"),
        ("pipe.pem", "不是文件"),
        ("huge.pem", "太大"),
        ("text.pem", "PEM"),
        ("empty.pem", "PEM"),
        ("key.pem", "PEM"),
        ("cut.pem", "PEM"),
        ("half.pem", "PEM"),
        ("bent.pem", "损坏"),
    ],
)
async def test_what_is_no_certificate_file_is_refused_and_nothing_is_sent(
    folder: Path, sender: HttpSender, name: str, said: str
) -> None:
    sentence = Authorities(folder).objection(name)
    assert sentence is not None
    assert said in sentence
    with pytest.raises(UnfitAuthority):
        Authorities(folder).expires(name)
    async with RawServer(answering()) as server:
        exchange = await sender.send(server.url().replace("http:", "https:"), b"{}", {}, ca_file=name)
    assert exchange == NotSent(Reason.CA_UNUSABLE, sentence)
    assert server.connections == 0
    assert judge(exchange, CHANNELS["wecom"], AT, Secret(""), None).outcome is OutcomeClass.RETRY_LATER


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_the_service_may_not_read_is_refused(folder: Path) -> None:
    (folder / "own.pem").chmod(0)
    assert "读不了" in (Authorities(folder).objection("own.pem") or "")


def test_one_knows_when_an_authority_ends(folder: Path) -> None:
    end = Authorities(folder).expires("own.pem")
    assert end is not None
    assert end.tzinfo is not None


async def test_each_target_trusts_its_own_authority_and_no_other(sender: HttpSender, folder: Path) -> None:
    """A pool that the wrong one had filled would answer: the connection is there and open."""
    for mine, theirs in (("own", "other"), ("other", "own")):
        tls = Authority(folder / mine)
        put(tls, folder / f"{mine}.pem")
        async with RawServer(answering(), tls=tls.server("127.0.0.1")) as server:
            trusted = [await sender.send(server.url(), b"{}", {}, ca_file=f"{mine}.pem") for _ in range(2)]
            strange = [await sender.send(server.url(), b"{}", {}, ca_file=ca) for ca in (f"{theirs}.pem", None)]
        assert all(isinstance(one, Replied) for one in trusted)
        assert [one.reason for one in strange if isinstance(one, NotSent)] == [Reason.TLS_FAILED] * 2
        assert len(server.seen) == 2


async def test_two_files_with_one_content_share_their_connections(sender: HttpSender, folder: Path) -> None:
    tls = Authority(folder / "own")
    for name in ("one.pem", "two.pem"):
        put(tls, folder / name)
    async with RawServer(answering(), tls=tls.server("127.0.0.1")) as server:
        for name in ("one.pem", "two.pem"):
            assert isinstance(await sender.send(server.url(), b"{}", {}, ca_file=name), Replied)
    assert server.connections == 1


async def test_a_file_that_is_put_right_counts_from_the_next_send(sender: HttpSender, folder: Path) -> None:
    tls = Authority(folder / "own")
    (folder / "own.pem").write_text("to be filled in")
    async with RawServer(answering(), tls=tls.server("127.0.0.1")) as server:
        assert isinstance(await sender.send(server.url(), b"{}", {}, ca_file="own.pem"), NotSent)
        put(tls, folder / "own.pem")
        assert isinstance(await sender.send(server.url(), b"{}", {}, ca_file="own.pem"), Replied)
        (folder / "own.pem").unlink()
        gone = await sender.send(server.url(), b"{}", {}, ca_file="own.pem")
    assert isinstance(gone, NotSent)
    assert gone.reason is Reason.CA_UNUSABLE
    assert len(server.seen) == 1


async def test_plain_http_does_not_ask_for_the_file(sender: HttpSender) -> None:
    async with RawServer(answering()) as server:
        assert isinstance(await sender.send(server.url(), b"{}", {}, ca_file="gone.pem"), Replied)
