"""What the service costs while nothing happens: processor share and memory of an idle `serve`, beside a large past.

Builds a database with 10,000 scheduled issues and 1,000,000 past deliveries with their attempts and receipts, starts
the service on it as a process, and reads the operating system's account of it over a quiet minute.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import httpx
import sqlalchemy as sa

from bot.domain.card import CardKind, Style
from bot.domain.directory import Directory, Recipient, Target
from bot.domain.issue import Article, Issue, IssueNumber, ListKind, Lists
from bot.domain.plan import Plan, PlannedDelivery, PlannedMessage
from bot.domain.resolver import Resolution
from bot.domain.secret import Secret
from bot.store import Store, open_store

KEY = "a key for this benchmark only"
_MOVE_COUNTS = """UPDATE tally SET count = (
    SELECT p.count FROM tally p WHERE p.issue_id = tally.issue_id AND p.slot = 'pending'
) WHERE slot = 'accepted'"""
NOBODY = Resolution((), (), (), (), (), {}, ())


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks idle", description=__doc__)
    parser.add_argument("--scheduled", type=int, default=10_000, help="issues that wait for their day")
    parser.add_argument("--deliveries", type=int, default=1_000_000, help="deliveries of the past")
    parser.add_argument("--seconds", type=int, default=60, help="how long the quiet service is watched")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="jianbao-idle-") as folder:
        home = Path(folder)
        began = time.perf_counter()
        store = open_store(f"sqlite:///{home / 'jianbao.db'}", secret_key=Secret(KEY), data_dir=home)
        past(store, options.deliveries)
        scheduled(store, options.scheduled)
        store.close()
        print(f"built in {time.perf_counter() - began:.0f} s: {(home / 'jianbao.db').stat().st_size >> 20} MiB")
        watch(home, options.seconds)


def issue(number: int) -> Issue:
    body = ("项目按期完工，惠及居民八百余户。" * 12,) * 6
    articles = tuple(Article(f"第{number}期第{i}篇：老旧小区改造提前完工", body) for i in range(3))
    line = IssueNumber(2026, number, number, f"2026年第{number}期")
    return Issue("梅州市工作简报", line, ("梅州市住房和城乡建设局",), dt.date(2026, 1, 5), None, articles, Lists())


def past(store: Store, deliveries: int, recipients: int = 5_000) -> None:
    now = dt.datetime.now(dt.UTC) - dt.timedelta(days=200)
    units = tuple(
        Recipient(
            f"unit-{i}",
            f"第{i}局",
            targets=(Target("wecom", Secret(f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={i:036d}")),),
        )
        for i in range(recipients)
    )
    store.import_directory(Directory(units), who="benchmark", why="", now=now)
    rows = [(t.recipient.id, t.id) for t in store.targets([u.id for u in units])]
    message = PlannedMessage("wecom", Style.CARD, ListKind.SEND, 1, 1, b'{"msgtype":"text"}' * 150)
    planned = tuple(PlannedDelivery(rid, tid, ListKind.SEND, 1, 1, 0) for rid, tid in rows)
    for number in range(1, deliveries // recipients + 1):
        stored = store.save_issue(
            issue(number),
            original=b"x" * 20_000,
            name="a.txt",
            source="benchmark",
            who="benchmark",
            now=now,
            release_at=now,
            holds=(),
        )
        plan = Plan(stored.id, stored.revision_id, CardKind.ISSUE, NOBODY, (message,), planned)
        store.release(plan, who="benchmark", why="", now=now, expected_revision=stored.revision_id)
    at = int(now.timestamp() * 1e6)
    with store.db.write() as connection:
        for statement in (
            f"UPDATE delivery SET state='accepted', reason='accepted', attempts=1, next_try_at=NULL, settled_at={at}",
            f"INSERT INTO attempt SELECT id, 1, target_id, 'w', {at} FROM delivery",
            f"INSERT INTO receipt SELECT id, 1, {at}, 'ok', 'accepted', 200, '0', 'ok', 80 FROM delivery",
            _MOVE_COUNTS,
            "UPDATE tally SET count = 0 WHERE slot = 'pending'",
        ):
            connection.execute(sa.text(statement))


def scheduled(store: Store, count: int) -> None:
    now = dt.datetime.now(dt.UTC)
    for number in range(1, count + 1):
        day = now + dt.timedelta(days=1 + number % 365)
        later = replace(issue(100_000 + number), date=day.date())
        store.save_issue(
            later,
            original=b"x" * 5_000,
            name="b.txt",
            source="benchmark",
            who="benchmark",
            now=now,
            release_at=day,
            holds=(),
        )


def watch(home: Path, seconds: int) -> None:
    env = {**os.environ, "JIANBAO_DATA_DIR": str(home), "JIANBAO_SECRET_KEY": KEY}
    command = [sys.executable, "-m", "bot", "serve", "--port", "8899"]
    service = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url="http://127.0.0.1:8899", trust_env=False) as client:
            _ready(client)
            time.sleep(10)  # start-up is over and done with
            before, began = _cpu_seconds(service.pid), time.perf_counter()
            time.sleep(seconds)
            share = (_cpu_seconds(service.pid) - before) / (time.perf_counter() - began)
            print(f"idle serve over {seconds} s: {share:.2%} of a core, {_rss_mib(service.pid):.0f} MiB resident")
            print(f"ready: {client.get('/readyz').json()}")
    finally:
        service.terminate()
        service.wait(30)


def _ready(client: httpx.Client) -> None:
    for _ in range(300):
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit("the service did not become ready within 30 s")


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mib(pid: int) -> float:
    return (
        int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    )


if __name__ == "__main__":
    main()
