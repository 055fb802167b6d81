"""What reading costs: milliseconds and memory a format and page, beside the plain library call for the same text.

    python -m benchmarks.reading                 the table below
    python -m benchmarks.reading --fuzz 20000    mangled documents instead: crashes, hangs, the slowest

`extract` is the library's own text extraction, `read` our reader (blocks with layout hints), `understand` the parser.
Memory is the peak of a fresh process that does one of them, less that of a process that only imports.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import docx
import pdfplumber
from bs4 import BeautifulSoup

from bot.bulletins import parse
from bot.bulletins.characters import plain
from bot.bulletins.parser import read as understand
from bot.bulletins.reading import blocks
from bot.bulletins.titles import essence
from bot.domain.errors import DocumentRefused
from bot.domain.issue import Issue
from tests.unit.bulletins import mangling, rendering

SAMPLE = Path(__file__).parents[1] / "samples" / "laojiu-2026-05.txt"
CHARACTERS_A_PAGE = 560
TIMES = 7


def issue(pages: int) -> Issue:
    """The sample, its articles repeated up to about `pages` pages."""
    one = parse(SAMPLE.read_bytes())
    chars = sum(a.chars for a in one.articles)
    count = max(1, round(pages * CHARACTERS_A_PAGE / chars))
    numbered = [replace(a, title=f"{a.title}（之{n}）") for n in range(count) for a in one.articles]
    return replace(one, articles=tuple(numbered if count > 1 else one.articles))


def extract_docx(data: bytes) -> str:
    return "\n".join(p.text for p in docx.Document(io.BytesIO(data)).paragraphs)


def extract_pdf(data: bytes) -> str:
    with pdfplumber.open(io.BytesIO(data)) as document:
        return "\n".join(page.extract_text() for page in document.pages)


Form = tuple[Callable[[Issue], bytes], Callable[[bytes], str]]
FORMS: dict[str, Form] = {
    "txt": (lambda i: rendering.to_txt(rendering.printed(i)).encode("gb18030"), lambda d: d.decode("gb18030")),
    "html": (
        lambda i: rendering.to_html(rendering.printed(i), furniture=True).encode(),
        lambda d: BeautifulSoup(d, "lxml").get_text(),
    ),
    "docx": (lambda i: rendering.to_docx(rendering.printed(i)), extract_docx),
    "pdf": (lambda i: rendering.to_pdf(rendering.printed(i)), extract_pdf),
    "pdf 2 columns": (lambda i: rendering.to_pdf(rendering.printed(i), columns=2), extract_pdf),
}


def milliseconds(work: Callable[[], object]) -> float:
    """Median of several runs, after one that warms up."""
    work()
    taken = []
    for _ in range(TIMES):
        plain.cache_clear()
        essence.cache_clear()
        begun = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


def _peak(name: str, data: bytes, answers: multiprocessing.Queue[float]) -> None:
    if name == "parse":
        parse(data)
    elif name in FORMS:
        FORMS[name][1](data)
    # Not getrusage: its peak is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text("ascii")
    answers.put(int(status.split("VmHWM:")[1].split()[0]) / 1024)


def peak_mib(name: str, data: bytes) -> float:
    """Peak memory of a fresh process that does `name` with `data`, in MiB."""
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[float] = context.Queue()
    process = context.Process(target=_peak, args=(name, data, answers))
    process.start()
    peak = answers.get()
    process.join()
    return peak


def table() -> None:
    bare = peak_mib("nothing", b"")
    print("format         pages  extract ms   read ms  understand ms  all ms/page   MiB +  (extract)")
    for name, (render, extract) in FORMS.items():
        for pages in (3, 30):
            data = render(issue(pages))
            read = blocks(data)
            library = milliseconds(lambda d=data, e=extract: e(d))  # type: ignore[misc]
            reading = milliseconds(lambda d=data: blocks(d))  # type: ignore[misc]
            parsing = milliseconds(lambda r=read: understand(r))  # type: ignore[misc]
            ours, theirs = peak_mib("parse", data) - bare, peak_mib(name, data) - bare
            each = (reading + parsing) / pages
            print(
                f"{name:14}{pages:6}{library:12.1f}{reading:10.1f}{parsing:15.1f}{each:13.2f}{ours:8.1f}{theirs:11.1f}"
            )


def fuzz(count: int) -> int:
    """Read `count` mangled documents in this process; the number of faults (anything but an Issue or a refusal)."""
    ends: Counter[str] = Counter()
    slowest = (0.0, "")
    faults = 0
    for n in range(count):
        form = mangling.SEEDS[n % len(mangling.SEEDS)]
        data = mangling.mangled(form, n)
        begun = time.perf_counter()
        try:
            parse(data)
            ends["read"] += 1
        except DocumentRefused as refusal:
            ends[refusal.code] += 1
        except Exception as fault:
            faults += 1
            ends[type(fault).__name__] += 1
            print(f"{form}-{n}: {fault!r}", file=sys.stderr)
        slowest = max(slowest, (time.perf_counter() - begun, f"{form}-{n}"))
    print(f"{count} inputs, seeds `FORM-NUMBER`, {faults} faults, slowest {slowest[0]:.2f} s ({slowest[1]})")
    print(dict(ends.most_common()))
    return faults


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--fuzz", type=int, default=0, metavar="N", help="read N mangled documents")
    given = options.parse_args(arguments)
    if given.fuzz:
        return min(1, fuzz(given.fuzz))
    table()
    return 0


if __name__ == "__main__":
    sys.exit(main())
