"""Layouts of our own devising, each written down with the convention it follows (`layouts*.py`)."""

from __future__ import annotations

import pytest

from bot.bulletins import parse
from tests.unit.bulletins.all_layouts import LAYOUTS
from tests.unit.bulletins.comparison import expected_differences
from tests.unit.bulletins.layouts import Layout


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_layout_reads_right(layout: Layout) -> None:
    out = parse(layout.source(), "").to_dict()
    assert expected_differences(layout.expected, out) == [], layout.convention


def test_there_are_enough_layouts_in_every_format() -> None:
    formats = [layout.name.split("-")[0] for layout in LAYOUTS]
    assert len(LAYOUTS) >= 20
    assert {"txt", "html", "docx", "pdf", "zip"} <= set(formats)
    assert len({layout.name for layout in LAYOUTS}) == len(LAYOUTS)
