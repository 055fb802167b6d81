"""An installation in this process, on a clock that is moved by hand, with the simulated platforms beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from bot.bootstrap import App, open_app
from bot.channels import CHANNELS
from bot.domain.pacing import HALF_HOUR_S
from bot.domain.plan import ReceiptRow
from bot.flows.publish import Published
from bot.sandbox import SandboxServer
from bot.settings import Settings
from tests.conftest import sqlite_copy
from tests.e2e.conftest import directory_file, units

SHANGHAI = ZoneInfo("Asia/Shanghai")
BUSY_S = max(channel.PACE.busy_s for channel in CHANNELS.values())


class Clock:
    """Time that stands still until it is moved, or moves on by `step_s` seconds whenever somebody looks."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 2, 12, 6, 0, tzinfo=dt.UTC)
        self.step_s = 0.0

    def __call__(self) -> dt.datetime:
        self.advance(seconds=self.step_s)
        return self.now

    def set(self, text: str) -> None:
        """`2026-02-24 09:00`, in Shanghai."""
        self.now = dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(dt.UTC)

    def advance(self, **by: float) -> None:
        self.now += dt.timedelta(**by)


@dataclass
class Desk:
    """What a test works with. The directory has three units, all in the group 各测试单位."""

    app: App
    clock: Clock
    home: Path
    sandbox: str

    def take_in(self, text: str, name: str = "issue.txt", who: str = "张三") -> Published:
        return self.app.publisher.take_in(text.encode(), name, source="上传", who=who)

    def leave_busy_instant(self) -> None:
        """A clock that stands at a full or half hour would keep Feishu waiting for ever: move it on a little."""
        if (past := self.clock().timestamp() % HALF_HOUR_S) < BUSY_S:
            self.clock.advance(seconds=BUSY_S - past)

    def deliver(self, issue_id: int) -> list[ReceiptRow]:
        """Send what is due; every delivery has its first verdict afterwards.

        Time stands still meanwhile, so two issues for one robot in one tick would wait for its pace for ever.
        """
        self.leave_busy_instant()
        self.app.deliver(issue_id, wait_s=None, on_settled=None)
        return list(self.app.store.receipts(issue_id))

    def tick(self) -> list[Published]:
        """What the scheduler does when it wakes, and the dispatcher after it."""
        results = self.app.publisher.release_due()
        for one in results:
            if one.released:
                self.deliver(one.stored.id)
        return results

    def messages(self) -> list[dict[str, Any]]:
        """What the platforms took in, in order."""
        with httpx.Client(base_url=self.sandbox, trust_env=False) as client:
            found: list[dict[str, Any]] = client.get("/_sandbox/messages?verdict=accepted").json()["messages"]
        return found

    def reopen(self) -> Desk:
        """The service stopped and started: a new process's view of the same files."""
        settings = self.app.settings
        self.app.close()
        return Desk(open_app(settings, clock=self.clock), self.clock, self.home, self.sandbox)


ISSUE = """梅州市城镇老旧小区改造工作 简 报

(2026年第{number}期 总第{total}期)

梅州市住房和城乡建设局

{date}

- 梅江区老旧小区改造提前完工

梅江区老旧小区改造提前完工

梅江区今年列入计划的{count}个老旧小区改造项目全部完工，惠及居民863户。

施工期间，街道每周召开一次居民议事会，把改什么、怎么改交给住户拿主意。

发送：{send}。
"""


def issue_text(date: str = "2026年2月13日", *, number: int = 5, count: int = 12, send: str = "各测试单位") -> str:
    return ISSUE.format(date=date, number=number, total=70 + number, count=count, send=send)


PUBLICATIONS = """
[[publication]]
id = "laojiu"
name = "梅州市城镇老旧小区改造工作简报"
{lines}
"""


@pytest.fixture
def publication_lines() -> str:
    """Further lines of the publication's configuration; tests override it by parametrisation."""
    return ""


@pytest.fixture
def desk(tmp_path: Path, sqlite_template: Path, publication_lines: str) -> Iterator[Desk]:
    with SandboxServer() as sandbox:
        host = sandbox.url.removeprefix("http://")
        file = tmp_path / "publications.toml"
        file.write_text(PUBLICATIONS.format(lines=publication_lines.replace("{home}", str(tmp_path))), encoding="utf-8")
        # Validated, not constructed: the type checker does not know that every setting has a default.
        settings = Settings.model_validate(
            {
                "data_dir": tmp_path / "var",
                "allowed_hosts": (host,),
                "public_url": "https://jianbao.example.gov.cn",
                "publications_file": file,
            }
        )
        sqlite_copy(sqlite_template, tmp_path / "var")
        clock = Clock()
        recipients = units(sandbox.url, 3)
        with httpx.Client(base_url=sandbox.url, trust_env=False) as client:
            robots = [{"channel": c, "key": f"key-{i:05d}"} for i, c in enumerate(("wecom", "dingtalk", "feishu"))]
            client.post("/_sandbox/robots", json=robots).raise_for_status()
        groups = [{"id": "all", "name": "各测试单位", "phrases": [], "members": ["unit-0", "unit-1", "unit-2"]}]
        desk = Desk(open_app(settings, clock=clock), clock, tmp_path, sandbox.url)
        roster = desk.app.load_directory(directory_file(tmp_path / "d.yaml", recipients, groups))
        desk.app.store.import_directory(roster, who="张三", why="建库", now=clock())
        yield desk
        desk.app.close()
