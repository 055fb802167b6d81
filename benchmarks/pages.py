"""The pages beside a large past: how long the server takes for each while twenty clerks click, and what a page weighs.

Builds 5,000 units, 2,000 issues and 1,000,000 deliveries with their attempts, receipts and signatures, and serves them
in a process of its own, as the service does. First one clerk opens every page several times in a row: the time, and the
CPU time of the server alone, which other work on the machine disturbs less. Then all clerks click at once, each with a
pause between two clicks as a quick reader makes (`--pause`, on average). Wanted: p95 of every page at most 100 ms, and
at most 100 KB over the wire for a first visit, style and script included.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import uvicorn
from prometheus_client import CollectorRegistry

from bot.bootstrap import App, open_app
from bot.bootstrap.office import make_office
from bot.bootstrap.service import listen
from bot.domain.reader_token import reader_token
from bot.engines import local
from bot.flows.people import People
from bot.settings import Settings
from bot.web import Readiness, create_app

from ._past import fill

PAGES = (
    *("/", "/sources", "/me", "/people", "/audit"),
    *("/issues", "/issues?page=60", "/issues?q=第77期"),
    *("/issues/{issue}", "/issues/{issue}/reading", "/issues/{issue}/cards", "/issues/{issue}/correct"),
    *("/issues/{issue}/confirm/release",),
    *("/directory", "/directory?page=60", "/directory?q=4321", "/directory/new", "/directory/who", "/directory/import"),
    *("/directory/units/u{unit}", "/directory/groups", "/directory/groups/all", "/directory/history"),
    *("/receipts", "/receipts/{issue}", "/receipts/{issue}/list", "/receipts/{issue}/list?state=in_doubt"),
    *("/receipts/{issue}/signoffs", "/receipts/{last}", "/receipts/{last}/list", "/receipts/{last}/signoffs"),
    *("/receipts/{issue}/print", "/receipts/{last}/print"),
    *("/deliveries/{delivery}", "/r/{link}"),
)
"""Every page that is looked at. `issue` and the like are taken by chance, `last` is the issue sent to every unit."""
FILES = ("/static/pages.css", "/static/pages.js")
"""What a first visit fetches besides the page."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is, how it is clicked through, and how often alone."""

    units: int
    issues: int
    deliveries: int
    clerks: int
    clicks: int
    pause: float
    alone: int


@dataclass(slots=True)
class Seen:
    """What one page took, in milliseconds, and weighed at most, in bytes."""

    took: list[float] = field(default_factory=list)
    cpu: float = 0.0
    weight: int = 0

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.took, n=20)[-1] if len(self.took) > 1 else max(self.took, default=0.0)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks pages", description=__doc__)
    parser.add_argument("--units", type=int, default=5_000)
    parser.add_argument("--issues", type=int, default=2_000)
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    parser.add_argument("--clerks", type=int, default=20)
    parser.add_argument("--clicks", type=int, default=60, help="pages each clerk opens")
    parser.add_argument("--pause", type=float, default=5.0, help="seconds between two clicks of one clerk, on average")
    parser.add_argument("--alone", type=int, default=20, help="times one clerk opens each page before the others come")
    parser.add_argument("--keep", type=Path, help="a folder to build the database in, and to find it in the next time")
    options = parser.parse_args(arguments)
    size = Size(**{name: value for name, value in vars(options).items() if name != "keep"})
    with tempfile.TemporaryDirectory(prefix="jianbao-pages-") as scratch:
        folder = options.keep or Path(scratch)
        app = opened(folder)
        if not app.store.latest_released():
            began = time.perf_counter()
            fill(app, size.units, size.issues, size.deliveries)
            print(f"built in {time.perf_counter() - began:.0f} s", flush=True)
        print(f"database: {(folder / 'jianbao.db').stat().st_size >> 20} MiB", flush=True)
        visit = Visit(sign_in(app), app.reader_key, size)
        app.close()
        measure(folder, visit, size)


def opened(folder: Path) -> App:
    return open_app(Settings.model_validate({"data_dir": str(folder), "public_url": "https://reader.example"}))


def sign_in(app: App) -> str:
    """The session of an administrator, who is made unless there is one."""
    people = People(app.store, app.clock)
    link = people.setup_link()
    if link is not None:
        people.accept(link, name="admin", shown="管理员", password="a long one for a benchmark")
    account = people.store.credentials("admin")
    assert account is not None
    return people.begin_session(account.account)


@dataclass(frozen=True, slots=True)
class Visit:
    session: str
    reader_key: bytes
    size: Size

    def address(self, page: str, dice: random.Random) -> str:
        delivery = dice.randint(1, self.size.deliveries)
        return page.format(
            issue=dice.randint(1, self.size.issues),
            last=self.size.issues,
            unit=dice.randrange(self.size.units),
            delivery=delivery,
            link=reader_token(self.reader_key, delivery) if "{link}" in page else "",
        )

    def browser(self, url: str) -> httpx.Client:
        cookies = {"jianbao_session": self.session}
        return httpx.Client(base_url=url, cookies=cookies, trust_env=False, timeout=60)


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    line: Connection

    def cpu_ms(self) -> float:
        """What the server's process has used so far."""
        self.line.send("cpu")
        used = self.line.recv()
        assert isinstance(used, float)
        return used * 1000


def serve(folder: Path, line: Connection) -> None:
    """The pages in a process of their own, run as the service runs them; tells its address, then its CPU time as often
    as it is asked."""
    app = opened(folder)
    application = create_app(Readiness(dict, CollectorRegistry()), make_office(app, wake=lambda: None))
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(application, log_config=None, access_log=False, lifespan="off"))

    def tell() -> None:
        line.send(f"http://127.0.0.1:{listener.getsockname()[1]}")
        while line.recv() == "cpu":
            line.send(time.process_time())
        server.should_exit = True

    thread = threading.Thread(target=tell)
    thread.start()
    local.run(server.serve(sockets=[listener]))
    thread.join()
    listener.close()
    app.close()


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=serve, args=(folder, there))
    process.start()
    try:
        yield Server(here.recv(), here)
    finally:
        here.send("end")
        process.join()


def measure(folder: Path, visit: Visit, size: Size) -> None:
    with served(folder) as server:
        with visit.browser(server.url) as browser:
            files = sum(fetch(browser, path)[1] for path in FILES)
            alone = {page: look(server, browser, visit, page, size.alone) for page in PAGES}
        crowd: defaultdict[str, Seen] = defaultdict(Seen)
        clerks = [threading.Thread(target=clerk, args=(n, server.url, visit, size, crowd)) for n in range(size.clerks)]
        for one in clerks:
            one.start()
        for one in clerks:
            one.join()
    print(f"{'':38} {'one clerk':>27}   {f'{size.clerks} clerks, {size.pause:g} s apart':>30}")
    print(f"{'page':38} {'median':>9} {'p95':>8} {'CPU':>8}   {'clicks':>6} {'median':>9} {'p95':>9} {'weight':>9}")
    for page in PAGES:
        quiet, busy = alone[page], crowd[page]
        print(
            f"{page:38} {statistics.median(quiet.took):6.0f} ms {quiet.p95:5.0f} ms {quiet.cpu:5.0f} ms   "
            f"{len(busy.took):6} {statistics.median(busy.took or [0]):6.0f} ms {busy.p95:6.0f} ms "
            f"{(max(quiet.weight, busy.weight) + files) / 1024:6.1f} KB"
        )
    every = [took for seen in crowd.values() for took in seen.took]
    print(f"all {len(every)} clicks: p95 {Seen(every).p95:.0f} ms, longest {max(every, default=0):.0f} ms")


def look(server: Server, browser: httpx.Client, visit: Visit, page: str, times: int) -> Seen:
    dice, seen = random.Random(page), Seen()
    fetch(browser, visit.address(page, dice))
    began = server.cpu_ms()
    for _ in range(times):
        note(seen, *fetch(browser, visit.address(page, dice)))
    seen.cpu = (server.cpu_ms() - began) / times
    return seen


def clerk(seed: int, url: str, visit: Visit, size: Size, crowd: dict[str, Seen]) -> None:
    dice = random.Random(seed)
    with visit.browser(url) as browser:
        for _ in range(size.clicks):
            time.sleep(dice.uniform(0, 2 * size.pause))
            page = dice.choice(PAGES)
            note(crowd[page], *fetch(browser, visit.address(page, dice)))


def fetch(browser: httpx.Client, address: str) -> tuple[float, int]:
    """(milliseconds, bytes over the wire)."""
    began = time.perf_counter()
    with browser.stream("GET", address) as answer:
        weight = sum(map(len, answer.iter_raw()))
        if answer.status_code != 200:
            sys.exit(f"{address}: HTTP {answer.status_code}")
    return (time.perf_counter() - began) * 1000, weight


def note(seen: Seen, took: float, weight: int) -> None:
    seen.took.append(took)
    seen.weight = max(seen.weight, weight)
