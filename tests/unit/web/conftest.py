"""A whole site per test: the application behind uvicorn on loopback, its own database, a clock that the test moves."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn
from argon2 import PasswordHasher
from prometheus_client import CollectorRegistry

from bot.bootstrap import App, open_app, set_stage
from bot.bootstrap.office import make_office
from bot.bootstrap.service import listen
from bot.domain.people import Role
from bot.flows.people import People
from bot.sandbox import SandboxServer
from bot.settings import Settings
from bot.web import Readiness, create_app
from tests.conftest import sqlite_copy

QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""argon2 with next to no work: the tests sign in a lot."""
PASSWORD = "好长的一个密码 2026"
START = dt.datetime(2026, 6, 29, 1, 1, tzinfo=dt.UTC)
"""Not at a full hour, at which Feishu is left alone and a standing clock would wait for ever."""
PUBLIC = "http://reader.test"
ISSUE = """梅州市城镇老旧小区改造工作 简 报

(2026年第5期 总第72期)

梅州市住房和城乡建设局

2026年6月30日

- 梅江区老旧小区改造提前完工

梅江区老旧小区改造提前完工

梅江区今年列入计划的12个老旧小区改造项目全部完工，惠及居民863户。

施工期间，街道每周召开一次居民议事会，把改什么、怎么改交给住户拿主意。

发送：各县（市、区）人民政府。
"""


@dataclass
class Clock:
    now: dt.datetime = START

    def __call__(self) -> dt.datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += dt.timedelta(**by)


@dataclass
class Site:
    """The running application. Accounts are made as needed; each client is a browser of its own."""

    url: str
    app: App
    clock: Clock
    sandbox: SandboxServer
    people: People
    _clients: list[httpx.Client] = field(default_factory=list)

    def client(self, role: Role | None = None) -> httpx.Client:
        """A browser; with a role, signed in as somebody who has it."""
        client = httpx.Client(base_url=self.url, trust_env=False)
        self._clients.append(client)
        if role is not None:
            self.person(role)
            client.cookies.set("jianbao_session", self.people.sign_in(role.value, PASSWORD))
        return client

    def person(self, role: Role) -> None:
        self.app.store.add_account(
            role.value,
            f"{role.chinese}员",
            role,
            password_hash=QUICK.hash(PASSWORD),
            first=False,
            who="测试",
            now=self.clock(),
        )

    def token(self, role: Role) -> str:
        """An API token with every scope of the role."""
        self.person(role)
        found = self.people.store.credentials(role.value)
        assert found is not None
        return self.people.add_token(found.account, "测试", [r.scope for r in Role if role.may(r)], days=30)

    def issue(self, text: str = ISSUE, name: str = "第5期.txt") -> int:
        """Take in a bulletin; its id."""
        return self.app.publisher.take_in(text.encode(), name, source="upload", who="测试").stored.id

    def released(self) -> int:
        """An issue released to the sample's units and delivered to the sandbox as far as it goes at once."""
        issue_id = self.issue()
        self.app.publisher.release_now(issue_id, who="测试", why="测试")
        self.app.deliver(issue_id, wait_s=None, on_settled=None)
        return issue_id

    def close(self) -> None:
        for client in self._clients:
            client.close()


def form(client: httpx.Client, page: str, **values: object) -> dict[str, object]:
    """The values with the token of the form on `page`."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', client.get(page).text)
    assert found is not None, page
    return {"csrf": found[1], **values}


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def site(tmp_path: Path, sqlite_template: Path, sandbox: SandboxServer) -> Iterator[Site]:
    sqlite_copy(sqlite_template, tmp_path)
    stage = set_stage(Settings.model_validate({}), sandbox.url, PUBLIC, tmp_path)
    clock = Clock()
    app = open_app(stage.settings, clock=clock)
    app.store.import_directory(app.load_directory(stage.directory_file), who="测试", why="", now=clock())
    office = make_office(app, wake=lambda: None)
    people = People(app.store, clock, QUICK)
    application = create_app(Readiness(dict, CollectorRegistry()), office)
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(application, log_config=None, access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    running = Site(f"http://127.0.0.1:{listener.getsockname()[1]}", app, clock, sandbox, people)
    yield running
    running.close()
    server.should_exit = True
    thread.join()
    listener.close()
    app.close()
