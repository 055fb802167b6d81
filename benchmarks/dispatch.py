"""What durability costs: Jianbao's dispatch beside client loops that write nothing down.

Same bodies, same sink, same run; each measurement in a fresh process on one core, the sink on the other, repetitions
interleaved so that a disturbance hits all variants alike. Printed: medians, ratios to the bare httpx-aiohttp loop,
processor time of one request in the client, and the peak memory of the process.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from statistics import median

import httpx
import uvloop
from httpx_aiohttp import AiohttpTransport

from bot.domain.delivery import Replied
from bot.transport import AddressGuard, HttpSender

from ._load import BODY, HEADERS, Load, Stopwatch
from ._sink import pin, sink, taken

Post = Callable[[str], Awaitable[None]]


async def _loop(load: Load, post: Post) -> Stopwatch:
    """`in_flight` workers over one list, from the first request to the last answer."""
    urls = load.urls()

    async def worker() -> None:
        for url in urls:
            await post(url)

    with Stopwatch() as timing:
        await asyncio.gather(*(worker() for _ in range(load.in_flight)))
    return timing


async def _with_client(load: Load, client: AbstractAsyncContextManager[httpx.AsyncClient]) -> Stopwatch:
    async with client as http:

        async def post(url: str) -> None:
            (await http.post(url, content=BODY, headers=HEADERS)).raise_for_status()

        return await _loop(load, post)


async def bare_aiohttp(load: Load) -> Stopwatch:
    limits = httpx.Limits(max_connections=load.in_flight)
    return await _with_client(load, httpx.AsyncClient(transport=AiohttpTransport(limits=limits), timeout=30))


async def plain_httpx(load: Load) -> Stopwatch:
    limits = httpx.Limits(max_connections=load.in_flight)
    return await _with_client(load, httpx.AsyncClient(limits=limits, timeout=30, trust_env=False))


async def sender_alone(load: Load) -> Stopwatch:
    guard = AddressGuard(frozenset(), ["127.0.0.1"])
    async with HttpSender(guard, max_in_flight=load.in_flight) as sender:

        async def post(url: str) -> None:
            exchange = await sender.send(url, BODY, HEADERS)
            assert isinstance(exchange, Replied), exchange

        return await _loop(load, post)


def durable(load: Load) -> Stopwatch:
    from ._durable import durable  # noqa: PLC0415 - else the others' memory would count the service's modules

    return durable(load)


@dataclass(frozen=True, slots=True)
class Variant:
    """`share`: of the common count; the slow ones get fewer, the figures are per second anyway."""

    title: str
    measure: Callable[[Load], Stopwatch]
    share: float = 1.0


VARIANTS = {
    "bare": Variant("httpx-aiohttp loop, records nothing", lambda load: uvloop.run(bare_aiohttp(load))),
    "durable": Variant("Jianbao, durable before and after", durable),
    "sender": Variant("HttpSender alone, records nothing", lambda load: uvloop.run(sender_alone(load))),
    "httpx": Variant("plain httpx loop, records nothing", lambda load: uvloop.run(plain_httpx(load)), share=0.03),
}
BASELINE = "bare"


@dataclass(frozen=True, slots=True)
class Figure:
    per_second: float
    cpu_us: float
    peak_mb: float


def in_child(name: str, load: Load) -> Figure:
    """Measure one variant in a fresh process, and hold it to the sink's own count."""
    command = [sys.executable, "-m", "benchmarks.dispatch", name, load.base, str(load.count), str(load.in_flight)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=300)
    wall_s, cpu_s, peak_mb = map(float, done.stdout.split())
    arrived = taken(load.base)
    if arrived != load.count:
        sys.exit(f"{name}: {load.count} sent, but {arrived} arrived at the sink")
    return Figure(load.count / wall_s, cpu_s / load.count * 1e6, peak_mb)


def _child(name: str, load: Load) -> None:
    pin(0)
    timing = VARIANTS[name].measure(load)
    print(timing.wall_s, timing.cpu_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _table(names: Sequence[str], count: int, in_flight: int, delay_s: float, repeat: int) -> None:
    figures: dict[str, list[Figure]] = {name: [] for name in names}
    with sink(delay_s) as base:
        for _ in range(repeat):
            for name in names:
                share = max(int(count * VARIANTS[name].share), in_flight)
                figures[name].append(in_child(name, Load(base, share, in_flight)))
    print(
        f"\n{len(BODY):,} byte bodies, {in_flight} in flight, sink answers after {delay_s * 1000:g} ms, "
        f"{count:,} requests, {repeat} repetitions, medians, {os.cpu_count()} cores"
    )
    print(f"{'':40}{'per second':>12}{'lowest':>10}{'highest':>10}{'x bare':>9}{'CPU us':>9}{'peak MB':>9}")
    base_rate = median(figure.per_second for figure in figures[BASELINE])
    for name in names:
        rates = [figure.per_second for figure in figures[name]]
        cpu_us = median(figure.cpu_us for figure in figures[name])
        memory = median(figure.peak_mb for figure in figures[name])
        print(
            f"{VARIANTS[name].title:40}{median(rates):>12,.0f}{min(rates):>10,.0f}{max(rates):>10,.0f}"
            f"{median(rates) / base_rate:>9.2f}{cpu_us:>9.0f}{memory:>9.0f}"
        )


def main(args: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks dispatch", description=__doc__)
    parser.add_argument(
        "--count", type=int, default=30_000, help="requests of the quick variants (default %(default)s)"
    )
    parser.add_argument("--repeat", type=int, default=3, help="repetitions (default %(default)s)")
    parser.add_argument(
        "--only", nargs="+", choices=VARIANTS, default=list(VARIANTS), help=f"variants beside {BASELINE} (default: all)"
    )
    options = parser.parse_args(args)
    names = [name for name in VARIANTS if name == BASELINE or name in options.only]
    _table(names, options.count, in_flight=100, delay_s=0.0, repeat=options.repeat)
    _table(names, options.count, in_flight=500, delay_s=0.1, repeat=options.repeat)


if __name__ == "__main__":
    name, base, count, in_flight = sys.argv[1:]
    _child(name, Load(base, int(count), int(in_flight)))
