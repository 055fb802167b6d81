"""PgQueuer's engine beside the local one, and several processes with one killed and the database restarted.

Processor time a delivery is that of the sending processes alone, without the database server's, measured between the
moments when the workers stand ready and when the last delivery is settled. The database is a real PostgreSQL that
syncs to the disk in the system's temporary directory (TMPDIR).
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.bootstrap import App, open_app
from bot.settings import Settings

from ._durable import _release
from ._load import Load
from ._postgres import postgresql, restart
from ._sink import sink


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float
    cpu_s: float
    counts: dict[str, int]
    takeover_s: float = 0.0

    def row(self, name: str) -> str:
        total = sum(self.counts.values())
        per = 1e6 * self.cpu_s / total
        return f"{name:<34}{total:>9,}{total / self.seconds:>11,.0f}/s{per:>10,.0f} µs   {self.counts}"


def settings_for(url: str, home: Path, load: Load, key: str) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": home,
            "database_url": url,
            "secret_key": key,
            "allowed_hosts": (load.base.removeprefix("http://"),),
            "max_in_flight": load.in_flight,
            "log_level": "warning",
        }
    )


class Run:
    """A fresh database on the server, with a release of `load.count` deliveries that nobody sends yet."""

    def __init__(self, server: Any, load: Load, home: Path) -> None:
        self.server, self.load, self.home = server, load, home
        admin = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        name = f"bench_{secrets.token_hex(4)}"
        engine = sa.create_engine(admin, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        self.url = admin.set(database=name).render_as_string(hide_password=False)
        self.key = secrets.token_urlsafe(32)
        self._engine = sa.create_engine(self.url, pool_pre_ping=True)

    def counts(self) -> dict[str, int]:
        query = "SELECT state, count(*) FROM delivery GROUP BY state"
        try:
            with self._engine.connect() as connection:
                return dict(map(tuple, connection.exec_driver_sql(query)))
        except sa.exc.OperationalError:
            # The database is being restarted.
            return {"pending": 1}

    def app(self) -> App:
        return open_app(settings_for(self.url, self.home / "desk", self.load, self.key))

    def local(self) -> Measured:
        app = self.app()
        try:
            issue_id = _release(app, self.load)
            began, cpu = time.monotonic(), time.process_time()
            app.deliver(issue_id, wait_s=None, on_settled=None)
            return Measured(time.monotonic() - began, time.process_time() - cpu, self.counts())
        finally:
            app.close()

    @contextmanager
    def role(self, role: str) -> Iterator[subprocess.Popen[str]]:
        home = self.home / secrets.token_hex(4)
        home.mkdir(parents=True)
        environment = os.environ | {
            "JIANBAO_DATA_DIR": str(home),
            "JIANBAO_DATABASE_URL": self.url,
            "JIANBAO_SECRET_KEY": self.key,
            "JIANBAO_ALLOWED_HOSTS": self.load.base.removeprefix("http://"),
            "JIANBAO_MAX_IN_FLIGHT": str(self.load.in_flight),
            "JIANBAO_LOG_LEVEL": "error",
        }
        # A port of its own choosing, told on standard error.
        command = [sys.executable, "-m", "bot", role, "--port", "0"]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            address = process.stderr.readline().split("：", 1)[1].strip()
            until_ready(address)
            try:
                yield process
            finally:
                process.terminate()
                process.communicate()

    def spread(self, *, workers: int, schedulers: int = 1, faults: bool = False) -> Measured:
        with ExitStack() as stack:
            app = self.app()
            stack.callback(app.close)
            processes = [stack.enter_context(self.role("worker")) for _ in range(workers)]
            for _ in range(schedulers):
                stack.enter_context(self.role("scheduler"))
            before = sum(map(cpu_of, processes))
            _release(app, self.load)
            began, killed = time.monotonic(), 0.0
            while any(state in self.counts() for state in ("pending", "sending", "retrying")):
                if faults and not killed and self.counts().get("accepted", 0) > self.load.count // 4:
                    processes.pop().kill()
                    killed = time.monotonic()
                    restart(self.server)
                time.sleep(0.05)
            ended = time.monotonic()
            return Measured(ended - began, sum(map(cpu_of, processes)) - before, self.counts(), ended - killed)


def until_ready(address: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{address}healthz"):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(address)


def cpu_of(process: subprocess.Popen[str]) -> float:
    """Seconds of processor time it has used, in and out of the kernel (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(args: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks scale", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="deliveries a run")
    parser.add_argument("--in-flight", type=int, default=100)
    options = parser.parse_args(args)
    with tempfile.TemporaryDirectory() as folder, postgresql() as server, sink() as base:
        load = Load(base=base, count=options.count, in_flight=options.in_flight)

        def run() -> Run:
            return Run(server, load, Path(folder) / secrets.token_hex(4))

        print(f"{'engine':<34}{'sent':>9}{'rate':>13}{'CPU each':>13}   states")
        local = run().local()
        print(local.row("local, on PostgreSQL"), flush=True)
        one = run().spread(workers=1)
        print(one.row("PgQueuer, one worker"), flush=True)
        two = run().spread(workers=2)
        print(two.row("PgQueuer, two workers"), flush=True)
        harmed = run().spread(workers=2, schedulers=2, faults=True)
        print(harmed.row("two, one killed, database restarted"), flush=True)
        print(f"CPU a delivery, PgQueuer beside local: {one.cpu_s / local.cpu_s:.2f}")
        print(f"rate, two workers beside one: {one.seconds / two.seconds:.2f}")
        print(f"from the kill and the restart to the last delivery settled: {harmed.takeover_s:.1f} s")
        assert sum(harmed.counts.values()) == load.count, "deliveries were lost"
