"""Documents explained for the pages: the same process reads the next, a lost one is replaced, an idle one goes."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from bot.bootstrap.explaining import Explainer
from bot.domain.errors import DocumentRefused

TEXT = "梅州市工作简报\n\n（2026年第{}期）\n\n正文。\n"


def process(explainer: Explainer) -> Any:
    return explainer._reader._process


def test_the_same_process_reads_the_next_and_a_lost_one_is_replaced() -> None:
    explainer = Explainer()
    rows = explainer(TEXT.format(1).encode(), "1.txt")
    first = process(explainer)
    assert any("第1期" in row.text for row in rows)
    explainer(TEXT.format(2).encode(), "2.txt")
    assert process(explainer) is first
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert explainer(TEXT.format(3).encode(), "3.txt")
    with pytest.raises(DocumentRefused):
        explainer(b"", "4.txt")


def test_an_idle_process_goes() -> None:
    explainer = Explainer(idle_s=0.0)
    explainer(TEXT.format(1).encode(), "1.txt")
    running = process(explainer)
    assert running is None or running.wait(30) is not None
    assert explainer(TEXT.format(2).encode(), "2.txt")
