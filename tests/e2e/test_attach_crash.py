"""kill -9 around the upload of the original: whatever is in doubt is told, and the file is never shown twice unseen."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from bot.bootstrap import open_app, utc_now
from bot.domain.card import Style
from bot.domain.directory import Directory, Recipient, Target
from bot.domain.faultpoints import Point
from bot.domain.secret import Secret
from bot.sandbox import SandboxServer

from .crashing import WITH_A_FILE, Line, Release, fork, ledger, settings_of, url_of

pytestmark = pytest.mark.slow

ISSUE = """工作 简 报

(2026年第5期 总第75期)

某某市某某局

2026年2月13日

- 改造提前完工

改造提前完工

列入计划的项目全部完工，惠及居民863户。

发送：第0局。
"""


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(open_mode=True, rate_limits=False) as server:
        yield server


@pytest.fixture
def release(sandbox: SandboxServer, tmp_path: Path) -> Release:
    return Release(tmp_path / "var", sandbox.url, targets=1)


def begin(release: Release, death: Point | None = None, nth: int = 1, ahead_s: float = 0.0) -> BaseProcess:
    """A life in a process of its own, by a clock so far ahead; it ends at the `nth` passing of `death`."""
    life = fork.Process(target=_live, args=(release, death, nth, ahead_s), daemon=True)
    life.start()
    return life


def live(release: Release, death: Point | None = None, nth: int = 1, ahead_s: float = 0.0) -> int | None:
    life = begin(release, death, nth, ahead_s)
    life.join(60)
    return life.exitcode


def _live(release: Release, death: Point | None, nth: int, ahead_s: float) -> None:
    """Take the issue in and release it, the first time; deliver until nothing can get a verdict any more."""
    passed: Counter[Point] = Counter()

    def hook(point: Point) -> None:
        passed[point] += 1
        if point is death and passed[point] == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    app = open_app(settings_of(release), hook=hook, clock=lambda: utc_now() + dt.timedelta(seconds=ahead_s))
    try:
        robot = Target("wecom", Secret(url_of(release.sandbox, 0)), style=Style.TEXT, attach_original=True)
        roster = Directory((Recipient("unit-0", "第0局", targets=(robot,)),))
        app.store.import_directory(roster, who="test", why="", now=utc_now())
        seen = app.publisher.take_in(ISSUE.encode(), "第5期.txt", source="test", who="test")
        app.publisher.release_now(seen.stored.id, who="test", why="")
        app.deliver(seen.stored.id, wait_s=None, on_settled=None)
    finally:
        app.close()


def calls(sandbox: SandboxServer) -> list[str]:
    """What the platform took, in order."""
    found = []
    for message in sandbox.sandbox.messages.find(verdict="accepted"):
        upload = message.path.endswith("/upload_media")
        found.append("upload" if upload else json.loads(message.body)["msgtype"])
    return found


def states(lines: list[Line]) -> list[tuple[int, str]]:
    return [(line.part, line.state) for line in lines]


@pytest.mark.parametrize(
    ("point", "seen"),
    [(Point.SENDING, ["text", "upload"]), (Point.ANSWERED, ["text", "upload", "file"])],
    ids=["after the upload, before the message", "after the platform has shown the file"],
)
def test_killed_around_the_file_message(
    release: Release, sandbox: SandboxServer, point: Point, seen: list[str]
) -> None:
    """Nobody can know whether the group has the file: it is in doubt, and not sent again."""
    assert live(release, point, 2) == -signal.SIGKILL
    assert calls(sandbox) == seen
    assert live(release) == 0
    assert states(ledger(release)) == [(1, "accepted"), (2, "in_doubt")]
    assert calls(sandbox) == seen


AFTER: dict[Point, tuple[list[str], str]] = {
    Point.UPLOAD_BEGUN: (["text"], "retrying"),
    Point.UPLOAD_ENDED: (["text", "upload"], "in_doubt"),
}
"""What the platform had when the process died there, and the file's state after recovery."""


@pytest.mark.parametrize("point", WITH_A_FILE)
def test_killed_at_a_point_of_the_upload(release: Release, sandbox: SandboxServer, point: Point) -> None:
    seen, state = AFTER[point]
    assert live(release, point) == -signal.SIGKILL
    assert calls(sandbox) == seen
    assert live(release) == 0
    assert states(ledger(release)) == [(1, "accepted"), (2, state)]
    assert calls(sandbox) == seen
    shown(release, sandbox, uploads=1)


def shown(release: Release, sandbox: SandboxServer, *, uploads: int) -> None:
    """In the end the file is in the group once, where nobody had to ask for it; where it is in doubt, not at all."""
    assert live(release, ahead_s=60) == 0
    (_, state) = states(ledger(release))[1]
    assert state in ("accepted", "in_doubt")
    assert Counter(calls(sandbox)) == {"text": 1, "upload": uploads} | ({"file": 1} if state == "accepted" else {})


def test_killed_during_the_upload(release: Release, sandbox: SandboxServer) -> None:
    """Nobody has seen anything of an upload: it is done again by itself."""
    sandbox.sandbox.faults.add({"fault": "hang", "channel": "wecom", "after": 1, "times": 1})
    life = begin(release)
    while len(calls(sandbox)) < 2:
        assert life.is_alive()
    life.kill()
    life.join()
    assert calls(sandbox) == ["text", "upload"]
    assert live(release) == 0
    assert states(ledger(release)) == [(1, "accepted"), (2, "retrying")]
    assert calls(sandbox) == ["text", "upload"]
    shown(release, sandbox, uploads=2)
    assert states(ledger(release)) == [(1, "accepted"), (2, "accepted")]


def test_killed_before_the_cards_answer_is_on_disk(release: Release, sandbox: SandboxServer) -> None:
    """The card is in doubt, so the file waits for the person who settles it."""
    assert live(release, Point.ANSWERED) == -signal.SIGKILL
    assert live(release) == 0
    assert states(ledger(release)) == [(1, "in_doubt"), (2, "pending")]
    assert calls(sandbox) == ["text"]
