"""Connecting: the address guard at work, and the line between *certainly not sent* and *may have arrived*.

Everything that fails inside `GuardedConnector.connect` fails before the request has a connection to be written to, and
is raised as `NotConnected`. Whatever is raised later is raised by somebody else, so the two cannot be confused.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import ssl
import sys
from collections.abc import Callable
from ipaddress import ip_address
from weakref import WeakKeyDictionary

from aiohttp import ClientConnectionError, ClientConnectorError, ClientSSLError, ClientTimeout, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_exceptions import ClientConnectorDNSError, InvalidURL
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from bot.domain.delivery import Reason

from .guard import AddressGuard

KEEP_ALIVE_S = 4.0
"""Seconds an idle connection may be used again.

Below the shortest server side in common use (uvicorn and Node 5 s, Alibaba SLB 15 s, nginx 75 s), so that it is this
side that lets go first: a connection closed by the other side under a request leaves a delivery in doubt. A release
re-uses a connection within milliseconds, so nothing is lost.
"""

DNS_CACHE_S = 30
"""Seconds a judged address is kept; the address itself is kept, so a cached one needs no second judgement."""


class NotConnected(Exception):  # noqa: N818 - it states a fact, and is always caught in sender.py
    """No connection was had for the request. `detail` never holds an address, path or key."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(reason, detail)


class GuardedResolver(AbstractResolver):
    """Looks names up through `names` and lets only permitted addresses through."""

    def __init__(self, names: AbstractResolver, guard: AddressGuard, *, plain: bool, timeout_s: float) -> None:
        self._names = names
        self._guard = guard
        self._plain = plain
        self._timeout_s = timeout_s

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises `NotConnected` with DNS_FAILED or FORBIDDEN_ADDRESS."""
        try:
            async with asyncio.timeout(self._timeout_s):
                found = await self._names.resolve(host, port, family)
        except TimeoutError as exc:
            raise NotConnected(Reason.DNS_FAILED, "name lookup timed out") from exc
        except OSError as exc:
            raise NotConnected(Reason.DNS_FAILED, _os_detail(exc)) from exc
        permitted = [
            one for one in found if self._guard.permits(host, port, ip_address(one["host"]), plain=self._plain)
        ]
        if not permitted:
            raise NotConnected(Reason.FORBIDDEN_ADDRESS, "域名指向不允许访问的地址，请核对机器人地址。")
        return permitted

    async def close(self) -> None:
        await self._names.close()


class GuardedConnector(TCPConnector):
    """One pool of connections; unlimited, because HttpSender counts what is in flight."""

    def __init__(self, resolver: GuardedResolver, tls: ssl.SSLContext) -> None:
        super().__init__(
            resolver=resolver,
            ssl=tls,
            limit=0,
            keepalive_timeout=KEEP_ALIVE_S,
            ttl_dns_cache=DNS_CACHE_S,
        )
        self._looks: WeakKeyDictionary[ResponseHandler, Callable[[], bool]] = WeakKeyDictionary()

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:  # noqa: ASYNC109
        """A connection that is ready and quiet. Raises `NotConnected`, and nothing else but cancellation."""
        try:
            connection = await super().connect(req, traces, timeout)
            while not self._fit(connection):
                connection.close()
                connection = await super().connect(req, traces, timeout)
            return connection
        except TimeoutError as exc:
            raise NotConnected(Reason.CONNECT_FAILED, "connecting timed out") from exc
        except (ClientSSLError, ssl.SSLError) as exc:
            raise NotConnected(Reason.TLS_FAILED, _tls_detail(exc)) from exc
        except ClientConnectorDNSError as exc:
            raise NotConnected(Reason.DNS_FAILED, _os_detail(exc.os_error)) from exc
        except ClientConnectorError as exc:
            raise NotConnected(Reason.CONNECT_FAILED, _os_detail(exc.os_error)) from exc
        except InvalidURL as exc:
            raise NotConnected(Reason.FORBIDDEN_ADDRESS, "主机地址写法不规范，请核对机器人地址。") from exc
        except (ClientConnectionError, OSError) as exc:
            raise NotConnected(Reason.CONNECT_FAILED, type(exc).__name__) from exc

    def _fit(self, connection: Connection) -> bool:
        """Is this connection new, or has it been silent since its last answer?

        aiohttp re-uses a connection on which bytes came in while it was idle, and would take them for the answer to
        this request: a stray "ok" would become the receipt of a card nobody got. And a close that has reached the
        machine but not yet the event loop, busy as it is, would leave the delivery in doubt.
        """
        protocol = connection.protocol
        if protocol is None or protocol.transport is None or protocol.should_close:
            return False
        silent = self._looks.get(protocol)
        if silent is None:
            self._looks[protocol] = _look(protocol.transport.get_extra_info("socket").fileno())
            return True
        return silent()


def _look(socket_number: int) -> Callable[[], bool]:
    """Tells whether there is nothing to be read, neither bytes nor an end."""
    if sys.platform == "win32":
        return lambda: True  # no poll there; the event loop's own knowledge has to do
    poller = select.poll()
    poller.register(socket_number, select.POLLIN)
    return lambda: not poller.poll(0)


def _os_detail(exc: OSError) -> str:
    # asyncio puts the address into strerror; the system's own words for the number have none.
    return os.strerror(exc.errno) if exc.errno and exc.errno > 0 else type(exc).__name__


def _tls_detail(exc: BaseException) -> str:
    cause = exc.__cause__ if isinstance(exc, ClientSSLError) else exc
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"certificate not accepted: {cause.verify_message}"
    return (cause.reason if isinstance(cause, ssl.SSLError) else "") or "TLS handshake failed"
