"""Known holes in the pinned packages, where the data can be reached; says plainly where it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from .checkout import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")
UNREACHED = 3


def audit(lock: Path) -> tuple[list[str], str]:
    """(a line a known hole, why the data could not be had or ""); no line and no reason: nothing is known."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "audit.json"
        command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner=off"]
        command += ["--format=json", f"--output={report}", f"--requirement={lock}"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if not report.exists():
            return [], (done.stderr.strip().splitlines() or ["no answer"])[-1]
        listed = json.loads(report.read_text(encoding="utf-8"))["dependencies"]
    holes = []
    for package in listed:
        for hole in package.get("vulns", ()):
            mended = ", ".join(hole["fix_versions"]) or "none yet"
            holes.append(f"{package['name']} {package['version']}: {hole['id']}, mended in {mended}")
    return holes, ""


def main() -> int:
    """0: nothing known; 1: a hole is known; 3: the data could not be reached."""
    worst = 0
    for name in LOCKS:
        holes, trouble = audit(ROOT / name)
        if trouble:
            print(f"audit: {name} was NOT checked, the data cannot be reached: {trouble}")
            worst = worst or UNREACHED
        elif holes:
            print(f"audit: {name}:", *holes, sep="\n  ")
            worst = 1
        else:
            print(f"audit: {name}: no known hole")
    return worst


if __name__ == "__main__":
    sys.exit(main())
