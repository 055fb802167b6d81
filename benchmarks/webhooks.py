"""Beside apprise, the usual library for this: webhooks answering after 100 ms, 500 in flight, the same sink.

    python -m venv /tmp/apprise && /tmp/apprise/bin/pip install apprise
    python -m benchmarks webhooks --python /tmp/apprise/bin/python

apprise keeps no record; Jianbao writes every attempt before and after. Skipped where no Python has apprise.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from ._load import Load
from ._sink import sink, taken
from .dispatch import in_child

DELAY_S, IN_FLIGHT = 0.1, 500


def _has_apprise(python: str) -> bool:
    return subprocess.run([python, "-c", "import apprise"], capture_output=True, check=False).returncode == 0


def _apprise(python: str, base: str, count: int) -> float:
    """Webhooks a second."""
    command = [python, str(Path(__file__).with_name("_apprise.py")), base, str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=600)
    arrived = taken(base)
    if arrived != count:
        sys.exit(f"apprise: {count} sent, but {arrived} arrived at the sink")
    return count / float(done.stdout)


def main(args: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks webhooks", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has apprise (default: this one)")
    parser.add_argument("--count", type=int, default=15_000, help="deliveries of Jianbao (default %(default)s)")
    parser.add_argument("--theirs", type=int, default=500, help="webhooks of apprise (default %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="repetitions (default %(default)s)")
    options = parser.parse_args(args)
    if not _has_apprise(options.python):
        print(f"apprise: skipped, {options.python} does not have it (see --help)")
        return
    ours, theirs = [], []
    with sink(DELAY_S) as base:
        for _ in range(options.repeat):
            ours.append(in_child("durable", Load(base, options.count, IN_FLIGHT)).per_second)
            theirs.append(_apprise(options.python, base, options.theirs))
    print(f"\nwebhooks answering after {DELAY_S * 1000:g} ms, {options.repeat} repetitions, medians")
    print(f"apprise, records nothing            {median(theirs):>10,.0f} per second")
    print(f"Jianbao, durable before and after   {median(ours):>10,.0f} per second")
    print(f"ratio                               {median(ours) / median(theirs):>10,.0f}")
