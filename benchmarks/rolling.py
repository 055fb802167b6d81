"""A rolling upgrade: an earlier version and this one at work on one database, side by side, and nothing is lost.

The earlier version (`--old`, a commit) makes the database and runs web, scheduler and a worker. While it sends, this
version is started beside it, and its migrations change the schema under the earlier one's feet. Both send; then this
version's pages and scheduler take over, and the earlier worker goes last. In the end nothing may be lost, in doubt, or
received twice, and each version has sent of what the other has released.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ._cluster import Base, base
from ._composed import ROOT
from ._desk import Desk
from ._hosts import Hosts, apart
from ._prepare import MANY
from ._received import compare

RELEASED = "0406622"
"""The last commit with the schema of migration 0005."""
ROBOTS = 900
WITHIN_S = 180.0
_BOTH = """
    SELECT count(DISTINCT worker.lock) FROM attempt JOIN delivery ON delivery.id = attempt.delivery_id
    JOIN worker ON worker.id = attempt.worker WHERE delivery.issue_id = %s
"""


def checked_out(commit: str, folder: Path) -> Path:
    """The program of that commit in this folder. CalledProcessError where the history does not reach back so far."""
    packed = subprocess.run(
        ["git", "archive", commit, "bot", "config", "templates"], cwd=ROOT, check=True, capture_output=True
    )
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as tar:
        tar.extractall(folder, filter="data")
    return folder


def measure(hosts: Hosts, old: Path) -> dict[str, Any]:
    with base(hosts, robots=ROBOTS, hot_robots=1, in_flight=20, root=old) as found:
        cluster = found.cluster
        before = _version(found)
        addresses = {name: cluster.start(name, old) for name in ("web", "scheduler-one", "worker-one")}
        desk = Desk(addresses["web"], found.token)

        (first,) = desk.publish(1, MANY)
        _until(found, f"SELECT count(*) > {ROBOTS // 4} FROM attempt", "the earlier version sends")
        for name in ("worker-two", "scheduler-two"):
            cluster.start(name)
        after = _version(found)
        _settled(found, first)

        # Released by the earlier version, sent by both.
        (second,) = desk.publish(1, MANY)
        _settled(found, second)
        cluster.stop("web", "scheduler-one")
        desk.move(cluster.start("web"))
        # Released by this version, sent by both.
        (third,) = desk.publish(1, MANY)
        _settled(found, third)
        both = [found.watch.rows(_BOTH, issue)[0][0] for issue in (second, third)]
        cluster.stop("worker-one")
        (fourth,) = desk.publish(1, MANY)
        _settled(found, fourth)
        desk.close()
        cluster.stop()
        found.verify_history()
        received = compare(found.watch, found.sandbox, 4 * ROBOTS)
        return {"hosts": hosts.kind, "from": before, "to": after, "workers": both, **asdict(received)}


def _version(found: Base) -> str:
    return str(found.watch.rows("SELECT version_num FROM alembic_version")[0][0])


def _until(found: Base, query: str, what: str) -> None:
    found.watch.until(lambda: bool(found.watch.rows(query)[0][0]), WITHIN_S, what)


def _settled(found: Base, issue: int) -> None:
    done = f"SELECT sum(count) = {ROBOTS} FROM tally WHERE issue_id = {issue} AND slot IN ('accepted', 'in_doubt')"
    _until(found, done, f"issue {issue} is settled")


def main(args: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks rolling", description=__doc__)
    parser.add_argument("--old", default=RELEASED, help="the commit of the earlier version (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the outcome as one JSON document")
    options = parser.parse_args(args)
    hosts = apart("benchmarks", ["rolling", *args])
    with tempfile.TemporaryDirectory() as folder:
        outcome = measure(hosts, checked_out(options.old, Path(folder)))
    print(json.dumps(outcome, ensure_ascii=False) if options.json else outcome)
    if any(outcome[name] for name in ("lost", "in_doubt", "received_twice", "received_and_not_recorded")):
        sys.exit("broken promises: something was lost, in doubt, or received twice")
    if outcome["workers"] != [2, 2]:
        sys.exit("one of the two versions has sent nothing of what the other released")
