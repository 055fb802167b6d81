"""kill -9 in the middle of a large publish: nothing lost, nobody reached twice, what was in flight is in doubt."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Installation, directory_file, register, units

TARGETS = 500
IN_FLIGHT = 50


@pytest.mark.parametrize(
    "after", [pytest.param(1, marks=pytest.mark.slow), 120, pytest.param(400, marks=pytest.mark.slow)]
)
def test_a_killed_publish_is_taken_up_by_the_next(
    installation: Installation,
    issue_file: Path,
    tmp_path: Path,
    everyone: Callable[[int], list[dict[str, Any]]],
    after: int,
) -> None:
    recipients = units(installation.sandbox, TARGETS)
    register(installation, recipients)
    installation.api("/_sandbox/faults", {"fault": "delay", "seconds": 0.05})
    installation.env["JIANBAO_MAX_IN_FLIGHT"] = str(IN_FLIGHT)
    command = (
        "publish",
        str(issue_file),
        "--directory",
        str(directory_file(tmp_path / "d.yaml", recipients, everyone(TARGETS))),
        "--now",
    )

    process = installation.start(*command)
    while process.poll() is None and installation.api("/_sandbox/messages?count=1")["total"] < after:
        pass
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it ended before it could be killed"

    done = installation.json(*command, code=(0, 4))

    arrived = installation.arrived()
    states = Counter(d["state"] for d in done["deliveries"])
    doubtful = {d["target"] for d in done["deliveries"] if d["state"] == "in_doubt"}
    assert sum(states.values()) == TARGETS, "a delivery is missing from the ledger"
    assert set(states) <= {"accepted", "in_doubt"}
    assert states["in_doubt"] <= IN_FLIGHT
    assert len(doubtful) <= IN_FLIGHT
    assert max(arrived.values()) == 1, "a group got the card twice"
    assert len(arrived) >= states["accepted"], "accepted, but the platform never had it"
    reasons = {d["reason"] for d in done["deliveries"] if d["state"] == "in_doubt"}
    assert reasons <= {"interrupted"}
