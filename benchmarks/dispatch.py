"""What durability costs: Jianbao's dispatch beside client loops that write nothing down.

Same bodies, same sink, same run; each measurement in a fresh process on one core, the sink on the other, repetitions
interleaved so that a disturbance hits all variants alike. Printed: medians, ratios to the bare httpx-aiohttp loop,
and the peak memory of the process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from statistics import median

import httpx
import uvloop
from httpx_aiohttp import AiohttpTransport

from bot.domain.delivery import Replied
from bot.transport import AddressGuard, HttpSender

from ._sink import pin, sink, taken

HEADERS = {"Content-Type": "application/json; charset=utf-8"}
BODY = json.dumps(
    {"msgtype": "markdown", "markdown": {"content": "梅州市城镇老旧小区改造工作简报。" * 61}}, ensure_ascii=False
).encode()
"""3 KB, as a card of an issue is."""

Post = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Load:
    """One measurement: `count` POSTs to as many different robots at `base`, `in_flight` at once."""

    base: str
    count: int
    in_flight: int

    def urls(self) -> Iterator[str]:
        return (f"{self.base}/cgi-bin/webhook/send?key={number:036d}" for number in range(self.count))


async def _loop(load: Load, post: Post) -> float:
    """`in_flight` workers over one list; seconds from the first request to the last answer."""
    urls = load.urls()

    async def worker() -> None:
        for url in urls:
            await post(url)

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(load.in_flight)))
    return time.perf_counter() - started


async def _with_client(load: Load, client: AbstractAsyncContextManager[httpx.AsyncClient]) -> float:
    async with client as http:

        async def post(url: str) -> None:
            (await http.post(url, content=BODY, headers=HEADERS)).raise_for_status()

        return await _loop(load, post)


async def bare_aiohttp(load: Load) -> float:
    limits = httpx.Limits(max_connections=load.in_flight)
    return await _with_client(load, httpx.AsyncClient(transport=AiohttpTransport(limits=limits), timeout=30))


async def plain_httpx(load: Load) -> float:
    limits = httpx.Limits(max_connections=load.in_flight)
    return await _with_client(load, httpx.AsyncClient(limits=limits, timeout=30, trust_env=False))


async def sender_alone(load: Load) -> float:
    guard = AddressGuard(frozenset(), ["127.0.0.1"])
    async with HttpSender(guard, max_in_flight=load.in_flight) as sender:

        async def post(url: str) -> None:
            exchange = await sender.send(url, BODY, HEADERS)
            assert isinstance(exchange, Replied), exchange

        return await _loop(load, post)


@dataclass(frozen=True, slots=True)
class Variant:
    """`share`: of the common count; the slow ones get fewer, the figures are per second anyway."""

    title: str
    measure: Callable[[Load], Awaitable[float]]
    share: float = 1.0


VARIANTS = {
    "bare": Variant("httpx-aiohttp loop, records nothing", bare_aiohttp),
    "sender": Variant("HttpSender alone, records nothing", sender_alone),
    "httpx": Variant("plain httpx loop, records nothing", plain_httpx, share=0.05),
}
BASELINE = "bare"


@dataclass(frozen=True, slots=True)
class Figure:
    per_second: float
    peak_mb: float


def _in_child(name: str, load: Load) -> Figure:
    """Measure one variant in a fresh process, and hold it to the sink's own count."""
    command = [sys.executable, "-m", "benchmarks.dispatch", name, load.base, str(load.count), str(load.in_flight)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=300)
    seconds, peak_mb = map(float, done.stdout.split())
    arrived = taken(load.base)
    if arrived != load.count:
        sys.exit(f"{name}: {load.count} sent, but {arrived} arrived at the sink")
    return Figure(load.count / seconds, peak_mb)


def _child(name: str, load: Load) -> None:
    pin(0)
    seconds = uvloop.run(_timed(VARIANTS[name].measure, load))
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


async def _timed(measure: Callable[[Load], Awaitable[float]], load: Load) -> float:
    return await measure(load)


def _table(count: int, in_flight: int, delay_s: float, repeat: int) -> None:
    figures: dict[str, list[Figure]] = {name: [] for name in VARIANTS}
    with sink(delay_s) as base:
        for _ in range(repeat):
            for name, variant in VARIANTS.items():
                figures[name].append(_in_child(name, Load(base, max(int(count * variant.share), in_flight), in_flight)))
    print(
        f"\n{len(BODY):,} byte bodies, {in_flight} in flight, sink answers after {delay_s * 1000:g} ms, "
        f"{count:,} requests, {repeat} repetitions, medians, {os.cpu_count()} cores"
    )
    print(f"{'':40}{'per second':>12}{'lowest':>10}{'highest':>10}{'x bare':>9}{'peak MB':>9}")
    base_rate = median(figure.per_second for figure in figures[BASELINE])
    for name, variant in VARIANTS.items():
        rates = [figure.per_second for figure in figures[name]]
        memory = median(figure.peak_mb for figure in figures[name])
        print(
            f"{variant.title:40}{median(rates):>12,.0f}{min(rates):>10,.0f}{max(rates):>10,.0f}"
            f"{median(rates) / base_rate:>9.2f}{memory:>9.0f}"
        )


def main(args: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks dispatch", description=__doc__)
    parser.add_argument(
        "--count", type=int, default=10_000, help="requests of the quick variants (default %(default)s)"
    )
    parser.add_argument("--repeat", type=int, default=3, help="repetitions (default %(default)s)")
    options = parser.parse_args(args)
    _table(options.count, in_flight=100, delay_s=0.0, repeat=options.repeat)
    _table(options.count, in_flight=500, delay_s=0.1, repeat=options.repeat)


if __name__ == "__main__":
    name, base, count, in_flight = sys.argv[1:]
    _child(name, Load(base, int(count), int(in_flight)))
