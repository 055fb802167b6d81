"""A running sandbox on a clock that stands still, and the shared vectors."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.sandbox import SandboxServer

NOON = 1_767_240_000.0

SEND = {
    "wecom": "/cgi-bin/webhook/send?key={key}",
    "dingtalk": "/robot/send?access_token={key}",
    "feishu": "/open-apis/bot/v2/hook/{key}",
    "lanxin": "/v1/bot/hook/messages/create?hook_token={key}",
    "welink": "/api/werobot/v1/webhook/send?token={key}&channel=standard",
}


@pytest.fixture(scope="session")
def vectors(shared: Path) -> dict[str, Any]:
    """The machine-readable vendor reference."""
    found: dict[str, Any] = json.loads((shared / "reference" / "vectors.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="session")
def running() -> Iterator[SandboxServer]:
    """One sandbox for all tests of a process; use `server`, which is empty."""
    with SandboxServer() as server:
        yield server


class Complaints(logging.Handler):
    """Keeps what the server logs as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


@pytest.fixture
def server(running: SandboxServer) -> Iterator[SandboxServer]:
    """An empty sandbox whose clock stands at NOON; an error in its log fails the test."""
    sandbox = running.sandbox
    sandbox.robots.clear()
    sandbox.faults.clear()
    sandbox.messages.clear()
    sandbox.clock.stop_at(NOON)
    complaints = Complaints()
    logging.getLogger("uvicorn.error").addHandler(complaints)
    yield running
    logging.getLogger("uvicorn.error").removeHandler(complaints)
    assert complaints.said == []


class Caller:
    """Posts to a running sandbox as a publisher would, and uses its control interface."""

    def __init__(self, server: SandboxServer, client: httpx.Client) -> None:
        self.server = server
        self.client = client

    def send(self, channel: str, key: str, payload: object, query: str = "") -> dict[str, Any]:
        """Post `payload` as JSON and return the answer's body; the HTTP status must be 200."""
        reply = self.post(channel, key, json.dumps(payload, ensure_ascii=False).encode(), query)
        assert reply.status_code == 200, reply.text
        body: dict[str, Any] = reply.json()
        return body

    def post(self, channel: str, key: str, body: bytes, query: str = "") -> httpx.Response:
        """Post bytes and return the answer as it is."""
        url = self.server.url + SEND[channel].format(key=key) + query
        return self.client.post(url, content=body, headers={"Content-Type": "application/json; charset=utf-8"})

    def robot(self, channel: str, key: str, **settings: Any) -> None:
        """Register a robot."""
        self.control("robots", {"channel": channel, "key": key, **settings})

    def fault(self, kind: str, **script: Any) -> None:
        """Set a fault script."""
        self.control("faults", {"fault": kind, **script})

    def control(self, name: str, entry: object) -> Any:
        """POST to `/_sandbox/{name}`."""
        reply = self.client.post(f"{self.server.url}/_sandbox/{name}", json=entry)
        assert reply.is_success, reply.text
        return reply.json()

    def messages(self, **filters: Any) -> list[dict[str, Any]]:
        """What arrived."""
        found: list[dict[str, Any]] = self.client.get(f"{self.server.url}/_sandbox/messages", params=filters).json()[
            "messages"
        ]
        return found


@pytest.fixture
def caller(server: SandboxServer) -> Iterator[Caller]:
    """A caller of the running sandbox."""
    with httpx.Client(timeout=10) as client:
        yield Caller(server, client)


@pytest.fixture
def send_text(caller: Caller) -> Callable[[str, str], int | str]:
    """Send the smallest sound message and return the vendor's code."""
    smallest: dict[str, dict[str, Any]] = {
        "wecom": {"msgtype": "text", "text": {"content": "简报"}},
        "dingtalk": {"msgtype": "text", "text": {"content": "简报"}},
        "feishu": {"msg_type": "text", "content": {"text": "简报"}},
        "lanxin": {"msgType": "text", "msgData": {"text": {"content": "简报"}}},
    }

    def send(channel: str, key: str) -> int | str:
        reply = caller.send(channel, key, smallest[channel])
        code: int | str = next(reply[name] for name in ("errcode", "errCode", "code") if name in reply)
        return code

    return send
