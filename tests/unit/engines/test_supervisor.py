"""One part failing is restarted and reported; the others never notice."""

from __future__ import annotations

import asyncio

import pytest

from bot.engines.supervisor import Part, Supervisor


def _steady(name: str) -> Part:
    async def run(stop: asyncio.Event) -> None:
        await stop.wait()

    return Part(name, run)


async def test_a_failing_part_is_started_again_and_reported_while_the_others_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    starts = 0
    told: list[str] = []

    async def fragile(stop: asyncio.Event) -> None:
        nonlocal starts
        starts += 1
        if starts < 3:
            raise ValueError(f"fall {starts}")
        supervisor.stop()
        await stop.wait()

    supervisor = Supervisor(
        [Part("fragile", fragile), _steady("calm")], back_off_s=(0,), on_failure=lambda name, _e: told.append(name)
    )
    await supervisor.run()

    assert starts == 3
    assert told == ["fragile", "fragile"]
    assert supervisor.health["fragile"].restarts == 2
    assert supervisor.health["fragile"].last_error == "ValueError: fall 2"
    assert supervisor.health["calm"].restarts == 0
    assert "fall 1" in caplog.text


async def test_a_part_that_ends_by_itself_is_a_failure() -> None:
    ends = 0

    async def brief(_stop: asyncio.Event) -> None:
        nonlocal ends
        ends += 1
        if ends == 2:
            supervisor.stop()

    supervisor = Supervisor([Part("brief", brief)], back_off_s=(0,))
    await supervisor.run()

    assert supervisor.health["brief"].restarts == 1


async def test_a_part_that_will_not_stop_is_cancelled_after_the_grace() -> None:
    cancelled = asyncio.Event()

    async def stubborn(_stop: asyncio.Event) -> None:
        supervisor.stop()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    supervisor = Supervisor([Part("stubborn", stubborn)], grace_s=0.01)
    await supervisor.run()

    assert cancelled.is_set()
