"""How often does a connection that the other side closes put a delivery in doubt?

    python -m benchmarks keepalive                takes some four minutes, most of it waiting

Servers that close a connection after so many seconds of idleness, as common ones do (uvicorn and Node 5, Alibaba's load
balancers 15, nginx 75) and shorter than any does, are sent bursts with pauses between them that end about when they
close. All go through one `HttpSender`, which lets a connection go after KEEP_ALIVE_S by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import cast

import uvloop

from bot.transport import AddressGuard, HttpSender
from bot.transport.connector import KEEP_ALIVE_S

from ._load import BODY, HEADERS, Load
from ._sink import pin, seen

IDLE_S = (0.5, 1.0, 2.0, 3.0, 5.0, 15.0, 75.0)
AROUND_S = 0.05
"""Half of the pauses end within this of the moment the server closes, or of the one we do when that comes first."""
_OK = b'HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{"errcode":0,"errmsg":"ok"}'


class _Closing(asyncio.Protocol):
    """Answers every POST, and closes after `idle_s` without one. A GET is told how many connections there were."""

    idle_s = 0.0
    connections = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's do not inherit from asyncio's
        self._left = 0
        _Closing.connections += 1
        self._wait()

    def _wait(self) -> None:
        self._end = asyncio.get_running_loop().call_later(self.idle_s, self._transport.close)

    def data_received(self, data: bytes) -> None:
        self._end.cancel()
        if data.startswith(b"GET"):
            body = b"%d 0" % (_Closing.connections - 1)
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            return
        if not self._left:
            head, _, _ = data.partition(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            self._left = len(head) + 4 + int(length.split(b":")[1])
        self._left -= len(data)
        if not self._left:
            self._transport.write(_OK)
            self._wait()


async def _serve(idle_s: float) -> None:
    _Closing.idle_s = idle_s
    server = await asyncio.get_running_loop().create_server(_Closing, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until the parent goes away
    server.close()


@contextmanager
def _server(idle_s: float) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.keepalive", str(idle_s)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


async def _bursts(sender: HttpSender, load: Load, idle_s: float, bursts: int) -> Counter[str]:
    """`load.count` sends at once, again and again; what came back, by kind."""
    dice = random.Random(idle_s)
    found: Counter[str] = Counter()
    end = min(idle_s, KEEP_ALIVE_S)
    for number in range(bursts):
        exchanges = await asyncio.gather(*(sender.send(url, BODY, HEADERS) for url in load.urls()))
        found.update(type(one).__name__ for one in exchanges)
        around = dice.uniform(end - AROUND_S, end + AROUND_S)
        await asyncio.sleep(around if number % 2 else dice.uniform(0, 1.2 * end))
    return found


async def _measure(bases: Sequence[str], at_once: int, bursts: int) -> list[Counter[str]]:
    guard = AddressGuard(frozenset(), tuple(base.removeprefix("http://") for base in bases))
    async with HttpSender(guard, max_in_flight=at_once * len(bases)) as sender:
        loads = [
            _bursts(sender, Load(base, at_once, at_once), s, bursts) for base, s in zip(bases, IDLE_S, strict=True)
        ]
        return await asyncio.gather(*loads)


def main(args: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks keepalive", description=__doc__)
    parser.add_argument("--at-once", type=int, default=40, help="connections to each server (default %(default)s)")
    parser.add_argument("--bursts", type=int, default=60, help="bursts at each server (default %(default)s)")
    options = parser.parse_args(args)
    with ExitStack() as stack:
        bases = [stack.enter_context(_server(idle_s)) for idle_s in IDLE_S]
        found = uvloop.run(_measure(bases, options.at_once, options.bursts))
        made = [seen(base)[0] for base in bases]
    print(f"\n{'closes after':>14}{'sends':>10}{'connections':>14}{'used again':>12}{'in doubt':>10}{'not sent':>10}")
    for idle_s, one, connections in zip(IDLE_S, found, made, strict=True):
        sends = one.total()
        again = (sends - connections) / sends
        print(
            f"{idle_s:>12g} s{sends:>10,}{connections:>14,}{again:>12.0%}{one['MaybeArrived']:>10}{one['NotSent']:>10}"
        )


if __name__ == "__main__":
    pin(1)
    uvloop.run(_serve(float(sys.argv[1])))
