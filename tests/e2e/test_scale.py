"""Several processes on one PostgreSQL: workers that share the work, one killed, the database restarted meanwhile."""

from __future__ import annotations

import asyncio
import os
import queue
import secrets
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks._postgres import Watch, restart, stopped
from bot.bootstrap import App, open_app, utc_now
from bot.bootstrap.roles import SpreadEngine
from bot.engines.supervisor import Part, Supervisor
from bot.sandbox import SandboxServer
from bot.settings import Settings
from bot.store.batches import SIZE
from tests.conftest import address_of, embedded_server

from .crashing import Release, arrived, directory_of, release_issue

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
IN_FLIGHT = 20
TAKEOVER_S = 30.0


class Site:
    """An installation on its own PostgreSQL; every process has a data folder of its own, as on hosts of their own."""

    def __init__(self, home: Path, sandbox: SandboxServer, server: Any) -> None:
        self.home = home
        self.server = server
        self.sandbox = sandbox
        self.url = address_of(server)
        self.key = secrets.token_urlsafe(32)
        self.watch: Watch | None = None
        self.said: dict[str, queue.SimpleQueue[str]] = {}

    def environment(self, data_dir: Path) -> dict[str, str]:
        bare = {name: value for name, value in os.environ.items() if not name.startswith("JIANBAO_")}
        return bare | {
            "PYTHONPATH": str(PROJECT),
            "JIANBAO_DATA_DIR": str(data_dir),
            "JIANBAO_DATABASE_URL": self.url.render_as_string(hide_password=False),
            "JIANBAO_SECRET_KEY": self.key,
            "JIANBAO_ALLOWED_HOSTS": self.sandbox.url.removeprefix("http://"),
            "JIANBAO_MAX_IN_FLIGHT": str(IN_FLIGHT),
        }

    @contextmanager
    def role(self, role: str, name: str) -> Iterator[subprocess.Popen[str]]:
        """`jianbao <role>`, stopped gently at the end unless the test has killed it."""
        data_dir = self.home / name
        data_dir.mkdir()
        with subprocess.Popen(
            [sys.executable, "-m", "bot", role, "--port", "0"],
            cwd=data_dir,
            env=self.environment(data_dir),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            lines = self.said[name] = queue.SimpleQueue()
            listener = threading.Thread(target=_pass_on, args=[process.stderr, lines])
            listener.start()
            try:
                yield process
            finally:
                process.terminate()
                process.wait(30)
                listener.join()

    def hear(self, name: str, words: str) -> None:
        """Wait until this process says so."""
        while words not in self.said[name].get(timeout=60):
            continue

    @contextmanager
    def app(self) -> Iterator[App]:
        settings = {
            "data_dir": self.home / "desk",
            "database_url": self.url.render_as_string(hide_password=False),
            "secret_key": self.key,
            "allowed_hosts": (self.sandbox.url.removeprefix("http://"),),
            "max_in_flight": IN_FLIGHT,
        }
        app = open_app(Settings.model_validate(settings))
        try:
            yield app
        finally:
            app.close()

    def release(self, release: Release) -> None:
        with self.app() as app:
            app.store.import_directory(directory_of(release), who="test", why="", now=utc_now())
            release_issue(app, release)
        self.watch = Watch(self.server.get_uri(), "tally", "batch")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        assert self.watch is not None
        return self.watch.rows(query)

    def until(self, reached: Callable[[], bool], within_s: float, what: str) -> float:
        """How long it took."""
        assert self.watch is not None
        return self.watch.until(reached, within_s, what)

    def states(self) -> Counter[str]:
        return Counter(dict(self.rows("SELECT state, count(*) FROM delivery GROUP BY state")))

    def spoil(self, delivery: int) -> None:
        """Make it impossible to open the address of this delivery's robot."""
        of_it = f"(SELECT target_id FROM delivery WHERE id = {delivery})"
        self.rows(f"UPDATE target SET url = 'spoilt' WHERE id = {of_it} RETURNING id")

    def workers(self) -> int:
        """How many workers have had a hand in it."""
        return int(self.rows("SELECT count(DISTINCT worker) FROM attempt")[0][0])

    def close(self) -> None:
        if self.watch is not None:
            self.watch.close()


def _pass_on(lines: Iterable[str], to: queue.SimpleQueue[str]) -> None:
    for line in lines:
        to.put(line)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with (
        embedded_server(f"jianbao-scale-{secrets.token_hex(4)}") as server,
        SandboxServer(open_mode=True, rate_limits=True) as sandbox,
    ):
        site = Site(tmp_path, sandbox, server)
        yield site
        site.close()


def open_ones(states: Counter[str]) -> int:
    return states["pending"] + states["sending"] + states["retrying"]


def test_a_killed_worker_and_a_restarted_database_lose_nothing_and_send_nothing_twice(site: Site) -> None:
    release = Release(site.home, site.sandbox.url, targets=1500, in_flight=IN_FLIGHT)
    site.sandbox.sandbox.faults.add({"fault": "delay", "seconds": 0.1})
    with ExitStack() as stack:
        site.release(release)
        for name in ("one", "two"):
            stack.enter_context(site.role("scheduler", f"scheduler-{name}"))
        stays = stack.enter_context(site.role("worker", "worker-stays"))
        dies = stack.enter_context(site.role("worker", "worker-dies"))
        site.until(lambda: site.workers() == 2 and site.states()["accepted"] > 200, 60, "both workers at work")

        dies.kill()
        dies.wait()
        restart(site.server)
        taken_over = site.until(lambda: open_ones(site.states()) == 0, TAKEOVER_S + 30, "everything settled")
        assert stays.poll() is None

    states, seen = site.states(), Counter(arrived(site.sandbox))
    assert sum(states.values()) == release.targets
    assert set(states) <= {"accepted", "in_doubt"}
    assert states["in_doubt"] <= IN_FLIGHT, "more in doubt than the dead worker had in flight"
    assert max(seen.values()) == 1
    assert len(seen) >= states["accepted"]
    assert taken_over <= TAKEOVER_S


def test_a_database_that_is_away_leaves_nothing_in_doubt(site: Site) -> None:
    release = Release(site.home, site.sandbox.url, targets=600, in_flight=IN_FLIGHT)
    site.sandbox.sandbox.faults.add({"fault": "delay", "seconds": 0.1})
    with ExitStack() as stack:
        site.release(release)
        stack.enter_context(site.role("scheduler", "scheduler"))
        stack.enter_context(site.role("worker", "worker"))
        site.until(lambda: site.states()["accepted"] > 100, 60, "at work")
        with stopped(site.server):
            # Long enough for a sign of life to be due as well; the turns and the queue have noticed before.
            site.hear("worker", "no sign of life")
        site.until(lambda: open_ones(site.states()) == 0, 60, "everything settled")
    assert site.states() == {"accepted": release.targets}
    assert max(Counter(arrived(site.sandbox)).values()) == 1


async def test_a_poisonous_batch_is_set_aside_and_told_and_holds_up_no_other(site: Site) -> None:
    release = Release(site.home, site.sandbox.url, targets=2 * SIZE + 50, in_flight=IN_FLIGHT)
    site.release(release)
    site.spoil(SIZE + 7)
    with site.app() as app:
        engine = SpreadEngine(app, lambda _settled: None)
        supervisor = Supervisor([Part("worker", engine.work), *engine.scheduled()], back_off_s=(0.01,))
        running = asyncio.create_task(supervisor.run())
        await asyncio.to_thread(site.until, lambda: app.store.batches_set_aside() != [], 60, "set aside")
        await asyncio.to_thread(site.until, lambda: open_ones(site.states()) <= SIZE, 30, "the others delivered")
        supervisor.stop()
        await running

        ((number, due, _),) = app.store.batches_set_aside()
        (told,) = app.store.history("batch:1")
    assert (number, told.action) == (1, "batch.set_aside")
    assert due == open_ones(site.states()) <= SIZE
    assert set(site.states()) == {"accepted", "pending"}
