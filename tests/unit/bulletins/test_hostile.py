"""Hostile input: one clear refusal within the time and memory promised, and the caller unharmed."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bot.bulletins import DEFAULT, Limits, explain_guarded, parse, parse_guarded, parse_many
from bot.bulletins.doubts import DOUBTS
from bot.bulletins.refusals import REFUSALS
from bot.domain.errors import DocumentRefused
from tests.unit.bulletins.hostile import HOSTILE, docx_with, external_entity

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parents[3] / "samples" / "laojiu-2026-05.txt"
DOC = Path(__file__).parents[3] / "docs" / "reading.md"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused_within_ten_seconds(name: str) -> None:
    source, codes = HOSTILE[name]
    data = source()
    begun = time.monotonic()
    with pytest.raises(DocumentRefused) as refusal:
        parse_guarded(data, name)
    assert refusal.value.code in codes
    assert time.monotonic() - begun < 12  # 10 s of reading, and the process


def test_external_entity_is_not_read() -> None:
    issue = parse_guarded(external_entity(), "x.docx")
    assert issue.masthead == "工作简报"


def test_wrong_extension_changes_nothing() -> None:
    data = SAMPLE.read_bytes()
    assert parse_guarded(data, "简报.pdf") == parse(data, "简报.txt")


def test_guarded_reading_equals_reading_in_process() -> None:
    data = SAMPLE.read_bytes()
    assert parse_guarded(data) == parse(data)
    assert explain_guarded(data)[2].text.startswith("梅州市住房")


def test_time_out_is_one_refusal() -> None:
    slow = replace(DEFAULT, wall_seconds=0.001)
    with pytest.raises(DocumentRefused) as refusal:
        parse_guarded(SAMPLE.read_bytes(), limits=slow)
    assert refusal.value.code == "reader_timeout"


def test_too_little_memory_is_one_refusal() -> None:
    big = docx_with(
        b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
        + b"<w:p><w:r><w:t>x</w:t></w:r></w:p>" * 500_000
        + b"</w:body></w:document>"
    )
    with pytest.raises(DocumentRefused) as refusal:
        parse_guarded(big, limits=Limits(memory_bytes=200 * 2**20))
    assert refusal.value.code in {"too_large", "reader_crashed", "reader_timeout", "damaged"}


def test_one_bad_file_does_not_stop_the_rest() -> None:
    good = SAMPLE.read_bytes()
    files = [("a.txt", good), ("b.pdf", b"%PDF-1.7\n"), ("c.txt", good), ("d.txt", b"")]
    found = dict(parse_many(files, readers=2))
    assert list(found) == ["a.txt", "b.pdf", "c.txt", "d.txt"]
    assert found["a.txt"] == found["c.txt"] == parse(good)
    assert isinstance(found["b.pdf"], DocumentRefused)
    assert isinstance(found["d.txt"], DocumentRefused)


def test_nothing_of_the_environment_reaches_the_reading_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIANBAO_SECRET_KEY", "not-for-readers")
    assert parse_guarded(SAMPLE.read_bytes()).masthead == "梅州市城镇老旧小区改造工作简报"


def test_refusal_codes_are_those_of_the_documentation() -> None:
    section = DOC.read_text("utf-8").split("## 拒收代码")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(REFUSALS)


def test_warning_codes_are_those_of_the_documentation() -> None:
    section = DOC.read_text("utf-8").split("## 警告代码")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (是|否) \|", section, re.MULTILINE))
    assert rows == {code: "是" if doubt.blocking else "否" for code, doubt in DOUBTS.items()}
