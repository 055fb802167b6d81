"""A whole installation per test: its own folder, the command line as a process, a sandbox on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from bot.sandbox import SandboxServer

PROJECT = Path(__file__).parents[2]
CHANNELS = ("wecom", "dingtalk", "feishu")


@dataclass
class Installation:
    """Runs `jianbao` in `home`, pointed at the sandbox."""

    home: Path
    sandbox: str
    env: dict[str, str] = field(default_factory=dict)

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("JIANBAO_")}
        allowed = self.sandbox.removeprefix("http://")
        return {**clean, "JIANBAO_ALLOWED_HOSTS": allowed, "PYTHONPATH": str(PROJECT), **self.env, **(more or {})}

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run to the end. Output goes to files, so that a large document is read back whole."""
        command = [sys.executable, "-m", "bot", *arguments]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            code = subprocess.run(
                command, cwd=self.home, env=self.environment(env), stdout=out, stderr=err, timeout=110
            ).returncode
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode())
        return subprocess.CompletedProcess(command, code, *texts)

    def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "bot", *arguments],
            cwd=self.home,
            env=self.environment(env),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def json(self, *arguments: str, code: int | Sequence[int] = 0, env: Mapping[str, str] | None = None) -> Any:
        """Run with --json, insist on the exit code, and on standard output being the one document."""
        done = self.run(*arguments, "--json", env=env)
        expected = (code,) if isinstance(code, int) else tuple(code)
        assert done.returncode in expected, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError as error:
            around = done.stdout[max(0, error.pos - 300) : error.pos + 300]
            pytest.fail(f"standard output is not one JSON document: {error}\n…{around}…\n{done.stderr[-2000:]}")

    def api(self, path: str, body: object = None) -> Any:
        """The sandbox's own interface."""
        with httpx.Client(base_url=self.sandbox, trust_env=False) as client:
            answer = client.get(path) if body is None else client.post(path, json=body)
            answer.raise_for_status()
            return answer.json()

    def arrived(self) -> dict[str, int]:
        """How many messages the platforms took in, by robot key: what a group really saw."""
        found: dict[str, int] = {}
        page = self.api("/_sandbox/messages?verdict=accepted&limit=100000")
        for message in page["messages"]:
            found[message["key"]] = found.get(message["key"], 0) + 1
        return found


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def installation(tmp_path: Path, sandbox: SandboxServer) -> Installation:
    return Installation(tmp_path, sandbox.url)


def webhook(base: str, channel: str, key: str) -> str:
    path = {
        "wecom": f"/cgi-bin/webhook/send?key={key}",
        "dingtalk": f"/robot/send?access_token={key}",
        "feishu": f"/open-apis/bot/v2/hook/{key}",
    }[channel]
    return base + path


def directory_file(path: Path, recipients: Sequence[dict[str, Any]], groups: Sequence[dict[str, Any]]) -> Path:
    path.write_text(yaml.safe_dump({"recipients": list(recipients), "groups": list(groups)}, allow_unicode=True))
    return path


def units(base: str, count: int) -> list[dict[str, Any]]:
    """`count` invented departments over the three channels; their keys are `key-<number>`."""
    return [
        {
            "id": f"unit-{i}",
            "name": f"第{i}局",
            "kind": "municipal_department",
            "targets": [{"channel": (c := CHANNELS[i % 3]), "url": webhook(base, c, f"key-{i:05d}"), "style": "card"}],
        }
        for i in range(count)
    ]


def register(installation: Installation, recipients: Sequence[dict[str, Any]]) -> None:
    """Make the sandbox know every robot of these recipients."""
    installation.api(
        "/_sandbox/robots",
        [
            {"channel": t["channel"], "key": t["url"].rsplit("=", 1)[-1].rsplit("/", 1)[-1], "secret": t.get("secret")}
            for r in recipients
            for t in r["targets"]
        ],
    )


ISSUE = """梅州市城镇老旧小区改造工作 简 报

(2026年第5期 总第72期)

梅州市住房和城乡建设局

2026年6月30日

- 梅江区老旧小区改造提前完工

梅江区老旧小区改造提前完工

梅江区今年列入计划的12个老旧小区改造项目全部完工，惠及居民863户。

施工期间，街道每周召开一次居民议事会，把改什么、怎么改交给住户拿主意。

发送：各测试单位。
"""
"""A small issue in the layout of the real one; its one list names the group 各测试单位."""


@pytest.fixture
def issue_file(tmp_path: Path) -> Path:
    file = tmp_path / "issue.txt"
    file.write_text(ISSUE, encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def everyone() -> Any:
    """The group the small issue is sent to, with the given number of members."""

    def make(count: int) -> list[dict[str, Any]]:
        members = [f"unit-{i}" for i in range(count)]
        return [{"id": "all", "name": "各测试单位", "phrases": ["各测试单位"], "members": members}]

    return make
