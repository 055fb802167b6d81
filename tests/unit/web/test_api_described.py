"""The API against its own description: schemathesis calls the running service with good and bad data, in every order.

JIANBAO_TEST_API_EXAMPLES: how many examples an operation and phase (default 10; 200 for a long look).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.domain.people import Role

from .conftest import ISSUE, Site
from .test_roles import CALLS

pytestmark = pytest.mark.slow

EXAMPLES = os.environ.get("JIANBAO_TEST_API_EXAMPLES", "10")
HERE = Path(__file__).parent
HELD = ISSUE.replace("第5期 总第72期", "第6期 总第73期").replace("发送：各县", "发送：梅州市没有的局，各县")


@pytest.mark.timeout(3600)
def test_the_api_keeps_to_its_description_whatever_is_asked(site: Site, tmp_path: Path) -> None:
    site.released()
    site.issue(HELD, "第6期.txt")
    report = tmp_path / "report.json"
    said = schemathesis(site, report)
    assert report.exists(), said
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    assert found["failures"] == [], said
    assert found["errors"] == [], said
    assert (found["complete"], found["operations"]["tested"]) == (True, len(CALLS)), said
    assert {name: phase["status"] for name, phase in found["phases"].items()} == {
        "examples": "skip",
        "coverage": "success",
        "fuzzing": "success",
        "stateful": "success",
    }, said


def schemathesis(site: Site, report: Path) -> str:
    """Run it against the site as an administrator; what it said."""
    api = f"{site.url}/api/v1"
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")),
            *("run", f"{api}/openapi.json", "--url", api),
            *("-H", f"Authorization: Bearer {site.token(Role.ADMINISTRATOR)}"),
            *("--checks", "all", "--max-examples", EXAMPLES, "--seed", "1", "--generation-deterministic"),
            *("--continue-on-failure", "--no-color", "--suppress-health-check", "all"),
            *("--report", "json", "--report-json-path", str(report)),
        ],
        cwd=report.parent,
        env=os.environ | {"PYTHONPATH": str(HERE.parents[2]), "SCHEMATHESIS_HOOKS": "tests.unit.web.api_hooks"},
        capture_output=True,
        text=True,
    )
    return run.stdout + run.stderr
