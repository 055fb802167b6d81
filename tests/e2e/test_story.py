"""The log of one release, as an operator reads it: from the document to the last verdict, found by the issue's id."""

from __future__ import annotations

import datetime as dt
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.cli.role import told_by_log

from .conftest import ISSUE, Installation, directory_file, register, units
from .test_serve import free_port, wait_ready

pytestmark = pytest.mark.slow

PUBLICATIONS = """[[publication]]
id = "laojiu"
name = "梅州市城镇老旧小区改造工作简报"
release_time = "00:00"
[[publication.source]]
id = "inbox"
kind = "inbox"
path = "{home}/inbox"
"""
STORY = ["taken in, scheduled", "released", "delivery refused", "every delivery has a verdict"]


def lines_of(text: str, form: str) -> list[dict[str, Any]]:
    if form == "json":
        return [json.loads(line) for line in text.splitlines()]
    found = []
    for line in text[text.index("\n", text.index("/setup/")) + 1 :].splitlines():
        event, *_ = re.split(r"  +\[", line.split("] ", 1)[1])
        found.append({"event": event.strip()} | dict(re.findall(r"(\w+)=(\S+)", line)))
    return found


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_log_tells_the_story_of_an_issue(
    installation: Installation, everyone: Callable[[int], list[dict[str, Any]]], form: str
) -> None:
    recipients = units(installation.sandbox, 3)
    register(installation, recipients[:2])
    home = installation.home
    (home / "inbox").mkdir()
    (home / "publications.toml").write_text(PUBLICATIONS.format(home=home))
    installation.env |= {"JIANBAO_PUBLICATIONS_FILE": str(home / "publications.toml"), "JIANBAO_LOG_FORMAT": form}
    installation.json("directory", "import", str(directory_file(home / "d.yaml", recipients, everyone(3))))
    today = dt.datetime.now(ZoneInfo("Asia/Shanghai"))
    text = ISSUE.replace("2026年6月30日", f"{today:%Y年%-m月%-d日}").replace("(2026年", f"({today:%Y}年")
    port = free_port()
    with (home / "log").open("wb") as log:
        command = [sys.executable, "-m", "bot", "serve", "--port", str(port)]
        service = subprocess.Popen(
            command, cwd=home, env=installation.environment(), stdout=subprocess.DEVNULL, stderr=log
        )
    try:
        wait_ready(port, service)
        (home / "inbox" / "第5期.txt").write_text(text, encoding="utf-8")
        while STORY[-1] not in (home / "log").read_text():
            assert service.poll() is None, (home / "log").read_text()
    finally:
        service.send_signal(signal.SIGTERM)
    assert service.wait(30) == 0
    written = (home / "log").read_text()
    mine = [line for line in lines_of(written, form) if str(line.get("issue")) == "1"]
    assert [line["event"] for line in mine] == STORY
    refused, told = mine[2], mine[3]
    assert (refused["channel"], refused["reason"], str(refused["attempt"])) == ("feishu", "bad_key", "1")
    assert (str(told["accepted"]), str(told["refused"])) == ("2", "1")
    assert "key-0000" not in written


def test_a_log_for_machines_is_json_from_its_first_line_and_has_no_link_that_makes_an_administrator(
    installation: Installation,
) -> None:
    installation.env |= {"JIANBAO_LOG_FORMAT": "json", "JIANBAO_PUBLIC_URL": "https://jianbao.example.gov.cn"}
    port = free_port()
    with (installation.home / "log").open("wb") as log:
        command = [sys.executable, "-m", "bot", "serve", "--host", "0.0.0.0", "--port", str(port)]
        service = subprocess.Popen(command, cwd=installation.home, env=installation.environment(), stderr=log)
    try:
        wait_ready(port, service)
        first = installation.json("account")
    finally:
        service.send_signal(signal.SIGTERM)
    assert service.wait(30) == 0
    written = (installation.home / "log").read_text()
    listening, nobody = lines_of(written, "json")[:2]
    assert (listening["event"], listening["address"]) == ("listening", f"http://127.0.0.1:{port}")
    assert (nobody["level"], nobody["do"]) == ("warning", "jianbao account")
    assert "/setup/" not in written
    assert re.fullmatch(r"https://jianbao\.example\.gov\.cn/setup/[\w-]{40,}", first["link"])


def test_what_ends_a_service_is_an_event_of_a_log_for_machines(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = installation.run("serve", "--port", port, env={"JIANBAO_LOG_FORMAT": "json"})
    (ended,) = lines_of(done.stderr, "json")
    assert (done.returncode, ended["event"], ended["level"]) == (2, "ended", "critical")
    assert "--port" in ended["why"]


def test_a_fault_that_ends_a_service_leaves_its_trace_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def faulty() -> None:
        raise ZeroDivisionError

    assert told_by_log(faulty) == 1
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


def test_the_link_for_people_begins_with_the_public_address(installation: Installation) -> None:
    command = [sys.executable, "-m", "bot", "serve", "--port", "0"]
    given = installation.environment({"JIANBAO_PUBLIC_URL": "https://jianbao.example.gov.cn"})
    with subprocess.Popen(command, cwd=installation.home, env=given, stderr=subprocess.PIPE, text=True) as service:
        assert service.stderr is not None
        link = next(line for line in service.stderr if "/setup/" in line)
        service.terminate()
    assert link.startswith("https://jianbao.example.gov.cn/setup/")
