"""A gentle stop: what is in flight ends and is written down, what has not begun is handed back, within the grace."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from bot.bootstrap import App, open_app, utc_now
from bot.channels import CHANNELS
from bot.domain.delivery import DeliveryState, Reason
from bot.domain.plan import Settled
from bot.domain.reader_token import reader_token
from bot.engines import local
from bot.engines.supervisor import Supervisor
from bot.flows.deliver import STOP_GRACE_S, Dispatcher
from bot.sandbox import SandboxServer
from tests.e2e.crashing import Release, arrived, attempts, directory_of, ledger, release_issue, settings_of

pytestmark = pytest.mark.slow


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(open_mode=True, rate_limits=False) as server:
        yield server


def opened(release: Release) -> tuple[App, int]:
    """An installation that has released the issue, and the issue's id."""
    app = open_app(settings_of(release))
    app.store.import_directory(directory_of(release), who="test", why="", now=utc_now())
    return app, release_issue(app, release)


def deliver_until(app: App, count: int, *, in_flight: int, grace_s: float = STOP_GRACE_S) -> None:
    """Send until `count` have ended; then the process gets the signal to stop."""
    ended: list[Settled] = []

    def note(one: Settled) -> None:
        ended.append(one)
        if len(ended) == count:
            os.kill(os.getpid(), signal.SIGTERM)

    @asynccontextmanager
    async def dispatcher() -> AsyncIterator[Dispatcher]:
        async with app.sender() as sender:
            yield Dispatcher(
                ledger=app.store.ledger(),
                sender=sender,
                channels=CHANNELS,
                clock=utc_now,
                worker="stops",
                token=partial(reader_token, app.reader_key),
                max_in_flight=in_flight,
                stop_grace_s=grace_s,
                on_settled=note,
            )

    local.run(local.deliver(dispatcher))


def test_what_is_in_flight_ends_and_the_rest_is_handed_back(sandbox: SandboxServer, tmp_path: Path) -> None:
    release = Release(tmp_path, sandbox.url, targets=60)
    sandbox.sandbox.faults.add({"fault": "delay", "seconds": 0.1})
    app, issue = opened(release)
    try:
        deliver_until(app, 3, in_flight=10)
        states = Counter(line.state for line in ledger(release))
        assert states.keys() == {"accepted", "pending"}, "nothing is in doubt, and nothing left in flight"
        assert states["accepted"] == attempts(release) == len(arrived(sandbox))
        # Those that end in the same round of the loop as the third, and as many that were claimed meanwhile.
        assert 3 <= states["accepted"] <= 3 + 2 * 10, "it went on after the signal"

        app.deliver(issue, wait_s=None, on_settled=None)
        assert app.store.counts(issue) == {DeliveryState.ACCEPTED: release.targets}
        assert len(arrived(sandbox)) == release.targets
    finally:
        app.close()


def test_a_wait_that_is_over_sends_nothing_more(sandbox: SandboxServer, tmp_path: Path) -> None:
    release = Release(tmp_path, sandbox.url, targets=60, in_flight=5)
    sandbox.sandbox.faults.add({"fault": "delay", "seconds": 0.3})
    app, issue = opened(release)
    try:
        app.deliver(issue, wait_s=0.5, on_settled=None)
        counts = app.store.counts(issue)
        assert counts.keys() == {DeliveryState.ACCEPTED, DeliveryState.PENDING}, "what was under way has ended"
        assert counts[DeliveryState.PENDING] >= 40
    finally:
        app.close()


def test_what_outlasts_the_grace_is_in_doubt_and_nothing_else(sandbox: SandboxServer, tmp_path: Path) -> None:
    release = Release(tmp_path, sandbox.url, targets=3)
    sandbox.sandbox.faults.add({"fault": "hang", "key": "robot-00000"})
    app, issue = opened(release)
    try:
        deliver_until(app, 2, in_flight=10, grace_s=0.1)
        assert app.store.counts(issue) == {DeliveryState.ACCEPTED: 2, DeliveryState.IN_DOUBT: 1}
        (hung,) = app.store.receipts(issue, states=[DeliveryState.IN_DOUBT])
        assert hung.reason is Reason.INTERRUPTED
    finally:
        app.close()


def test_the_grace_is_ten_seconds_and_the_service_waits_for_it() -> None:
    assert STOP_GRACE_S <= 10 < Supervisor([]).grace_s
