"""The promise beyond one machine: three hosts, one worker killed, one cut off, the database restarted; nothing is lost.

The base host holds PostgreSQL and the sandbox as the vendors, with their rate limits. Hosts `one` and `two` run the
services of docker-compose.yml's profile `scale` by the commands, settings and secrets of that file. Bulletins come in
through the API of `web` and are released by the schedulers. In three waves one worker is killed (kill -9), one host is
cut off for 20 s, and the database is restarted; meanwhile a few robots get so many bulletins that their pace is what
decides. In the end the ledger is compared with what the vendors really received. All of it goes on in network
namespaces that the run makes for itself, or on loopback where there can be none. Exit code 1: a promise was broken.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.bootstrap import utc_now
from bot.store.batches import SIZE

from ._cluster import PLACES, Base, base
from ._desk import Desk
from ._hosts import Hosts, apart
from ._postgres import restart
from ._prepare import HOT, MANY
from ._received import compare

TAKEOVER_S = 30.0
CUT_S = 20.0
DOWN_S = 10.0
WAVES = 3
_OPEN = ("pending", "waiting", "sending", "retrying")


@dataclass(frozen=True, slots=True)
class Size:
    """`bulletins` of each wave go to `robots`, `hot_bulletins` once to `hot_robots`."""

    robots: int
    bulletins: int
    hot_robots: int
    hot_bulletins: int
    in_flight: int
    """At most so many at once in a worker."""

    @property
    def deliveries(self) -> int:
        return WAVES * self.bulletins * self.robots + self.hot_bulletins * self.hot_robots


SIZES = {
    "full": Size(robots=8_000, bulletins=4, hot_robots=100, hot_bulletins=40, in_flight=200),
    "small": Size(robots=900, bulletins=1, hot_robots=6, hot_bulletins=6, in_flight=30),
}


@dataclass(slots=True)
class Outcome:
    """What came of the waves. Numbers of deliveries, unless the name says seconds."""

    hosts: str
    deliveries: int
    seconds: float = 0.0
    takeover_after_kill_s: float = 0.0
    in_doubt_after_kill: int = 0
    takeover_after_cut_s: float = 0.0
    back_after_cut_s: float = 0.0
    in_doubt_after_cut: int = 0
    on_after_restart_s: float = 0.0


class Run:
    """The waves and what is measured in them."""

    def __init__(self, hosts: Hosts, base: Base, desk: Desk, size: Size) -> None:
        self._hosts, self._desk, self._size = hosts, desk, size
        self._cluster, self._watch, self._server = base.cluster, base.watch, base.server
        self._limit_s = 120 + size.deliveries / 100
        self.outcome = Outcome(hosts.kind, size.deliveries)

    def waves(self) -> None:
        began = time.monotonic()
        _say(f"{self._size.deliveries:,} deliveries, {self._hosts.kind}")
        hot = self._desk.publish(self._size.hot_bulletins, HOT)
        self._wave("worker-one is killed", self._killed)
        if self._hosts.cuts:
            self._cluster.stand_by("worker-two")
        self._wave("host two is cut off", self._cut_off)
        self._wave("the database is restarted", self._restarted)
        self._settled(hot)
        self.outcome.seconds = time.monotonic() - began

    def _wave(self, what: str, harm: Callable[[list[int]], None]) -> None:
        issues = self._desk.publish(self._size.bulletins, MANY)
        part = self._size.bulletins * self._size.robots // 4
        self._until(lambda: self._count(issues, "accepted") > part, self._limit_s, "a quarter of the wave is out")
        _say(f"{what}: {dict(self._states(issues))}")
        harm(issues)
        took = self._settled(issues)
        _say(f"the wave is settled {took:.1f} s later: {dict(self._states(issues))}")

    def _settled(self, issues: list[int]) -> float:
        return self._until(lambda: not any(self._count(issues, s) for s in _OPEN), self._limit_s, "all is settled")

    def _killed(self, _: list[int]) -> None:
        held = self._held_by("worker-one")
        self._cluster.running["worker-one"].kill()
        self._cluster.running.pop("worker-one").wait()
        self.outcome.takeover_after_kill_s = self._taken_over(held)
        self.outcome.in_doubt_after_kill = self._in_doubt()
        _say(f"what it had was taken over after {self.outcome.takeover_after_kill_s:.1f} s")
        # As `restart: unless-stopped` does.
        self._cluster.start("worker-one")

    def _cut_off(self, issues: list[int]) -> None:
        before = self._in_doubt()
        if self._hosts.cuts:
            # The worst of moments: what this transaction has locked, the server has to set free.
            self._cluster.hold(issues[0])
        held = self._held_by("worker-two")
        cut_at = time.monotonic()
        self._hosts.cut("two")
        if self._hosts.cuts:
            # A process that was merely stopped keeps its lock, and what it had in flight is left to it.
            self.outcome.takeover_after_cut_s = self._taken_over(held)
            _say(f"what it had was taken over after {self.outcome.takeover_after_cut_s:.1f} s")
        time.sleep(max(0.0, cut_at + CUT_S - time.monotonic()))
        self._hosts.mend("two")
        mended = utc_now()

        def back() -> bool:
            query = "SELECT max(heartbeat_at) FROM worker WHERE lock LIKE '%%/worker-two/data/%%'"
            return bool(self._watch.rows(query)[0][0] > mended.timestamp() * 1e6)

        self.outcome.back_after_cut_s = self._until(back, self._limit_s, "the worker cut off is back")
        self.outcome.in_doubt_after_cut = self._in_doubt() - before
        _say(f"the worker cut off is back after {self.outcome.back_after_cut_s:.1f} s")

    def _restarted(self, _: list[int]) -> None:
        before = self._attempts()
        restart(self._server, down_s=DOWN_S)
        self.outcome.on_after_restart_s = self._until(
            lambda: self._attempts() > before, self._limit_s, "sending goes on"
        )
        _say(f"sending goes on after {self.outcome.on_after_restart_s:.1f} s")

    def _held_by(self, worker: str) -> tuple[list[int], list[int]]:
        """What this worker has in flight, and what is due beside it in the batches at work, with the moments it is due
        at (0: in flight): once the worker is gone, all of it is somebody else's."""
        query = """
            SELECT id FROM delivery WHERE state = 'sending' AND worker IN (SELECT id FROM worker WHERE lock LIKE %s)
        """
        in_flight: list[int] = []

        def at_work() -> bool:
            in_flight[:] = [row[0] for row in self._watch.rows(query, f"%/{worker}/data/%")]
            return bool(in_flight)

        self._until(at_work, 30, f"{worker} has something in flight")
        due = """
            SELECT id, coalesce(next_try_at, 0) FROM delivery
            WHERE id = ANY(%s) OR id / %s = ANY(%s) AND next_try_at <= extract(epoch FROM now()) * 1000000
        """
        rows = self._watch.rows(due, in_flight, SIZE, sorted({key // SIZE for key in in_flight}))
        return [row[0] for row in rows], [row[1] for row in rows]

    def _taken_over(self, held: tuple[list[int], list[int]]) -> float:
        """Seconds until somebody else had done something about each of these: settled or sent it, or, where its robot
        was not to be hurried, set it a later moment."""
        query = """
            SELECT count(*) FROM delivery JOIN unnest(%s::bigint[], %s::bigint[]) AS held (id, due) USING (id)
            WHERE state IN ('pending', 'sending') AND coalesce(next_try_at, 0) = due
        """
        return self._until(lambda: self._watch.rows(query, *held)[0][0] == 0, self._limit_s, "it is taken over")

    def _until(self, reached: Callable[[], bool], within_s: float, what: str) -> float:
        for name, process in self._cluster.running.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} has ended by itself")
        return self._watch.until(reached, within_s, what)

    def _states(self, issues: list[int]) -> Counter[str]:
        query = "SELECT slot, sum(count)::bigint FROM tally WHERE issue_id = ANY(%s) GROUP BY slot"
        return Counter({state: n for state, n in self._watch.rows(query, issues) if n})

    def _count(self, issues: list[int], state: str) -> int:
        states = self._states(issues)
        # Before its release an issue has no deliveries at all.
        return states[state] if states else 1

    def _in_doubt(self) -> int:
        return int(self._watch.rows("SELECT count(*) FROM delivery WHERE state = 'in_doubt'")[0][0])

    def _attempts(self) -> int:
        return int(self._watch.rows("SELECT count(*) FROM attempt")[0][0])


def _say(line: str) -> None:
    print(f"{dt.datetime.now(dt.UTC):%H:%M:%S} {line}", file=sys.stderr, flush=True)


def measure(hosts: Hosts, size: Size) -> dict[str, Any]:
    with base(hosts, robots=size.robots, hot_robots=size.hot_robots, in_flight=size.in_flight) as found:
        addresses = {name: found.cluster.start(name) for name in PLACES}
        desk = Desk(addresses["web"], found.token)
        run = Run(hosts, found, desk, size)
        run.waves()
        desk.close()
        found.cluster.stop()
        received = compare(found.watch, found.sandbox, size.deliveries)
        found.verify_history()
        return asdict(run.outcome) | asdict(received)


def broken(outcome: dict[str, Any]) -> list[str]:
    """The promises that were not kept."""
    none = ("lost", "received_twice", "received_and_not_recorded", "rate_refusals")
    bounded = ("takeover_after_kill_s", "takeover_after_cut_s", "back_after_cut_s", "on_after_restart_s")
    found = [name for name in none if outcome[name]] + [name for name in bounded if outcome[name] > TAKEOVER_S]
    return [f"{name}: {outcome[name]}" for name in found]


def main(args: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks cluster", description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default="full", help="how much (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the outcome as one JSON document")
    options = parser.parse_args(args)
    outcome = measure(apart("benchmarks", ["cluster", *args]), SIZES[options.size])
    if options.json:
        print(json.dumps(outcome, ensure_ascii=False))
    else:
        for name, value in outcome.items():
            shown = f"{value:,.1f}" if isinstance(value, float) else str(value)
            print(f"{name.replace('_', ' '):<28}{shown:>12}")
    if promises := broken(outcome):
        sys.exit(f"broken promises: {', '.join(promises)}")
