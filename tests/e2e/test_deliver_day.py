"""A day of traffic to one robot over two processes, one of them killed at noon: the vendor's limit is never hit."""

from __future__ import annotations

import datetime as dt
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from bot.bootstrap import open_app
from bot.engines import local
from bot.sandbox import SandboxServer

from .clockwork import Cell, Clockwork
from .crashing import Release, fork, ledger, release_issue, settings_of

pytestmark = pytest.mark.slow

MORNING = dt.datetime(2026, 6, 30, tzinfo=dt.UTC)
NOON = MORNING + dt.timedelta(hours=12)
BURSTS, ISSUES, PARTS = 24, 4, 6
"""Every hour four issues of six parts at once: more than any of the platforms takes in a minute."""


@pytest.fixture
def time() -> Cell:
    cell: Cell = fork.Value("d", MORNING.timestamp())
    return cell


@pytest.fixture
def sandbox(time: Cell) -> Iterator[SandboxServer]:
    with SandboxServer(open_mode=True, clock=lambda: time.value) as server:
        yield server


def work(release: Release, time: Cell) -> None:
    """One worker's life: until nothing is left to send."""
    clock = Clockwork(time, release.database)
    app = open_app(settings_of(release), clock=clock)
    try:
        local.run(local.deliver(app.dispatcher, clock.done))
    finally:
        app.close()


def start(release: Release, time: Cell) -> BaseProcess:
    process = fork.Process(target=work, args=(release, time), daemon=True)
    process.start()
    return process


def test_a_day_of_traffic_never_hits_the_limit(time: Cell, sandbox: SandboxServer, tmp_path: Path) -> None:
    release = Release(tmp_path, sandbox.url, targets=1, parts=PARTS)
    release.prepare()
    app = open_app(settings_of(release))
    for burst in range(BURSTS):
        for n in range(ISSUES):
            release_issue(app, release, number=burst * ISSUES + n + 1, now=MORNING + burst * dt.timedelta(hours=1))
    app.close()

    first, second = start(release, time), start(release, time)
    while time.value < NOON.timestamp():
        first.join(0.05)
        assert first.is_alive()
    first.kill()
    first.join()
    assert first.exitcode == -signal.SIGKILL
    third = start(release, time)
    for worker in (second, third):
        worker.join(60)
        assert worker.exitcode == 0

    assert Counter(m.verdict for m in sandbox.sandbox.messages.find()).keys() == {"accepted"}
    states = Counter(line.state for line in ledger(release) if line.attempts)
    assert states.keys() <= {"accepted", "in_doubt"}
    assert states["in_doubt"] <= 1
    assert states.total() >= BURSTS * ISSUES * PARTS - PARTS
    with closing(sqlite3.connect(release.database)) as connection:
        shares = [n for (n,) in connection.execute("SELECT count(*) FROM attempt GROUP BY worker")]
    assert len(shares) > 1, "only one process took part"
