"""The pages beside a large past: how long the server takes for each while twenty clerks click, and what a page weighs.

Builds 5,000 units, 2,000 issues and 1,000,000 deliveries, serves them as the service does, and lets each clerk open one
page after another with a pause between. Wanted: p95 of every page at most 100 ms, and at most 100 KB for a first visit.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import httpx
import uvicorn
from prometheus_client import CollectorRegistry

from bot.bootstrap import App, open_app
from bot.bootstrap.office import make_office
from bot.bootstrap.service import listen
from bot.domain.card import CardKind, Style
from bot.domain.directory import Directory, Group, Recipient, Target
from bot.domain.issue import Article, Issue, IssueNumber, ListKind, Lists
from bot.domain.people import Role
from bot.domain.plan import Plan, PlannedDelivery, PlannedMessage
from bot.domain.resolver import Resolution
from bot.domain.secret import Secret
from bot.flows.people import People
from bot.settings import Settings
from bot.web import Readiness, create_app

NOBODY = Resolution((), (), (), (), (), {}, ())
PARAGRAPH = "各街道认真落实工作要求，组织力量开展排查整治，推动问题整改到位，取得了阶段性成效。" * 3
NOW = dt.datetime(2026, 6, 29, 1, tzinfo=dt.UTC)
PAGES = (
    "/",
    "/issues",
    "/issues?q=第77期",
    "/directory",
    "/directory?q=4321",
    "/directory/groups",
    "/directory/history",
)
OF_AN_ISSUE = ("/issues/{}", "/issues/{}/cards", "/receipts/{}", "/receipts/{}/list", "/receipts/{}/signoffs")
"""Each asked of issues taken by chance."""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks pages", description=__doc__)
    parser.add_argument("--units", type=int, default=5_000)
    parser.add_argument("--issues", type=int, default=2_000)
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    parser.add_argument("--clerks", type=int, default=20)
    parser.add_argument("--clicks", type=int, default=40, help="pages each clerk opens")
    parser.add_argument("--pause", type=float, default=5.0, help="seconds between two clicks of one clerk, on average")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="jianbao-pages-") as folder:
        app = open_app(Settings.model_validate({"data_dir": folder, "public_url": "https://reader.example"}))
        began = time.perf_counter()
        fill(app, options.units, options.issues, options.deliveries)
        print(f"built in {time.perf_counter() - began:.0f} s: {(Path(folder) / 'jianbao.db').stat().st_size >> 20} MiB")
        click(app, options.issues, options.clerks, options.clicks, options.pause)
        app.close()


def fill(app: App, units: int, issues: int, deliveries: int) -> None:
    """Every unit with one robot; every issue released to the same number of units, the last to all."""
    key = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-{:012d}"
    roster = tuple(
        Recipient(f"u{i}", f"第{i}号街道办事处", targets=(Target("wecom", Secret(key.format(i)), "工作群"),))
        for i in range(units)
    )
    group = Group("all", "各街道", members=tuple(unit.id for unit in roster[:500]))
    app.store.import_directory(Directory(roster, (group,)), who="benchmark", why="", now=NOW)
    robots = {stored.recipient.id: stored.id for stored in app.store.targets([unit.id for unit in roster])}
    message = PlannedMessage("wecom", Style.CARD, ListKind.SEND, 1, 1, b"{}")
    each = deliveries // issues
    for n in range(1, issues + 1):
        articles = tuple(Article(f"第{n}期第{k}篇文章的标题", (PARAGRAPH,) * 6) for k in range(4))
        line = IssueNumber(2020 + n // 400, n % 400 + 1, n, f"{2020 + n // 400}年第{n % 400 + 1}期 总第{n}期")
        content = Issue("梅州市工作简报", line, ("市政府办",), NOW.date(), None, articles, Lists(send=("各街道",)))
        stored = app.store.save_issue(
            content, original=b"x" * 2000, name=f"{n}.txt", source="x", who="x", now=NOW, release_at=NOW, holds=()
        )
        chosen = [f"u{(n * 7 + k) % units}" for k in range(units if n == issues else each)]
        planned = tuple(PlannedDelivery(unit, robots[unit], ListKind.SEND, 1, 1, 0) for unit in chosen)
        plan = Plan(stored.id, stored.revision_id, CardKind.ISSUE, NOBODY, (message,), ())
        app.store.release(
            replace(plan, deliveries=planned), who="x", why="", now=NOW, expected_revision=stored.revision_id
        )


def click(app: App, issues: int, clerks: int, clicks: int, pause: float) -> None:
    people = People(app.store, app.clock)
    link = people.setup_link()
    assert link is not None
    account = people.accept(link, name="admin", shown="管理员", password="a long one for a benchmark")
    assert account.role is Role.ADMINISTRATOR
    session = people.begin_session(account)
    application = create_app(Readiness(dict, CollectorRegistry()), make_office(app, wake=lambda: None))
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(application, log_config=None, access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    took: defaultdict[str, list[float]] = defaultdict(list)
    weigh: dict[str, int] = {}
    crowd = [
        threading.Thread(target=clerk, args=(n, url, session, issues, clicks, pause, took, weigh))
        for n in range(clerks)
    ]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    server.should_exit = True
    thread.join()
    listener.close()
    print(f"{'page':28} {'clicks':>6} {'median':>9} {'p95':>9} {'weight':>9}")
    for page, times in sorted(took.items()):
        p95 = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
        print(f"{page:28} {len(times):6} {statistics.median(times):6.0f} ms {p95:6.0f} ms {weigh[page] / 1024:6.1f} KB")


def clerk(
    seed: int,
    url: str,
    session: str,
    issues: int,
    clicks: int,
    pause: float,
    took: dict[str, list[float]],
    weigh: dict[str, int],
) -> None:
    dice = random.Random(seed)
    cookies = {"jianbao_session": session}
    with httpx.Client(base_url=url, cookies=cookies, trust_env=False, timeout=60) as browser:
        for _ in range(clicks):
            time.sleep(dice.uniform(0, 2 * pause))
            page = dice.choice((*PAGES, *OF_AN_ISSUE))
            begin = time.perf_counter()
            with browser.stream("GET", page.format(dice.randint(1, issues))) as answer:
                sent = sum(map(len, answer.iter_raw()))
            took[page].append((time.perf_counter() - begin) * 1000)
            weigh[page] = max(weigh.get(page, 0), sent)
