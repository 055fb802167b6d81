"""kill -9 at every fault point, on a full disk, on a locked database, and at random: nothing lost, nothing twice.

`JIANBAO_TEST_KILLS=200` makes the random part as long as one likes; 4 without it.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.faultpoints import Point
from bot.sandbox import SandboxServer

from .crashing import WITH_A_FILE, Death, Release, arrived, attempts, check, copy_of, ledger

pytestmark = pytest.mark.slow

KILLED = -signal.SIGKILL
RECOVERY_S = 30.0
KILLS = int(os.environ.get("JIANBAO_TEST_KILLS", "4"))
KILLS_A_RELEASE = 10

# By what a point needs to be passed; a new point without a line here is tried in the plain release.
AFTER_A_CRASH = (Point.RECOVERY_WRITTEN, Point.RECOVERY_COMMITTED)
IN_PARTS = (Point.PART_ARMED,)
ONCE = (Point.PLAN_WRITTEN, Point.PLAN_COMMITTED, *AFTER_A_CRASH)
"""Passed once in a release; the others are tried again where some deliveries have ended already."""
LATER = {Point.SENDING: 25, Point.ANSWERED: 25}

POINTS = [point for point in Point if point not in WITH_A_FILE]
MATRIX = [(point, 1) for point in POINTS] + [(point, LATER.get(point, 2)) for point in POINTS if point not in ONCE]


@pytest.fixture(scope="module")
def world() -> Iterator[SandboxServer]:
    with SandboxServer(open_mode=True, rate_limits=False) as server:
        yield server


@pytest.fixture
def sandbox(world: SandboxServer) -> SandboxServer:
    world.sandbox.messages.clear()
    world.sandbox.faults.clear()
    return world


@pytest.fixture(scope="module")
def prepared(world: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> Release:
    release = Release(tmp_path_factory.mktemp("prepared"), world.url)
    release.prepare()
    return release


@pytest.fixture
def release(prepared: Release, tmp_path: Path) -> Release:
    return copy_of(prepared, tmp_path / "var")


def end(release: Release) -> float:
    """The next start takes everything up, in time; in how many seconds it also sends the rest."""
    began = time.monotonic()
    assert release.live() == 0
    took_s = time.monotonic() - began
    assert took_s < RECOVERY_S
    assert not [line for line in ledger(release) if line.state == "sending"]
    return took_s


@pytest.mark.parametrize(("point", "nth"), MATRIX)
def test_killed_at(point: Point, nth: int, release: Release, sandbox: SandboxServer) -> None:
    if point in IN_PARTS:
        release = replace(release, parts=2)
    if point is Point.SENDING:
        sandbox.sandbox.faults.add({"fault": "delay", "seconds": 0.3})
    deaths = 1
    if point in AFTER_A_CRASH:
        assert release.live(Death(Point.CLAIM_COMMITTED)) == KILLED
        deaths = 2

    assert release.live(Death(point, nth)) == KILLED, f"the point {point} was not passed"
    end(release)

    check(release, sandbox, deaths=deaths)


def test_killed_while_the_disk_is_full(prepared: Release, tmp_path: Path, sandbox: SandboxServer) -> None:
    home = tmp_path / "var"
    home.mkdir()
    release = replace(prepared, home=home, targets=300)
    release.prepare()

    assert release.live(Death(disk_full=True)) == KILLED
    sent = len(arrived(sandbox))
    end(release)

    assert 0 < sent < release.targets, "nothing may be sent that could not be written"
    check(release, sandbox, deaths=1)


def test_killed_while_another_program_locks_the_database(release: Release, sandbox: SandboxServer) -> None:
    sandbox.sandbox.faults.add({"fault": "delay", "seconds": 0.2})
    life = release.begin(Death())
    while not arrived(sandbox):
        assert life.is_alive()
    with closing(sqlite3.connect(release.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        while len(arrived(sandbox)) < attempts(release):
            assert life.is_alive()
        life.kill()
        life.join()
        assert len(arrived(sandbox)) == attempts(release), "sent without an attempt on disk"
        other.execute("ROLLBACK")
    end(release)

    check(release, sandbox, deaths=1)


@pytest.mark.timeout(120 + 5 * KILLS)
def test_killed_at_random(prepared: Release, tmp_path: Path, sandbox: SandboxServer) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    dice = random.Random(seed)
    large = replace(prepared, home=tmp_path / "prepared", targets=1_000, in_flight=100)
    large.home.mkdir()
    large.prepare()
    left, longest_s, states = KILLS, 0.0, Counter[str]()
    while left:
        sandbox.sandbox.messages.clear()
        release = copy_of(large, tmp_path / f"var-{left}")
        deaths = min(left, KILLS_A_RELEASE)
        for when in sorted(dice.sample(range(1, 800), deaths)):
            life = release.begin(Death())
            while len(sandbox.sandbox.messages) < when and life.is_alive():
                life.join(dice.uniform(0, 0.01))
            life.kill()
            life.join()
            assert sum(line.state == "sending" for line in ledger(release)) <= release.in_flight
        longest_s = max(longest_s, end(release))
        states += check(release, sandbox, deaths=deaths)
        left -= deaths
    figures = f"{KILLS} kills, {states.total()} deliveries: {dict(states)}, lost 0, twice 0"
    print(f"{figures}; the slowest last life took {longest_s:.1f} s")  # noqa: T201 - shown with -s


@pytest.mark.parametrize("point", Point)
def test_the_guarantee_says_what_a_crash_at_the_point_leaves(point: Point) -> None:
    page = (Path(__file__).parents[2] / "docs" / "guarantee.md").read_text(encoding="utf-8")
    assert f"| `{point}` |" in page
