"""What it costs to spread: PgQueuer beside the local engine, one worker and two, and what each asks of the database.

Processor time a delivery is that of the sending processes alone, measured between the moments when the workers stand
ready and when the last delivery is settled; the database server's own is counted beside it, with what it writes ahead
and what is on its disk in the end. It is a real PostgreSQL that syncs to the disk in the system's temporary directory
(TMPDIR). What happens when hosts die is another run: `python -m benchmarks cluster`.
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

from bot.bootstrap import open_app
from bot.settings import Settings

from ._durable import _release
from ._load import Load
from ._postgres import Watch, postgresql
from ._sink import sink


@dataclass(frozen=True, slots=True)
class Used:
    """What had been used up at a moment."""

    seconds: float
    cpu_s: float
    database_cpu_s: float
    written_ahead: int
    on_disk: int

    def since(self, before: Used, deliveries: int) -> dict[str, float]:
        """What a delivery took of each, in microseconds and bytes."""
        return {
            "rate": deliveries / (self.seconds - before.seconds),
            "cpu_us": (self.cpu_s - before.cpu_s) / deliveries * 1e6,
            "database_us": (self.database_cpu_s - before.database_cpu_s) / deliveries * 1e6,
            "written_ahead": (self.written_ahead - before.written_ahead) / deliveries,
            "on_disk": (self.on_disk - before.on_disk) / deliveries,
        }


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
        self.app = open_app(settings_for(self.url, self.home / "desk", self.load, self.key))
        self.watch = Watch(server.get_uri().replace("/postgres?", f"/{name}?"), "tally")
        self.issue_id = 0

    def release(self) -> None:
        self.issue_id = _release(self.app, self.load)

    def used(self, cpu_s: float) -> Used:
        query = "SELECT pg_current_wal_insert_lsn() - '0/0', pg_database_size(current_database())"
        ((written_ahead, on_disk),) = self.watch.rows(query)
        return Used(time.monotonic(), cpu_s, _cpu_of_server(self.server), int(written_ahead), on_disk)

    def local(self) -> dict[str, float]:
        self.release()
        before = self.used(time.process_time())
        self.app.deliver(self.issue_id, wait_s=None, on_settled=None)
        return self.used(time.process_time()).since(before, self.load.count)

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
            # It listens before it says so.
            with urllib.request.urlopen(f"{address}healthz"):
                pass
            try:
                yield process
            finally:
                process.terminate()
                process.communicate()

    def spread(self, *, workers: int) -> dict[str, float]:
        with ExitStack() as stack:
            processes = [stack.enter_context(self.role("worker")) for _ in range(workers)]
            stack.enter_context(self.role("scheduler"))
            self.release()
            before = self.used(sum(map(cpu_of, processes)))
            done = "SELECT count FROM tally WHERE slot = 'accepted' AND issue_id = %s"
            self.watch.until(
                lambda: self.watch.rows(done, self.issue_id)[0][0] == self.load.count, 600, "everything is accepted"
            )
            return self.used(sum(map(cpu_of, processes))).since(before, self.load.count)

    def close(self) -> None:
        self.watch.close()
        self.app.close()


def cpu_of(process: subprocess.Popen[str]) -> float:
    """Seconds of processor time it has used, in and out of the kernel (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _cpu_of_server(server: Any) -> float:
    """Of all its processes, those that have ended among them."""
    postmaster = server.get_postmaster_info().process
    mine = postmaster.cpu_times()
    running = [child.cpu_times() for child in postmaster.children()]
    return float(sum(mine) + sum(times.user + times.system for times in running))


def main(args: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks scale", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="deliveries a run")
    parser.add_argument("--in-flight", type=int, default=100)
    options = parser.parse_args(args)
    with tempfile.TemporaryDirectory() as folder, postgresql() as server, sink() as base:
        load = Load(base=base, count=options.count, in_flight=options.in_flight)
        found: list[dict[str, float]] = []
        print(f"{'':<24}{'rate':>10}{'CPU each':>12}{'database':>12}{'written ahead':>16}{'on disk':>10}")
        for name, workers in (("local, on PostgreSQL", 0), ("PgQueuer, one worker", 1), ("PgQueuer, two workers", 2)):
            run = Run(server, load, Path(folder) / secrets.token_hex(4))
            one = run.spread(workers=workers) if workers else run.local()
            run.close()
            found.append(one)
            cells = f"{one['rate']:>8,.0f}/s{one['cpu_us']:>9,.0f} µs{one['database_us']:>9,.0f} µs"
            print(f"{name:<24}{cells}{one['written_ahead']:>14,.0f} B{one['on_disk']:>8,.0f} B", flush=True)
        local, single, double = found
        print(f"CPU a delivery, PgQueuer beside local: {single['cpu_us'] / local['cpu_us']:.2f}")
        print(f"rate, two workers beside one: {double['rate'] / single['rate']:.2f}")
