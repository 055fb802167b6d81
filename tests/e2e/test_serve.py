"""The service as operators run it: processes, a real clock, signals."""

from __future__ import annotations

import datetime as dt
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from .conftest import Installation, directory_file, register, units

pytestmark = pytest.mark.slow

Everyone = Callable[[int], list[dict[str, Any]]]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def wait_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        while process.poll() is None:
            try:
                if client.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                continue
    pytest.fail(f"serve ended with {process.returncode} before it was ready")


def test_two_services_on_one_database_release_once_on_the_moment_and_stop_gently(
    installation: Installation, issue_file: Path, tmp_path: Path, everyone: Everyone
) -> None:
    recipients = units(installation.sandbox, 12)
    register(installation, recipients)
    roster = str(directory_file(tmp_path / "d.yaml", recipients, everyone(12)))
    text = (
        issue_file.read_text(encoding="utf-8").replace("2026年6月30日", "2099年6月30日").replace("(2026年", "(2099年")
    )
    issue_file.write_text(text, encoding="utf-8")
    planned = installation.json("publish", str(issue_file), "--directory", roster, code=4)
    assert [h["code"] for h in planned["holds"]] == ["far_date"]

    ports = [free_port(), free_port()]
    services = [installation.start("serve", "--port", str(port)) for port in ports]
    try:
        for port, service in zip(ports, services, strict=True):
            wait_ready(port, service)
        # Soon, but not before the command that names it has run: on a busy machine that takes its time.
        began = time.monotonic()
        installation.json("issues")
        moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1.5 + 2 * (time.monotonic() - began))
        issue = str(planned["issue"]["id"])
        moved = installation.json("reschedule", issue, "--at", moment.isoformat(), "--why", "试验")
        assert moved["state"] == "scheduled"
        while installation.api("/_sandbox/messages?count=1")["total"] < 12:
            assert all(service.poll() is None for service in services)
        first = installation.api("/_sandbox/messages?limit=1")["messages"][0]["time"]
        # The regular wake comes every 10 s; reading the table aims one at the very moment, once it knows of it.
        assert first >= moment.timestamp()
    finally:
        for service in services:
            service.send_signal(signal.SIGTERM)
    assert [service.wait(30) for service in services] == [0, 0]
    assert installation.arrived() == {f"key-{i:05d}": 1 for i in range(12)}
    assert {d["state"] for d in installation.json("receipts")} == {"accepted"}


def test_a_port_in_use_is_said_plainly(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = installation.run("serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "--port" in done.stderr
