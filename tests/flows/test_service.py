"""The whole service in this process, on a clock moved by hand: a file in the inbox becomes cards, receipts, a reminder
and a correction, without anybody touching it in between."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from bot.bootstrap.service import Service, listen
from bot.domain.card import CardKind
from bot.domain.delivery import DeliveryState
from bot.domain.directory import Directory
from bot.domain.release import IssueState

from .conftest import Desk, issue_text

pytestmark = pytest.mark.slow

LINES = """day_rule = "next_workday"
remind_after_workdays = 2
remind_at_most = 1
[[publication.source]]
id = "inbox"
kind = "inbox"
path = "{home}/inbox"
"""


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    with listen("127.0.0.1", 0) as listener:
        service = Service(desk.app, listener)
        task = asyncio.create_task(service.run())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            await until(lambda: _is_ready(client))
            yield service, client
        service.stop()
        await task


async def _is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/readyz")).status_code == 200


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Wait for the service to get there, in its own time."""
    async with asyncio.timeout(60):
        while not await true():  # noqa: ASYNC110 - the service runs by itself; there is no event to wait for
            await asyncio.sleep(0.01)


async def look_twice(desk: Desk, service: Service) -> None:
    """A file is taken once it has stood still between two looks."""
    for _ in range(2):
        desk.clock.advance(seconds=10)
        await service.beat("source inbox")


async def settled(desk: Desk, issue_id: int, count: int) -> None:
    async def reached() -> bool:
        rows = list(desk.app.store.receipts(issue_id))
        return len(rows) == count and all(r.state is DeliveryState.ACCEPTED for r in rows)

    desk.leave_busy_instant()
    await until(reached)


@pytest.mark.parametrize("publication_lines", [LINES])
async def test_from_the_inbox_to_the_correction(desk: Desk) -> None:
    inbox = desk.home / "inbox"
    inbox.mkdir()
    desk.clock.set("2026-02-12 15:00")  # a Thursday; the issue is dated the first day of the Spring Festival
    async with running(desk) as (service, client):
        (inbox / "第5期.txt").write_text(issue_text("2026年2月15日"), encoding="utf-8")
        await look_twice(desk, service)
        (stored,) = desk.app.store.issues()
        assert stored.state is IssueState.SCHEDULED
        assert sorted(p.name for p in inbox.iterdir()) == ["已处理"]

        for moment in ("2026-02-16 09:00", "2026-02-24 08:59"):
            desk.clock.set(moment)
            await service.beat("release")
            assert desk.messages() == []
        desk.clock.set("2026-02-24 09:00")
        await service.beat("release")
        await settled(desk, stored.id, 3)

        first, *_ = desk.app.store.receipts(stored.id)
        desk.app.store.sign(first.id, name="陈明", office="办公室", now=desk.clock())
        desk.clock.set("2026-02-26 10:00")
        await service.beat("remind")
        await settled(desk, stored.id, 5)
        await service.beat("remind")

        (inbox / "第5期更正.txt").write_text(issue_text("2026年2月15日", count=13), encoding="utf-8")
        await look_twice(desk, service)
        await settled(desk, stored.id, 8)

        kinds = [r.kind for r in desk.app.store.receipts(stored.id)]
        assert [kinds.count(k) for k in CardKind] == [3, 3, 2]
        assert len(desk.messages()) == 8
        assert "jianbao_attempts_total" in (await client.get("/metrics")).text


@pytest.mark.parametrize("publication_lines", [LINES])
async def test_a_file_that_cannot_be_read_goes_back_with_a_note_and_harms_nothing(desk: Desk) -> None:
    inbox = desk.home / "inbox"
    inbox.mkdir()
    async with running(desk) as (service, _):
        (inbox / "照片.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(2000))
        (inbox / "第5期.txt").write_text(issue_text("2026年2月13日"), encoding="utf-8")
        await look_twice(desk, service)
        assert [s.state for s in desk.app.store.issues()] == [IssueState.SCHEDULED]
        returned = sorted(p.name for p in (inbox / "被退回").iterdir())
        assert returned == ["照片.jpg", "照片.jpg.说明.txt"]


@pytest.mark.parametrize("publication_lines", [LINES])
async def test_an_inbox_that_is_gone_is_a_failing_source_and_the_rest_goes_on(desk: Desk) -> None:
    async with running(desk) as (service, client):
        await service.beat("source inbox")
        (health,) = desk.app.store.source_healths()
        assert health.failures >= 1
        assert "收件箱" in health.trouble
        assert (await client.get("/healthz")).status_code == 200
        issue_id = desk.take_in(issue_text("2026年2月22日")).stored.id
        desk.clock.set("2026-02-24 09:00")
        await service.beat("release")
        await settled(desk, issue_id, 3)


async def test_a_dated_change_of_a_day_that_was_missed_counts_before_what_is_due_goes_out(desk: Desk) -> None:
    def smaller(now: Directory) -> Directory:
        return replace(now, groups=tuple(replace(g, members=("unit-0", "unit-1")) for g in now.groups))

    issue_id = desk.take_in(issue_text("2026年2月22日")).stored.id
    day = desk.app.dated.today() + dt.timedelta(days=1)
    desk.app.dated.enter(smaller, day, who="张三", why="退出领导小组")
    release_at = desk.app.store.issue(issue_id).release_at
    assert release_at is not None
    assert day < release_at.date(), "nobody is awake on the day itself"
    desk.clock.now = release_at
    async with running(desk) as (service, _):
        await service.beat("release")
        await settled(desk, issue_id, 2)
    assert {row.recipient for row in desk.app.store.receipts(issue_id)} == {"unit-0", "unit-1"}
    assert desk.app.dated.pending() == []
