"""A disk that is really full: pages stay, nothing is sent, everybody is told, and it goes on by itself."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from bot.domain.delivery import DeliveryState
from bot.domain.faultpoints import Point
from bot.domain.reader_token import reader_token
from bot.domain.release import IssueState

from .conftest import Desk, issue_text
from .test_service import running, settled, until

pytestmark = pytest.mark.slow

SIGNED = {"name": "李四", "office_name": "办公室", "sure": "1"}
NOTICE = "磁盘已满，系统现在只能查看"
SIZE = "16m"


@dataclass
class Disk:
    """Where the installation keeps its data: full, or with room."""

    small: Path | None
    """A file system of a few megabytes; None: SQLite is told not to use one page more."""
    pages: int = field(default=2**32 - 2)

    def fill(self, desk: Desk) -> None:
        with desk.app.store.db.read() as connection:
            # What the log has used it would use again, without asking for room.
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            used = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        if self.small is None:
            self.pages = used
            return
        with (self.small / "ballast").open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with suppress(OSError):
                    while file.write(bytes(size)):
                        pass

    def empty(self) -> None:
        self.pages = 2**32 - 2
        if self.small is not None:
            (self.small / "ballast").unlink()

    def limit(self, connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={self.pages}")


@pytest.fixture(params=["file system", "page limit"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "var"
    folder.mkdir()
    if request.param == "page limit":
        yield Disk(None)
        return
    if os.geteuid() or not shutil.which("mount"):
        pytest.skip("needs to mount a small file system, which only root may")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"needs to mount a small file system: {mounted.stderr.decode().strip()}")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def full_desk(disk: Disk, desk: Desk) -> Desk:
    """The desk on that disk."""
    if disk.small is None:
        sa.event.listen(desk.app.store.db.engine, "checkout", disk.limit)
    return desk


async def read_only(client: httpx.AsyncClient) -> bool:
    return "jianbao_read_only 1.0" in (await client.get("/metrics")).text


async def test_read_only_while_it_is_full_and_back_by_itself(
    disk: Disk, full_desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk = full_desk
    first = desk.take_in(issue_text("2026年2月12日")).stored.id
    async with running(desk) as (_, client):
        await settled(desk, first, 3)
        link = f"/r/{reader_token(desk.app.reader_key, 1)}"
        second = desk.take_in(issue_text("2026年2月13日", number=6)).stored
        assert second.state is IssueState.SCHEDULED
        disk.fill(desk)
        desk.clock.set("2026-02-13 09:01")
        await until(lambda: read_only(client))

        ready = await client.get("/readyz")
        assert (ready.status_code, "磁盘已满" in ready.json()["parts"]["disk"]) == (503, True)
        for path in (link, "/login", "/r/nothing"):
            page = (await client.get(path)).text
            assert NOTICE in page
        assert "惠及居民863户" in (await client.get(link)).text
        assert (await client.get(f"{link}/original")).status_code == 200
        refused = await client.post(f"{link}/sign", data=SIGNED)
        assert refused.status_code == 503
        assert "这次签收没有记下" in refused.text
        assert 'value="李四"' in refused.text
        assert len(list(desk.app.store.receipts(first))) == 3
        assert len(desk.messages()) == 3, "nothing was sent"

        disk.empty()
        await settled(desk, second.id, 3)
        assert len(desk.messages()) == 6
        assert (await client.get("/readyz")).status_code == 200
        assert NOTICE not in (await client.get(link)).text
        assert (await client.post(f"{link}/sign", data=SIGNED)).status_code == 303
    told = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING and "disk" in r.getMessage()]
    assert told == [
        "the disk is full: read-only, and nothing is sent, until there is room again",
        "there is room on the disk again: everything goes on",
    ]


async def test_what_was_in_flight_when_it_became_full_keeps_its_receipts(disk: Disk, full_desk: Desk) -> None:
    desk = full_desk
    issue_id = desk.take_in(issue_text("2026年2月12日")).stored.id

    def fill(point: Point) -> None:
        if point is Point.CLAIM_COMMITTED:
            desk.app.store.db.hook = lambda _: None
            disk.fill(desk)
            desk.app.store.db.full = True

    async def arrived() -> bool:
        return len(desk.messages()) == 3

    desk.leave_busy_instant()
    desk.app.store.db.hook = fill
    async with running(desk) as (_, client):
        await until(arrived)
        await until(lambda: read_only(client))
        assert {r.state for r in desk.app.store.receipts(issue_id)} == {DeliveryState.SENDING}
        desk.clock.advance(minutes=10)
        disk.empty()
        await settled(desk, issue_id, 3)
    assert len(desk.messages()) == 3
