"""One release of a million deliveries: is the end as quick as the beginning, and what does it take?

    python -m benchmarks million                     takes some ten minutes and 2 GB of disk
    python -m benchmarks million --count 100000

Three processes, so that each has its own peak of memory: one fills the directory, one releases an issue whose list
names all of it by one phrase (assess, resolve, plan, commit), one delivers to a sink on the other core. The same with
10,000 stands beside it, before and after. Then the receipts pages are asked for.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from statistics import mean, median

import sqlalchemy as sa

from bot.bootstrap import App, open_app, utc_now
from bot.domain.card import Style
from bot.domain.delivery import DeliveryState
from bot.domain.directory import RecipientKind
from bot.domain.issue import Issue, Lists
from bot.domain.plan import Settled
from bot.domain.secret import Secret
from bot.settings import load_settings
from bot.store.schema import recipient, recipient_group, target
from bot.store.vault import TARGET_URL

from ._load import Load, Stopwatch
from ._sink import pin, sink, taken

IN_FLIGHT = 200
CHUNK = 20_000
SMALL = 10_000
EVERYONE = "各有关单位"
FAILED = (DeliveryState.REFUSED, DeliveryState.EXHAUSTED, DeliveryState.IN_DOUBT)


def _open(folder: str, load: Load) -> App:
    settings = load_settings().model_copy(
        update={
            "data_dir": Path(folder),
            # "": never the installation's own database, whatever the environment says
            "database_url": "",
            "allowed_hosts": (load.base.removeprefix("http://"),),
            "max_in_flight": load.in_flight,
            "log_level": "warning",
        }
    )
    return open_app(settings)


def prepare(app: App, load: Load) -> dict[str, float]:
    """The directory; not timed. Straight into the tables: an import compares with all there is, every time."""
    unit = {"kind": RecipientKind.OTHER, "aliases": [], "enabled": True}
    robot = {"position": 0, "channel": "wecom", "label": "", "style": Style.MARKDOWN, "enabled": True, "masked": "…"}
    numbered = enumerate(map(Secret, load.urls()), 1)
    while chunk := list(islice(numbered, CHUNK)):
        units = [{**unit, "id": f"unit-{n}", "name": f"第{n}单位", "position": n} for n, _ in chunk]
        vault = app.store.vault
        robots = [
            {
                **robot,
                "recipient_id": f"unit-{n}",
                "url": vault.seal(url, column=TARGET_URL),
                "fingerprint": vault.fingerprint(url),
            }
            for n, url in chunk
        ]
        with app.store.db.write() as connection:
            connection.execute(sa.insert(recipient), units)
            connection.execute(sa.insert(target), robots)
    members = [f"unit-{n}" for n in range(1, load.count + 1)]
    group = {"id": "everyone", "name": EVERYONE, "phrases": [], "members": members, "position": 0}
    with app.store.db.write() as connection:
        connection.execute(sa.insert(recipient_group), group)
    return {}


def plan(app: App, load: Load) -> dict[str, float]:
    """The release, as the clock does it. `us`: processor time a delivery, from the phrase on the list to the commit."""
    now = utc_now()
    stored = app.store.save_issue(
        Issue("工作简报", lists=Lists(send=(EVERYONE,))),
        publication="default",
        original=b"-",
        name="-",
        source="benchmark",
        who="benchmark",
        now=now,
        release_at=now,
        holds=(),
    )
    with Stopwatch() as timing:
        published = app.publisher.release_if_due(stored.id)
    assert published.new_deliveries == load.count, published.holds
    return {"us": timing.cpu_s / load.count * 1e6}


def deliver(app: App, load: Load) -> dict[str, float]:
    """Everything. Per second and processor time a delivery, of all and of the last SMALL."""
    marks: list[tuple[int, float, float]] = []
    count = 0

    def settled(_: Settled) -> None:
        nonlocal count
        count += 1
        if count in (1, load.count - SMALL, load.count):
            marks.append((count, time.perf_counter(), time.process_time()))

    app.deliver(1, wait_s=None, on_settled=settled)
    assert app.store.counts(1) == {DeliveryState.ACCEPTED: load.count}, app.store.counts(1)
    whole, end = (marks[0], marks[-1]), (marks[-2], marks[-1])
    found = {}
    for name, (first, last) in (("", whole), ("end_", end)):
        sent = last[0] - first[0]
        found[f"{name}per_second"] = sent / (last[1] - first[1])
        found[f"{name}us"] = (last[2] - first[2]) / sent * 1e6
    return found


def look(app: App, load: Load) -> dict[str, float]:
    """What the pages ask for, in milliseconds: counts, failures, a page of receipts, one unit's history."""
    middle = load.count // 2
    asked: dict[str, Callable[[], object]] = {
        "counts of an issue": lambda: app.store.counts(1),
        "its failures": lambda: app.store.receipt_page(issue_id=1, states=FAILED),
        "a page in the middle": lambda: app.store.receipt_page(issue_id=1, after=middle),
        "one unit's history": lambda: app.store.receipt_page(recipient_id=f"unit-{middle}"),
    }
    found = {}
    for name, ask in asked.items():
        taken_ms = []
        for _ in range(11):
            began = time.perf_counter()
            ask()
            taken_ms.append((time.perf_counter() - began) * 1e3)
        found[name] = median(taken_ms)
    return found


STEPS: dict[str, Callable[[App, Load], dict[str, float]]] = {
    step.__name__: step for step in (prepare, plan, deliver, look)
}


def _child(step: str, folder: str, load: Load) -> None:
    pin(0)
    app = _open(folder, load)
    try:
        found = STEPS[step](app, load)
    finally:
        app.close()
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found))


def _run(count: int) -> dict[str, dict[str, float]]:
    found = {}
    with sink() as base, tempfile.TemporaryDirectory() as folder:
        for step in STEPS:
            command = [sys.executable, "-m", "benchmarks.million", step, folder, base, str(count)]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
            found[step] = json.loads(done.stdout)
        arrived = taken(base)
        if arrived != count:
            sys.exit(f"{count} delivered, but {arrived} arrived at the sink")
    return found


def main(args: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks million", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="deliveries (default %(default)s)")
    options = parser.parse_args(args)
    # The small run on both sides of the large one: what else goes on in the machine changes within the half hour.
    before, large, after = _run(SMALL), _run(options.count), _run(SMALL)
    print(f"\n{'':34}{SMALL:>14,}{options.count:>14,}{SMALL:>14,}")
    for step, key, title in (
        ("plan", "us", "planning, CPU us a delivery"),
        ("plan", "peak_mb", "planning, peak MB"),
        ("deliver", "per_second", "deliveries per second"),
        ("deliver", "end_per_second", f"the last {SMALL:,}, per second"),
        ("deliver", "us", "delivering, CPU us each"),
        ("deliver", "end_us", f"the last {SMALL:,}, CPU us each"),
        ("deliver", "peak_mb", "delivering, peak MB"),
        *(("look", name, f"{name}, ms") for name in large["look"] if name != "peak_mb"),
    ):
        print(f"{title:34}" + "".join(f"{run[step][key]:>14,.1f}" for run in (before, large, after)))
    for key, title in (("per_second", "per second"), ("us", "CPU us")):
        usual = mean([before["deliver"][key], after["deliver"][key]])
        print(f"the end, {title}: {large['deliver'][f'end_{key}'] / usual:.2f} of a run of {SMALL:,}")


if __name__ == "__main__":
    step, folder, base, count = sys.argv[1:]
    _child(step, folder, Load(base, int(count), IN_FLIGHT))
