"""The connection itself: resets, clean closes and half answers as real socket events.

An ASGI server hides the connection, so the sandbox runs on uvicorn's HTTP protocol with one addition: the transport
stands in the scope.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from starlette.types import Receive, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

_EXTENSION = "jianbao.sandbox.transport"
_LINGER_0 = struct.pack("ii", 1, 0)


class SandboxProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, its transport within reach of the application."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn narrows it
        """Put the new connection's transport into every scope built on it."""
        super().connection_made(transport)
        application: Any = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[_EXTENSION] = transport
            await application(scope, receive, send)

        self.app = with_transport


async def drop(scope: Scope, receive: Receive, how: Literal["reset", "close"]) -> None:
    """End the connection with RST or FIN, if the caller has not left already, and return once it is gone."""
    transport = _transport(scope)
    if transport.is_closing():
        return
    if how == "reset":
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
        transport.abort()
    else:
        transport.close()
    await _gone(receive)


async def pause(receive: Receive, seconds: float | None) -> bool:
    """Do nothing for `seconds` (None: without end), or until the caller leaves or the server stops.

    Returns whether the caller is still there.
    """
    try:
        async with asyncio.timeout(seconds):
            await _gone(receive)
    except TimeoutError:
        return True
    return False


def _transport(scope: Scope) -> asyncio.Transport:
    transport = scope.get("extensions", {}).get(_EXTENSION)
    if transport is None:
        raise RuntimeError("connection faults need the sandbox's own server: SandboxServer or bot.sandbox.run")
    return transport  # type: ignore[no-any-return] # put there by SandboxProtocol


async def _gone(receive: Callable[[], Awaitable[object]]) -> None:
    while True:
        event = await receive()
        if isinstance(event, dict) and event["type"] == "http.disconnect":
            return
