"""From the release moment to the first byte out, and to the last verdict, in the service as `serve` runs it.

An issue to 100 robots that answer after 100 ms is scheduled a few seconds ahead; nobody touches anything after that.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median

from bot.bootstrap import open_app, utc_now
from bot.domain.card import Style
from bot.domain.directory import Directory, Group, Recipient, Target
from bot.domain.secret import Secret
from bot.settings import load_settings

from ._load import Load
from ._sink import seen, sink

AHEAD = dt.timedelta(seconds=8)
"""Time for the service to start."""
DELAY_S = 0.1
ISSUE = """梅州市城镇老旧小区改造工作 简 报

(2026年第5期 总第72期)

梅州市住房和城乡建设局

2026年6月30日

- 梅江区老旧小区改造提前完工

梅江区老旧小区改造提前完工

梅江区今年列入计划的12个老旧小区改造项目全部完工，惠及居民863户。

发送：各测试单位。
"""


def _schedule(folder: str, load: Load) -> dt.datetime:
    """An installation with the issue in it; its release moment."""
    settings = load_settings().model_copy(
        update={"data_dir": Path(folder), "database_url": "", "allowed_hosts": (load.base.removeprefix("http://"),)}
    )
    app = open_app(settings)
    try:
        units = tuple(
            Recipient(f"unit-{number}", f"第{number}单位", targets=(Target("wecom", Secret(url), style=Style.TEXT),))
            for number, url in enumerate(load.urls())
        )
        everyone = Group("all", "各测试单位", ("各测试单位",), tuple(unit.id for unit in units))
        app.store.import_directory(Directory(units, (everyone,)), who="benchmark", why="", now=utc_now())
        stored = app.publisher.take_in(ISSUE.encode(), "issue.txt", source="benchmark", who="benchmark").stored
        at = utc_now() + AHEAD
        app.publisher.reschedule(stored.id, at=at, who="benchmark", why="")
        app.publisher.approve(stored.id, who="benchmark")
        return at
    finally:
        app.close()


def _verdicts(database: Path) -> tuple[int, float]:
    """(receipts that say accepted, Unix time of the last)."""
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT count(*), max(finished_at) FROM receipt WHERE outcome = 'ok'"
        count, last = connection.execute(query).fetchone()
    return int(count), (last or 0) / 1e6


def measure(count: int) -> tuple[float, float]:
    """Seconds from the release moment to the first byte out, and to the last verdict."""
    with sink(DELAY_S) as base, tempfile.TemporaryDirectory() as folder:
        moment = _schedule(folder, Load(base, count, count)).timestamp()
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("JIANBAO_")},
            "JIANBAO_DATA_DIR": folder,
            "JIANBAO_ALLOWED_HOSTS": base.removeprefix("http://"),
            "JIANBAO_LOG_LEVEL": "warning",
        }
        command = [sys.executable, "-m", "bot", "serve", "--port", "0"]
        with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as service:
            try:
                verdicts, last = 0, 0.0
                while verdicts < count:
                    if service.poll() is not None or time.time() > moment + 60:
                        sys.exit(f"only {verdicts} of {count} delivered")
                    time.sleep(0.2)
                    verdicts, last = _verdicts(Path(folder) / "jianbao.db")
            finally:
                service.terminate()
        _, first = seen(base)
        return first - moment, last - moment


def main(args: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks latency", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="robots (default %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="repetitions (default %(default)s)")
    options = parser.parse_args(args)
    firsts, lasts = zip(*(measure(options.count) for _ in range(options.repeat)), strict=True)
    print(f"\n{options.count} robots answering after {DELAY_S * 1000:g} ms, {options.repeat} repetitions, medians")
    print(f"release moment to first byte out  {median(firsts):6.2f} s  (longest {max(firsts):.2f})")
    print(f"release moment to last verdict    {median(lasts):6.2f} s  (longest {max(lasts):.2f})")
