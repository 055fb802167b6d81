"""Beside apprise, the usual library for this, and beside plain loops: webhooks answering after 100 ms, the same sink.

    python -m venv /tmp/apprise && /tmp/apprise/bin/pip install apprise
    python -m benchmarks webhooks --python /tmp/apprise/bin/python

500 in flight, as far as the peer can. The peers keep no record; Jianbao writes every attempt before and after. Without
apprise where no Python has it.
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
from .dispatch import VARIANTS, in_child

DELAY_S, IN_FLIGHT = 0.1, 500
LOOPS = ("httpx", "bare", "durable")
"""The variants of the dispatch benchmark beside apprise, the slowest first."""


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
    with_apprise = _has_apprise(options.python)
    if not with_apprise:
        print(f"apprise: left out, {options.python} does not have it (see --help)")
    rates: dict[str, list[float]] = {}
    with sink(DELAY_S) as base:
        for _ in range(options.repeat):
            for name in LOOPS:
                load = Load(base, max(int(options.count * VARIANTS[name].share), IN_FLIGHT), IN_FLIGHT)
                rates.setdefault(VARIANTS[name].title, []).append(in_child(name, load).per_second)
            if with_apprise:
                rates.setdefault("apprise, records nothing", []).append(_apprise(options.python, base, options.theirs))
    ours = median(rates[VARIANTS["durable"].title])
    print(f"\nwebhooks answering after {DELAY_S * 1000:g} ms, {options.repeat} repetitions, medians")
    print(f"{'':40}{'per second':>12}{'Jianbao is':>12}")
    for title, found in sorted(rates.items(), key=lambda row: median(row[1])):
        print(f"{title:40}{median(found):>12,.0f}{ours / median(found):>11,.1f}x")
