"""A platform that takes requests and does not answer: the others do not wait behind it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bot.bootstrap import App, open_app, utc_now
from bot.channels import CHANNELS
from bot.domain.delivery import DeliveryState, Reason
from bot.domain.plan import Settled
from bot.domain.reader_token import reader_token
from bot.flows.deliver import Dispatcher
from bot.sandbox import SandboxServer
from tests.e2e.crashing import Release, directory_of, release_issue, settings_of

UNITS = 60
PLACES = 8
LATE_S = 0.3
"""Long enough for the hanging platform to have taken all places first."""
HANGING, ANSWERING = "wecom", ("dingtalk", "feishu")


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(open_mode=True, rate_limits=False) as server:
        server.sandbox.faults.add({"fault": "hang", "channel": HANGING})
        yield server


@pytest.fixture
def release(sandbox: SandboxServer, tmp_path: Path) -> Release:
    """To UNITS robots, every third of them on the platform that hangs."""
    return Release(tmp_path, sandbox.url, targets=UNITS)


@pytest.fixture
def app(release: Release) -> Iterator[App]:
    app = open_app(settings_of(release))
    app.store.import_directory(directory_of(release), who="test", why="", now=utc_now())
    yield app
    app.close()


def deliver_until(app: App, accepted: int) -> None:
    """Send until so many have been accepted, then stop at once: what still waits for an answer is in doubt."""
    ended: Counter[DeliveryState] = Counter()

    async def main() -> None:
        async with app.sender() as sender:
            dispatcher: Dispatcher

            def note(one: Settled) -> None:
                ended[one.settlement.state] += 1
                if ended[DeliveryState.ACCEPTED] == accepted:
                    dispatcher.stop()

            dispatcher = Dispatcher(
                ledger=app.store.ledger(),
                sender=sender,
                channels=CHANNELS,
                clock=utc_now,
                worker="waits",
                token=partial(reader_token, app.reader_key),
                max_in_flight=PLACES,
                late_s=LATE_S,
                stop_grace_s=LATE_S,
                on_settled=note,
            )
            await dispatcher.run()

    asyncio.run(main())


def test_the_others_are_served_while_one_does_not_answer(release: Release, sandbox: SandboxServer, app: App) -> None:
    issue = release_issue(app, release)
    hanging = UNITS // 3
    deliver_until(app, UNITS - hanging)
    rows = list(app.store.receipts(issue))
    assert {row.state for row in rows if row.channel in ANSWERING} == {DeliveryState.ACCEPTED}
    doubtful = [row for row in rows if row.state is DeliveryState.IN_DOUBT]
    assert {row.reason for row in doubtful} == {Reason.INTERRUPTED}, "somebody waited until the time-out"
    assert PLACES // 2 <= len(doubtful) <= 2 * PLACES
    assert {row.state for row in rows if row.channel == HANGING} == {DeliveryState.IN_DOUBT, DeliveryState.PENDING}

    sandbox.sandbox.faults.clear()
    deliver_until(app, hanging - len(doubtful))
    assert app.store.counts(issue) == {
        DeliveryState.ACCEPTED: UNITS - len(doubtful),
        DeliveryState.IN_DOUBT: len(doubtful),
    }
