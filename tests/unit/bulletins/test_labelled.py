"""Every labelled bulletin reads right in every labelled field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.bulletins import parse
from bot.domain.errors import DocumentRefused
from tests.unit.bulletins.comparison import differences

FORMATS = (".txt", ".html", ".docx", ".pdf")


def labels(shared: Path, suffix: str) -> list[Path]:
    return sorted(p for p in (shared / "bulletins").iterdir() if p.suffix == suffix)


@pytest.mark.parametrize("suffix", FORMATS)
def test_labelled_files_read_right_in_every_field(shared: Path, suffix: str) -> None:
    wrong: dict[str, list[str]] = {}
    for source in labels(shared, suffix):
        label = json.loads(source.with_suffix(".json").read_text("utf-8"))
        if label["expect_error"]:
            with pytest.raises(DocumentRefused) as refusal:
                parse(source.read_bytes(), source.name)
            assert refusal.value.code == label["expect_error"]
        elif found := differences(label, parse(source.read_bytes(), source.name).to_dict()):
            wrong[source.name] = found
    assert wrong == {}


def test_the_real_issue_needs_no_person(shared: Path) -> None:
    source = shared / "bulletins" / "meizhou-2022-01.txt"
    assert parse(source.read_bytes(), source.name).blocking == ()
