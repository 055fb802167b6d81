"""One HTTP try: a POST to a webhook, told apart into answered, certainly not sent, and may have arrived.

Nothing here re-sends, follows a redirect, keeps a cookie, reads a proxy from the environment, or unpacks an answer.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from aiohttp import ClientError, ClientResponseError, ClientTimeout, ThreadedResolver
from aiohttp.abc import AbstractResolver

from bot.domain.delivery import Exchange, MaybeArrived, NotSent, Reason, Replied

from .authorities import Authorities, UnfitAuthority, Version, context
from .connector import GuardedResolver, NotConnected
from .guard import AddressGuard
from .wire import WebhookTransport

# identity: an answer is not unpacked here, so none is asked for.
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "Jianbao"}


@lru_cache(maxsize=64)
def _with_ours(headers: tuple[tuple[str, str], ...]) -> httpx.Headers:
    """Nearly all requests carry the same few."""
    return httpx.Headers({**_HEADERS, **dict(headers)})


# Parsing a URL costs httpx as much as aiohttp needs to send it; scheme, host and port are few.
_origin = lru_cache(maxsize=1024)(httpx.URL)
_NONE: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. Before `connect_s` is over nothing was sent; after it, a time-out leaves the delivery in doubt.

    `pool_s`: waiting for one of the `max_in_flight` places. `dns_s`: looking the name up. `connect_s`: name, TCP and
    TLS together. `silence_s`: between two pieces of the answer, the first included. `total_s`: the whole attempt once
    it has a place, however steadily the answer drips; None: `connect_s` and twice `silence_s`.
    """

    pool_s: float = 20.0
    dns_s: float = 5.0
    connect_s: float = 10.0
    silence_s: float = 15.0
    total_s: float | None = None

    def __post_init__(self) -> None:
        # Were the total to strike first, an attempt that never connected would count as possibly arrived.
        if not self.dns_s < self.connect_s < self.whole_s:
            raise ValueError("timeouts must satisfy dns_s < connect_s < total_s")

    @property
    def whole_s(self) -> float:
        return self.connect_s + 2 * self.silence_s if self.total_s is None else self.total_s


UPLOADS_AT_ONCE = 4
"""More would only share the line with each other, and with the cards."""
SLOWEST_BYTES_S = 64 * 1024
"""An upload that gets on at this rate is let finish."""


class HttpSender:
    """The sender of one process; use it as an async context manager, or call `aclose()`.

    `authorities`: finds the `ca_file` of a target. `max_in_flight`: requests at once, over all hosts. `resolver`: how
    names become addresses, the system's by default; the guard judges what it answers either way.
    """

    def __init__(
        self,
        guard: AddressGuard,
        *,
        authorities: Authorities | None = None,
        timeouts: Timeouts | None = None,
        max_in_flight: int = 500,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._guard = guard
        self._authorities = authorities or Authorities(Path())
        self._timeouts = timeouts or Timeouts()
        self._places = asyncio.Semaphore(max_in_flight)
        self._uploads = asyncio.Semaphore(UPLOADS_AT_ONCE)
        self._names = resolver
        self._transports: dict[tuple[bool, bytes], WebhookTransport] = {}
        self._trusted: dict[str, tuple[Version, bytes]] = {}

    async def send(self, url: str, body: bytes, headers: Mapping[str, str], *, ca_file: str | None = None) -> Exchange:
        """POST `body` to `url` once, both byte for byte as given.

        `ca_file`: PEM file of the only certificate authorities to trust, None: the public ones. A changed file counts
        from the next send on. `Replied.headers` finds names in any case; `Replied.body` is cut at MAX_ANSWER_BYTES.
        `detail` is for the log: no part of the URL is in it. Raises only on cancellation and on programming errors.
        """
        # stream=, not content=: Host and Content-Length are then written once, by aiohttp, and not by httpx before it.
        return await self._try(url, httpx.ByteStream(body), headers, ca_file)

    async def upload(self, url: str, name: str, data: bytes, *, ca_file: str | None = None) -> Exchange:
        """POST the file `data` to `url` once, as the part `media` of a form, under `name`. Otherwise as `send`; it may
        take as much longer as its size is worth."""
        # httpx writes the name as UTF-8 between quotes, as browsers do; RFC 2231's form is not understood everywhere.
        form = httpx.Request("POST", "https://form.invalid", files={"media": (name, data, "application/octet-stream")})
        headers = {field: form.headers[field] for field in ("Content-Type", "Content-Length")}
        times = self._timeouts
        limits = ClientTimeout(
            total=times.whole_s + len(data) / SLOWEST_BYTES_S, connect=times.connect_s, sock_read=times.silence_s
        )
        async with self._uploads:
            return await self._try(url, form.stream, headers, ca_file, {"limits": limits})

    async def _try(
        self,
        url: str,
        stream: httpx.SyncByteStream | httpx.AsyncByteStream,
        headers: Mapping[str, str],
        ca_file: str | None,
        extensions: Mapping[str, object] = _NONE,
    ) -> Exchange:
        refusal = self._guard.check_url(url)
        if refusal is not None:
            return NotSent(Reason.FORBIDDEN_ADDRESS, refusal)
        try:
            await self._take_place()
        except TimeoutError:
            return NotSent(Reason.POOL_TIMEOUT, f"no free place within {self._timeouts.pool_s:g} s")
        try:
            return await self._exchange(url, stream, headers, ca_file, extensions)
        finally:
            self._places.release()

    async def aclose(self) -> None:
        """Close all connections; what is still in flight ends as not sent or in doubt, whichever is true."""
        for transport in self._transports.values():
            await transport.aclose()
        self._transports.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _take_place(self) -> None:
        if self._places.locked():
            async with asyncio.timeout(self._timeouts.pool_s):
                await self._places.acquire()
        else:
            await self._places.acquire()

    async def _exchange(
        self,
        url: str,
        stream: httpx.SyncByteStream | httpx.AsyncByteStream,
        headers: Mapping[str, str],
        ca_file: str | None,
        extensions: Mapping[str, object],
    ) -> Exchange:
        try:
            transport = self._transport(plain=url.startswith("http:"), ca_file=ca_file)
        except UnfitAuthority as unfit:
            return NotSent(Reason.CA_UNUSABLE, str(unfit))
        at = url.find("/", len("https://"))
        origin, target = (url[:at], url[at:]) if at > 0 else (url, "/")
        request = httpx.Request(
            "POST",
            _origin(origin),
            stream=stream,
            headers=_with_ours(tuple(headers.items())),
            extensions={"target": target.encode("ascii"), **extensions},
        )
        try:
            response = await transport.handle_async_request(request)
        except NotConnected as exc:
            return NotSent(exc.reason, exc.detail)
        except TimeoutError as exc:
            return MaybeArrived(Reason.TIMEOUT_AFTER_SEND, type(exc).__name__)
        except ClientResponseError:
            return MaybeArrived(Reason.NOT_JSON, "the answer is not HTTP")
        except (ClientError, OSError) as exc:
            return MaybeArrived(Reason.CONNECTION_LOST, type(exc).__name__)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        return Replied(response.status_code, response.headers, b"".join([piece async for piece in response.stream]))

    def _transport(self, *, plain: bool, ca_file: str | None) -> WebhookTransport:
        """One pool for each set of authorities, whatever the files are called: a connection is lent to nobody who
        would not have made it."""
        pem = b"" if plain or ca_file is None else self._pem(ca_file)
        if (plain, pem) not in self._transports:
            timeouts = self._timeouts
            self._transports[plain, pem] = WebhookTransport(
                GuardedResolver(self._names or ThreadedResolver(), self._guard, plain=plain, timeout_s=timeouts.dns_s),
                context(pem, ca_file) if pem and ca_file else _public(),
                ClientTimeout(total=timeouts.whole_s, connect=timeouts.connect_s, sock_read=timeouts.silence_s),
            )
        return self._transports[plain, pem]

    def _pem(self, ca_file: str) -> bytes:
        version = self._authorities.version(ca_file)
        known = self._trusted.get(ca_file)
        if known is None or known[0] != version:
            known = self._trusted[ca_file] = (version, self._authorities.pem(ca_file))
        return known[1]


def _public() -> ssl.SSLContext:
    # httpx's public authorities (certifi) rather than the system's, so that a slim container needs no package for it.
    return httpx.create_ssl_context(trust_env=False)
