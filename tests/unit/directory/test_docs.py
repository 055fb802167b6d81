"""docs/directory.md and the code say the same about every key, kind and style."""

from __future__ import annotations

import re

import pytest

from bot.directory.keys import (
    FILE,
    GROUP,
    MAX_BYTES,
    MAX_CREDENTIAL,
    MAX_TEXT,
    MAX_WORDS,
    RECIPIENT,
    STYLES,
    TARGET,
    Key,
)
from bot.domain.directory import RecipientKind

from .build import ROOT

PAGE = (ROOT / "docs" / "directory.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The table below a heading, without its first two lines."""
    section = re.split(r"^#+ ", PAGE.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.M)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize(
    ("heading", "keys"), [("File", FILE), ("Recipient", RECIPIENT), ("Target", TARGET), ("Group", GROUP)]
)
def test_every_key_stands_in_its_table(heading: str, keys: tuple[Key, ...]) -> None:
    documented = [(row[0], row[1], row[3]) for row in rows(heading)]
    assert documented == [(k.name, k.chinese, "yes" if k.required else "no") for k in keys]


def test_every_kind_and_style_is_documented() -> None:
    assert [row[:2] for row in rows("Kinds")] == [[k.value, k.chinese] for k in RecipientKind]
    assert [row[:2] for row in rows("Styles")] == [[s.value, chinese] for s, chinese in STYLES.items()]


@pytest.mark.parametrize(
    "words",
    [
        f"at most {MAX_BYTES // 1_000_000} MB",
        f"at most {MAX_TEXT} characters",
        f"at most {MAX_WORDS}",
        f"at most {MAX_CREDENTIAL:,} characters",
    ],
)
def test_the_limits_are_documented(words: str) -> None:
    assert words in PAGE
