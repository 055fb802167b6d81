"""A loopback server that follows a script byte by byte, and remembers what it saw."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class Seen:
    """One whole request, as it came over the wire; `target` is the second word of the request line."""

    target: bytes
    head: bytes
    body: bytes


class Conversation:
    """One accepted connection, from the server's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: RawServer) -> None:
        self._reader = reader
        self._writer = writer
        self._server = server

    async def read_request(self) -> Seen:
        """Wait for a whole request. Raises `IncompleteReadError` when the client hangs up first."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        seen = Seen(head.split(b" ", 2)[1], head, await self._reader.readexactly(length))
        self._server.seen.append(seen)
        self._server.arrived.set()
        return seen

    async def first_byte(self) -> None:
        await self._reader.readexactly(1)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        """Close in an orderly way: FIN."""
        self._writer.close()
        await self._writer.wait_closed()

    def reset(self) -> None:
        """Close with RST: zero linger makes the kernel drop what is unsent and unread."""
        raw: socket.socket = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def hung_up(self, within_s: float | None = None) -> bool:
        """Wait until the client hangs up, or `within_s` seconds."""
        try:
            async with asyncio.timeout(within_s):
                await self._reader.read()
        except TimeoutError:
            return False
        return True


Script = Callable[[Conversation], Awaitable[None]]
"""What the server does with one connection."""


class RawServer:
    """Listens on 127.0.0.1; the n-th connection gets the n-th script, the last script all later ones."""

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        self._scripts = scripts
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self.seen: list[Seen] = []
        self.arrived = asyncio.Event()
        """Set once a whole request has come."""
        self.connections = 0
        self.finished: asyncio.Queue[int] = asyncio.Queue()
        """Gets the number of each connection, from 1, once its script has run to its end."""
        self.port = 0

    def url(self, target: str = "/send?key=k-0123456789", host: str = "127.0.0.1") -> str:
        return f"http{'s' if self._tls else ''}://{host}:{self.port}{target}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._scripts[min(number, len(self._scripts)) - 1](Conversation(reader, writer, self))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client hung up, which many scripts are written to provoke
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            self.finished.put_nowait(number)
            writer.close()


def answer(body: bytes, *, status: str = "200 OK", extra: str = "") -> bytes:
    """A whole HTTP answer with its length."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body


OK = answer(b'{"errcode":0,"errmsg":"ok"}', extra="Content-Type: application/json\r\n")


def answering(reply: bytes = OK) -> Script:
    """Answer every request on the connection with `reply`, keeping it open."""

    async def script(client: Conversation) -> None:
        while True:
            await client.read_request()
            await client.write(reply)

    return script


def answering_once(reply: bytes = OK) -> Script:
    """Answer one request, then close the connection without having announced it."""

    async def script(client: Conversation) -> None:
        await client.read_request()
        await client.write(reply)
        await client.close()

    return script


async def reset_before_reading(client: Conversation) -> None:
    client.reset()


async def reset_after_reading(client: Conversation) -> None:
    await client.read_request()
    client.reset()


async def close_after_reading(client: Conversation) -> None:
    await client.read_request()
    await client.close()


async def silent(client: Conversation) -> None:
    await client.read_request()
    await client.hung_up()


async def drip(client: Conversation) -> None:
    """An answer that never ends, a byte at a time, never silent for long."""
    await client.read_request()
    await client.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
    while not await client.hung_up(within_s=0.005):
        await client.write(b" ")
