"""Mangled documents: an Issue or a refusal, never another exception, never a hang.

The suite runs a few hundred inputs with a fixed seed; `python -m benchmarks.reading --fuzz 20000` runs the lot.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from bot.bulletins import parse
from bot.domain.errors import DocumentRefused
from tests.unit.bulletins import mangling

WORDS = st.sampled_from(mangling.WORDS)
LINES = st.lists(st.one_of(WORDS, st.text(max_size=30)), max_size=8).map("".join)


def survives(data: bytes) -> None:
    try:
        issue = parse(data)
    except DocumentRefused:
        return
    assert issue.to_dict()


@seed(20260501)
@settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(LINES, max_size=40))
def test_any_lines_of_bulletin_words(lines: list[str]) -> None:
    survives("\n".join(lines).encode("utf-8", errors="surrogatepass"))


@seed(20260502)
@settings(max_examples=80, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    survives(data)


@pytest.mark.parametrize("form", mangling.SEEDS)
def test_mangled_files(form: str) -> None:
    for n in range(25):
        survives(mangling.mangled(form, n))
