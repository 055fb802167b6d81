"""A webhook that costs next to nothing: a raw HTTP sink in a process of its own, on a core of its own.

It answers every POST as WeCom would after `delay_s`, and counts. `GET` answers the count and the Unix time of the
first, and forgets both.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import uvloop

_OK = b'{"errcode":0,"errmsg":"ok"}'


class _Sink(asyncio.Protocol):
    count = 0
    first_at = 0.0

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's do not inherit from asyncio's

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._data) < end + 4 + length:
                return
            self._data = self._data[end + 4 + length :]
            if head.startswith(b"get"):
                self._answer(f"{_Sink.count} {_Sink.first_at}".encode())
                _Sink.count, _Sink.first_at = 0, 0.0
                continue
            _Sink.first_at = _Sink.first_at or time.time()
            _Sink.count += 1
            if self._delay_s:
                asyncio.get_running_loop().call_later(self._delay_s, self._answer, _OK)
            else:
                self._answer(_OK)

    def _answer(self, body: bytes) -> None:
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


async def _serve(delay_s: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Sink(delay_s), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until the parent goes away
    server.close()


def pin(core: int) -> None:
    """Keep this process on one core, where the system can; 0 is the client's, 1 the sink's."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[min(core, len(cores) - 1)]})


@contextmanager
def sink(delay_s: float = 0.0) -> Iterator[str]:
    """Its base URL, `http://127.0.0.1:PORT`, for as long as the block lasts."""
    command = [sys.executable, "-m", "benchmarks._sink", str(delay_s)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


def seen(url: str) -> tuple[int, float]:
    """How many POSTs the sink has had since this was last asked, and when the first came (Unix time; 0: none)."""
    with urllib.request.urlopen(f"{url}/seen", timeout=10) as reply:
        count, first_at = reply.read().split()
    return int(count), float(first_at)


def taken(url: str) -> int:
    """How many POSTs the sink has had since this was last asked."""
    return seen(url)[0]


if __name__ == "__main__":
    pin(1)
    uvloop.run(_serve(float(sys.argv[1])))
