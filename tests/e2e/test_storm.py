"""A storm: three answers in ten are bad, in every way known; then the platforms recover. Everything ends settled."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.bootstrap import App, open_app
from bot.channels import CHANNELS
from bot.domain.card import Style
from bot.domain.delivery import DeliveryState, Reason
from bot.domain.directory import Directory, Recipient, Target
from bot.domain.plan import Settled
from bot.domain.reader_token import reader_token
from bot.domain.secret import Secret
from bot.engines import local
from bot.flows.deliver import Dispatcher
from bot.sandbox import SandboxServer
from bot.transport import HttpSender, Timeouts

from .clockwork import Clockwork
from .crashing import Release, arrived, channel_of, ledger, release_issue, settings_of, url_of

pytestmark = pytest.mark.slow

TARGETS, PARTS = 150, 2
START = 1_782_781_200.0
"""30 June 2026, 09:00 in Shanghai."""
WRONG_BY_S = 7200.0
NAMELESS, PLAIN = 6, 3
"""Robots whose host's name cannot be looked up for a while; robots behind something that speaks no TLS."""

BAD: tuple[dict[str, object], ...] = (
    {"fault": "status", "status": 500},
    {"fault": "status", "status": 502},
    {"fault": "status", "status": 503},
    {"fault": "status", "status": 504},
    {"fault": "status", "status": 429, "retry_after": "30"},
    {"fault": "rate_limit"},
    {"fault": "ip_throttle"},
    {"fault": "drop_before_reading"},
    {"fault": "drop_after_accepting"},
    {"fault": "half_answer"},
    {"fault": "hang"},
    {"fault": "slow_body", "seconds": 0.01},
    {"fault": "html"},
    {"fault": "no_content"},
    {"fault": "truncated_json"},
    {"fault": "warning"},
    {"fault": "answer", "body": "[]"},
    {"fault": "answer", "body": {"errcode": 987654, "code": 987654}},
)
CALLS_EACH = 12
"""How often each of these strikes before the platforms have recovered."""


class Forgetful(AbstractResolver):
    """A name server that has no answer for `robots.test` for as long as there are troubles."""

    def __init__(self, troubles: list[OSError]) -> None:
        self._names = ThreadedResolver()
        self._troubles = troubles

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host == "robots.test":
            if self._troubles:
                raise self._troubles.pop()
            host = "127.0.0.1"
        return await self._names.resolve(host, port, family)

    async def close(self) -> None:
        await self._names.close()


@pytest.fixture
def cell() -> SimpleNamespace:
    return SimpleNamespace(value=START)


@pytest.fixture
def sandbox(cell: SimpleNamespace) -> Iterator[SandboxServer]:
    with SandboxServer(clock=lambda: float(cell.value)) as server:
        yield server


def directory(release: Release, sandbox: SandboxServer) -> Directory:
    """Every third robot signs; some have a host without a name, some one that speaks no TLS."""

    def robot(n: int) -> Target:
        channel, key = channel_of(n), f"robot-{n:05d}"
        secret = f"secret-{n}" if channel != "wecom" and n % 2 else None
        sandbox.sandbox.robots.register({"channel": channel, "key": key, "secret": secret}, media_expires=0)
        url = url_of(release.sandbox, n)
        if n < NAMELESS:
            url = url.replace("127.0.0.1", "robots.test")
        elif n < NAMELESS + PLAIN:
            url = url.replace("http:", "https:")
        return Target(channel, Secret(url), secret=Secret(secret) if secret else None, style=Style.TEXT)

    return Directory(tuple(Recipient(f"unit-{n}", f"第{n}局", targets=(robot(n),)) for n in range(release.targets)))


def deliver(app: App, clock: Clockwork, troubles: list[OSError]) -> Counter[Reason]:
    """Until nothing is left that a machine may send; the reasons of all attempts."""
    reasons: Counter[Reason] = Counter()

    def note(one: Settled) -> None:
        reasons[one.verdict.reason] += 1

    async def main() -> None:
        timeouts = Timeouts(dns_s=1, connect_s=2, silence_s=0.4)
        async with HttpSender(app.guard, timeouts=timeouts, resolver=Forgetful(troubles)) as sender:
            dispatcher = Dispatcher(
                ledger=app.store.ledger(),
                sender=sender,
                channels=CHANNELS,
                clock=clock,
                worker="storm",
                token=partial(reader_token, app.reader_key),
                max_in_flight=50,
                on_settled=note,
            )
            await dispatcher.run(clock.done)

    local.run(main())
    return reasons


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def test_a_storm_passes(cell: SimpleNamespace, sandbox: SandboxServer, tmp_path: Path) -> None:
    release = Release(tmp_path / "var", sandbox.url, targets=TARGETS, parts=PARTS)
    port = sandbox.url.rsplit(":", 1)[1]
    allowed = (f"127.0.0.1:{port}", f"robots.test:{port}")
    clock = Clockwork(cell, release.database)
    troubles = [OSError(socket.EAI_AGAIN, "no answer") for _ in range(2 * NAMELESS)]
    app = open_app(settings_of(release).model_copy(update={"allowed_hosts": allowed}), clock=clock)
    try:
        app.store.import_directory(directory(release, sandbox), who="test", why="", now=clock())
        share = 0.3 / len(BAD)
        for seed, bad in enumerate(BAD):
            sandbox.sandbox.faults.add({**bad, "probability": share * 1.2, "seed": seed, "times": CALLS_EACH})
        issue = release_issue(app, release, now=clock())

        # Our clock is wrong: robots that want a signature refuse, and are stopped.
        sandbox.sandbox.clock.advance(WRONG_BY_S)
        reasons = deliver(app, clock, troubles)
        stopped = [t.id for t in app.store.target_lines()]
        assert stopped
        why = {t.suspended_reason for t in app.store.target_lines()}
        # DingTalk's code for a wrong signature means that only together with its text, which some of the storm garbles.
        assert Reason.BAD_SIGNATURE in why <= {Reason.BAD_SIGNATURE, Reason.NOT_PERMITTED}
        assert app.store.counts(issue)[DeliveryState.REFUSED] == len(stopped), reasons

        # Set right, they are mended one by one and get what they lack.
        sandbox.sandbox.clock.resume()
        for target_id in stopped:
            app.store.revive_target(target_id, replay=True, who="张三", why="校时", now=clock())
        before = resident_mb()
        reasons += deliver(app, clock, troubles)
        grown_mb = resident_mb() - before
        assert grown_mb < 30
    finally:
        app.close()

    lines = ledger(release)
    order = {one: n for n, one in reversed(list(enumerate(arrived(sandbox))))}
    by_place = {(line.target, line.part): line for line in lines}
    for line in lines:
        first = by_place[line.target, 1]
        if line.part > 1 and first.state != "accepted":
            assert (line.state, line.attempts) == ("pending", 0)
            continue
        assert line.state in ("accepted", "in_doubt", "exhausted"), line
        assert line.state != "accepted" or line.id in order, "accepted, but the platform never had it"
        if line.part > 1 and line.id in order:
            assert order[first.id] < order[line.id], "parts out of order"
    assert reasons[Reason.ACCEPTED] < 0.7 * reasons.total(), "no storm"
    states = Counter(line.state for line in lines)
    assert states["exhausted"] == PLAIN, "only what never recovered is given up"
    assert {Reason.DNS_FAILED, Reason.TLS_FAILED, Reason.SERVER_ERROR, Reason.RATE_LIMITED, Reason.NOT_JSON} <= set(
        reasons
    )
    hours = (cell.value - START) / 3600
    ways = ", ".join(f"{reason.value} {count}" for reason, count in reasons.most_common())
    print(f"{reasons.total()} attempts in {hours:.0f} hours: {ways}")  # noqa: T201 - shown with -s
    print(f"ended {dict(states)}, robots stopped and mended {len(stopped)}, memory {grown_mb:+.1f} MB")  # noqa: T201
