"""docs/publications.md, the sample file and the code say the same about every key."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from bot.domain.issue import ListKind
from bot.domain.publication import DEFAULT, Approval, DayRule
from bot.sources import inbox, publications, website_options
from bot.sources.keys import Key
from bot.sources.kinds import KINDS
from bot.sources.publications import PUBLICATION, SOURCE, load_publications
from bot.sources.website_options import Kind

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "publications.md").read_text(encoding="utf-8")
SAMPLE = ROOT / publications.DEFAULT_FILE
HEADINGS = {
    "Publication": PUBLICATION,
    "Source": SOURCE,
    "Inbox": inbox.KEYS,
    "Website": website_options.KEYS,
}


def rows(heading: str) -> list[list[str]]:
    """The table below a heading, without its first two lines."""
    section = re.split(r"^#+ ", PAGE.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.M)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]


def shown(key: Key) -> str:
    """The default as the file would have it; – where leaving it out is the only way to say it."""
    match key.default:
        case _ if key.required:
            return "required"
        case None | ():
            return "–"
        case tuple(words):
            return "[" + ", ".join(f'"{word}"' for word in words) + "]"
        case bool(flag):
            return str(flag).lower()
        case str(word):
            return f'"{word}"'
        case dt.timedelta():
            return f"{key.default.total_seconds() / 3600:g}"
        case number:
            return f"{number:g}"


def uncommented() -> str:
    """The sample with its keys switched on; what it says about them stays a comment."""
    return re.sub(r"^# (?=\[\[|[a-z_]+ = )", "", SAMPLE.read_text(encoding="utf-8"), flags=re.M)


@pytest.mark.parametrize("heading", HEADINGS)
def test_every_key_stands_in_its_table_with_its_default(heading: str) -> None:
    assert [row[:2] for row in rows(heading)] == [[key.name, shown(key)] for key in HEADINGS[heading]]


def test_every_kind_of_source_has_its_table() -> None:
    assert {name.capitalize() for name in KINDS} == set(HEADINGS) - {"Publication", "Source"}


def test_every_word_is_documented() -> None:
    assert [row[0] for row in rows("Day rules")] == [rule.value for rule in DayRule]
    assert [row[0] for row in rows("Approval")] == [mode.value for mode in Approval]
    assert all(f"`{word.value}`" in PAGE for word in (*Kind, *ListKind))


def test_the_sample_as_shipped_changes_nothing() -> None:
    assert load_publications(SAMPLE) == (DEFAULT,)


def test_the_sample_switched_on_is_sound_and_has_every_key(tmp_path: Path) -> None:
    path = tmp_path / "publications.toml"
    path.write_text(uncommented(), encoding="utf-8")
    laojiu = load_publications(path)[0]
    assert [source.kind for source in laojiu.sources] == list(KINDS)
    written = set(re.findall(r"^([a-z_]+) = ", uncommented(), flags=re.M))
    assert written == {key.name for keys in HEADINGS.values() for key in keys}


def test_the_sample_shows_the_defaults() -> None:
    lines = dict(re.findall(r"^([a-z_]+) = (.*)$", uncommented(), flags=re.M))
    defaults = {key.name: shown(key) for keys in HEADINGS.values() for key in keys if key.default not in (None, ())}
    assert {name: lines[name] for name in defaults} == defaults
