"""A release in a process of its own, which can be made to die by kill -9 at a fault point, and what must hold after.

Processes are forked from a server that has imported everything, so that a life costs milliseconds. What the groups
saw is read from the sandbox, what the ledger says from the database file: neither asks the code under test.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import logging
import multiprocessing
import os
import re
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

from bot.bootstrap import App, open_app, utc_now
from bot.domain.card import LINK_TOKEN, CardKind, Style
from bot.domain.directory import Directory, Recipient, Target
from bot.domain.faultpoints import Point, pass_by
from bot.domain.issue import Issue, IssueNumber, ListKind
from bot.domain.plan import Plan, PlannedDelivery, PlannedMessage
from bot.domain.resolver import Resolution
from bot.domain.secret import Secret
from bot.sandbox import SandboxServer
from bot.settings import Settings

_PATHS = {
    "wecom": "/cgi-bin/webhook/send?key={key}",
    "dingtalk": "/robot/send?access_token={key}",
    "feishu": "/open-apis/bot/v2/hook/{key}",
}
_BODIES = {
    "wecom": '{{"msgtype":"text","text":{{"content":"part {part} {token}"}}}}',
    "dingtalk": '{{"msgtype":"text","text":{{"content":"part {part} {token}"}}}}',
    "feishu": '{{"msg_type":"text","content":{{"text":"part {part} {token}"}}}}',
}
_TOKEN = re.compile(rb"part \d+ ([A-Za-z0-9_-]{%d})" % len(LINK_TOKEN))

WITH_A_FILE = (Point.UPLOAD_BEGUN, Point.UPLOAD_ENDED)
"""Passed only where the original follows the card: test_attach_crash.py kills there, the crash matrix at the rest."""

fork = multiprocessing.get_context("forkserver")
fork.set_forkserver_preload([__name__])


@dataclass(frozen=True, slots=True)
class Release:
    """One issue in `parts` to `targets` robots at the sandbox, from the installation in `home`."""

    home: Path
    sandbox: str
    targets: int = 40
    parts: int = 1
    in_flight: int = 20

    @property
    def database(self) -> Path:
        return self.home / "jianbao.db"

    def prepare(self) -> None:
        """A fresh installation that knows the robots and has taken the issue in; in a process of its own."""
        life = self.begin(Death(), release=False)
        life.join()
        assert life.exitcode == 0

    def begin(self, death: Death, *, release: bool = True) -> BaseProcess:
        """Start one life: release what is not released yet, and deliver until everything has a verdict."""
        life = fork.Process(target=_live, args=(self, death, release), daemon=True)
        life.start()
        return life

    def live(self, death: Death | None = None) -> int:
        """A whole life; how it ended: 0, or minus the signal."""
        life = self.begin(death or Death())
        life.join(60)
        assert life.exitcode is not None, "it neither ended nor died"
        return life.exitcode


@dataclass(frozen=True, slots=True)
class Death:
    """Where a life ends: at the `nth` passing of `point`, or when the disk has become full. Neither: not at all."""

    point: Point | None = None
    nth: int = 1
    disk_full: bool = False


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Reaper(logging.Handler):
    """Dies at the first error that is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        _die()


class _Fate:
    """The hook of one life."""

    def __init__(self, death: Death) -> None:
        self._death = death
        self._passed: Counter[Point] = Counter()
        self._lock = threading.Lock()
        self.app: App | None = None

    def __call__(self, point: Point) -> None:
        with self._lock:
            self._passed[point] += 1
        if self._death.disk_full and point is Point.CLAIM_COMMITTED and self._passed[point] == 1:
            self._fill_the_disk()
        if point is self._death.point and self._passed[point] == self._death.nth:
            if point is Point.SENDING:
                # The request shall be out; the sandbox answers after longer than this.
                asyncio.get_running_loop().call_later(0.05, _die)
            else:
                _die()

    def _fill_the_disk(self) -> None:
        assert self.app is not None
        with self.app.store.db.read() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        logging.getLogger("bot.store.database").addHandler(_Reaper())


def _live(release: Release, death: Death, go: bool) -> None:
    fate = _Fate(death)
    app = fate.app = open_app(settings_of(release), hook=fate if death != Death() else pass_by)
    try:
        if go:
            app.deliver(release_issue(app, release), wait_s=None, on_settled=None)
        else:
            app.store.import_directory(directory_of(release), who="test", why="", now=utc_now())
    finally:
        app.close()


def settings_of(release: Release) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": release.home,
            "database_url": "",
            "allowed_hosts": (release.sandbox.removeprefix("http://"),),
            "max_in_flight": release.in_flight,
            "log_level": "error",
        }
    )


def channel_of(number: int) -> str:
    return list(_PATHS)[number % len(_PATHS)]


def url_of(sandbox: str, number: int) -> str:
    """The webhook of robot `number`; its key is `robot-<number>`."""
    return sandbox + _PATHS[channel_of(number)].format(key=f"robot-{number:05d}")


def directory_of(release: Release) -> Directory:
    def robot(n: int) -> Target:
        return Target(channel_of(n), Secret(url_of(release.sandbox, n)), style=Style.TEXT)

    return Directory(tuple(Recipient(f"unit-{n}", f"第{n}局", targets=(robot(n),)) for n in range(release.targets)))


def release_issue(app: App, release: Release, *, number: int = 1, now: dt.datetime | None = None) -> int:
    """Release issue `number` at `now`; its id. A second time it finds what the first has left: nothing, the issue, or
    the deliveries too."""
    now = now or utc_now()
    stored = app.store.save_issue(
        Issue("工作简报", IssueNumber(2026, number, number, f"第{number}期")),
        publication="default",
        original=b"-",
        name="-",
        source="test",
        who="test",
        now=now,
        release_at=now,
        holds=(),
    )
    names = list(_PATHS)
    messages = tuple(
        PlannedMessage(
            c, Style.TEXT, ListKind.SEND, part, release.parts, _BODIES[c].format(part=part, token=LINK_TOKEN).encode()
        )
        for c in names
        for part in range(1, release.parts + 1)
    )
    units = [f"unit-{n}" for n in range(release.targets)]
    deliveries = tuple(
        PlannedDelivery(
            t.recipient.id,
            t.id,
            ListKind.SEND,
            part,
            release.parts,
            message=names.index(t.target.channel) * release.parts + part - 1,
        )
        for t in app.store.targets(units)
        for part in range(1, release.parts + 1)
    )
    resolution = Resolution((), (), (), (), (), dict.fromkeys(units, ListKind.SEND), ())
    plan = Plan(stored.id, stored.revision_id, CardKind.ISSUE, resolution, messages, deliveries)
    app.store.release(plan, who="test", why="", now=now, expected_revision=stored.revision_id)
    return stored.id


# --- what must hold ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery in the ledger."""

    id: int
    target: int
    part: int
    state: str
    attempts: int


def ledger(release: Release) -> list[Line]:
    with closing(sqlite3.connect(release.database)) as connection:
        query = "SELECT id, target_id, part, state, attempts FROM delivery ORDER BY id"
        return [Line(*row) for row in connection.execute(query)]


def attempts(release: Release) -> int:
    """Attempt rows on disk."""
    with closing(sqlite3.connect(release.database)) as connection:
        return int(connection.execute("SELECT count(*) FROM attempt").fetchone()[0])


def arrived(sandbox: SandboxServer) -> list[int]:
    """Delivery ids in the order in which the platforms took them in; an id stands in its reader token."""
    return list(_arrivals(sandbox))


def _arrivals(sandbox: SandboxServer) -> Iterator[int]:
    for message in sandbox.sandbox.messages.find(verdict="accepted"):
        found = _TOKEN.search(message.body)
        assert found is not None, message.body
        yield int.from_bytes(base64.urlsafe_b64decode(found[1])[:8], "big")


def check(release: Release, sandbox: SandboxServer, *, deaths: int) -> Counter[str]:
    """The promise, after the last life has ended by itself; the states. Raises AssertionError where it is broken."""
    lines = ledger(release)
    order = arrived(sandbox)
    seen = Counter(order)
    states = Counter(line.state for line in lines)
    assert len(lines) == release.targets * release.parts, "deliveries were lost"
    assert set(seen) <= {line.id for line in lines}, "something was sent that stands in no ledger"
    by_place = {(line.target, line.part): line for line in lines}
    for line in lines:
        before = by_place.get((line.target, line.part - 1))
        if before is not None and before.state != "accepted":
            assert (line.state, line.attempts, seen[line.id]) == ("pending", 0, 0), f"sent before its turn: {line}"
            continue
        assert line.state in ("accepted", "in_doubt"), f"left behind: {line}"
        assert line.state != "accepted" or seen[line.id], f"accepted, but the platform never had it: {line}"
        assert seen[line.id] <= 1, f"a duplicate nobody asked for: {line}"
        if before is not None and seen[line.id]:
            assert order.index(before.id) < order.index(line.id), f"parts out of order: {line}"
    assert states["in_doubt"] <= deaths * release.in_flight, "more in doubt than was in flight"
    return states


def copy_of(release: Release, home: Path) -> Release:
    """The same installation in another place, as `prepare` left it."""
    home.mkdir()
    for file in release.home.iterdir():
        if file.is_file():
            (home / file.name).write_bytes(file.read_bytes())
    return replace(release, home=home)
