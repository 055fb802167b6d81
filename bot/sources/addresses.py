"""Where a website source may connect to: public addresses, and private ones only when the column is an intranet's.

The address judged is the one connected to, so a name that changes its address in between (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address

import httpx

from bot.domain.address import Reach, reach

_ADDRESSES = 3
"""Tried in turn before the site is said to be away."""


class ForbiddenAddress(Exception):  # noqa: N818 - it states a fact
    """The host leads to no address that may be connected to."""


class GuardedTransport(httpx.AsyncBaseTransport):
    """Looks the host up, judges the address, and connects to that very address.

    `intranet`: private and loopback addresses are allowed too. Raises ForbiddenAddress, or httpx.ConnectError when
    the name cannot be looked up.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, *, intranet: bool) -> None:
        self._inner = inner
        self._intranet = intranet

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host, port = request.url.host, request.url.port or {"https": 443}.get(request.url.scheme, 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"cannot look up {host}") from error
        addresses = dict.fromkeys(str(place[4][0]) for place in found)
        allowed = [address for address in addresses if permitted(address, intranet=self._intranet)][:_ADDRESSES]
        if not allowed:
            raise ForbiddenAddress(host)
        # The Host header was set when the request was built; TLS is told the name to ask for and to verify.
        request.extensions = {**request.extensions, "sni_hostname": host}
        for address in allowed[:-1]:
            request.url = request.url.copy_with(host=address)
            try:
                return await self._inner.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # as browsers do: a site's IPv6 address is often a dead one
        request.url = request.url.copy_with(host=allowed[-1])
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def permitted(written: str, *, intranet: bool) -> bool:
    """May a source connect to this address? Link-local, metadata, multicast and reserved ones stay closed always."""
    found = reach(ip_address(written.partition("%")[0]))
    return found is Reach.PUBLIC or (intranet and found is Reach.INSIDE)
