"""The documents say what the program does: commands, settings, states, words, rooms, decisions."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import typer

from bot.channels import CHANNELS
from bot.cli.app import app
from bot.domain.delivery import DeliveryState
from bot.domain.directory import RecipientKind
from bot.domain.issue import ListKind
from bot.domain.release import IssueState
from bot.domain.retry import SCHEDULE_S
from bot.settings import PREFIX, Settings
from tests.documents import DOCS, PAGES, READMES, ROOT, blocks, read, rows, sections
from tests.unit.test_layers import MAY_IMPORT

# commands


def walk(command: Any, path: str = "jianbao") -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, f"{path} {name}")


COMMANDS: dict[str, Any] = dict(walk(typer.main.get_command(app)))


def spelling(parameter: Any) -> str:
    """How docs/commands.md writes a parameter: `FILE`, `--json`, `--out FOLDER`, `--limits / --no-limits`."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar).strip("[]")
    words = " / ".join([*parameter.opts, *parameter.secondary_opts])
    return f"{words} {parameter.metavar}" if parameter.metavar else words


def choices(parameter: Any) -> set[str]:
    """The words an option takes, where there are but these."""
    kind = parameter.type_descriptor.annotation
    return {word.value for word in kind} if isinstance(kind, type) and issubclass(kind, Enum) else set()


either_page = pytest.mark.parametrize("page", ["commands.md", "commands.zh-CN.md"])


@either_page
def test_every_command_has_its_section_and_no_section_is_without_a_command(page: str) -> None:
    described = [title for title in sections(read(DOCS / page)) if title.startswith("jianbao")]
    assert sorted(described) == sorted(COMMANDS)


@either_page
@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_described_as_its_help_describes_it(name: str, page: str) -> None:
    section = sections(read(DOCS / page))[name]
    assert f"\n> {COMMANDS[name].help}\n" in section
    documented = {row[0]: row[1] for row in rows(section)}
    assert documented == {spelling(p): p.help for p in COMMANDS[name].params}
    remarks = {row[0]: row[2] for row in rows(section)}
    for p in COMMANDS[name].params:
        assert choices(p) <= set(re.findall(r"\w+", remarks[spelling(p)]))


def shell_commands(program: str) -> Iterator[tuple[str, list[str]]]:
    """What is called by its name, by its path, or in a container."""
    called = re.compile(rf"(?:docker compose exec \S+ |.*/bin/)?{program}((?: .*)?)")
    for page in PAGES:
        for code in blocks(read(page), "sh"):
            for line in code.replace("\\\n", "").splitlines():
                if match := called.fullmatch(line):
                    yield str(page.relative_to(ROOT)), shlex.split(match[1], comments=True)


def command_of(words: list[str]) -> str:
    """The longest command these words begin with: `jianbao directory import`."""
    depth = max(n for n in range(len(words) + 1) if " ".join(["jianbao", *words[:n]]) in COMMANDS)
    return " ".join(["jianbao", *words[:depth]])


def test_every_command_line_in_the_documents_can_be_typed() -> None:
    seen = 0
    for page, words in shell_commands("jianbao"):
        command = COMMANDS[command_of(words)]
        assert not getattr(command, "commands", {}) or words == ["--version"], f"{page}: {words}"
        known = {spelled for p in command.params for spelled in (*p.opts, *p.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known, f"{page}: {words}"
        seen += 1
    assert seen >= 40


def test_every_command_named_in_running_text_exists() -> None:
    """`jianbao COMMAND --option` between backquotes, in any page and either language."""
    wrong = []
    for page in PAGES:
        text = re.sub(r"^ *```.*?^ *```$", "", read(page), flags=re.MULTILINE | re.DOTALL)
        for line in re.findall(r"`jianbao ([a-z][^`]*)`", text):
            words = line.split()
            known = {o for p in COMMANDS[command_of(words)].params for o in (*p.opts, *p.secondary_opts)}
            if command_of(words) == "jianbao" or {word for word in words if word.startswith("--")} - known:
                wrong.append(f"{page.relative_to(ROOT)}: {line}")
    assert wrong == []


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", read(ROOT / "Makefile"), flags=re.MULTILINE))
    assert {words[0] for _, words in shell_commands("make")} <= targets


# settings


def shipped_settings() -> dict[str, dict[str, str]]:
    """config/jianbao.toml: by key, its effect, unit and risk, and the default that stands there commented out."""
    found = {}
    for block in read(ROOT / "config" / "jianbao.toml").strip().split("\n\n")[1:]:
        lines = [line.removeprefix("# ") for line in block.splitlines()]
        key, _, default = lines[-1].partition(" = ")
        parts = re.findall(r"(Effect|Unit|Risk): (.*?)(?= (?:Effect|Unit|Risk): |$)", " ".join(lines[:-1]))
        found[key] = {name.lower(): text.replace("`", "") for name, text in parts} | {"default": default}
    return found


def test_the_settings_page_names_every_setting_in_the_order_of_the_code() -> None:
    assert list(sections(read(DOCS / "settings.md"))) == list(Settings.model_fields)


@pytest.mark.parametrize("key", Settings.model_fields)
def test_a_setting_is_described_as_in_the_shipped_file(key: str) -> None:
    page = dict(rows(sections(read(DOCS / "settings.md"))[key]))
    shipped = shipped_settings()[key]
    assert page.pop("environment") == PREFIX + key.upper()
    assert page.pop("default").removeprefix("unset, for example ") == shipped.pop("default")
    assert page == shipped


@pytest.mark.parametrize("key", Settings.model_fields)
def test_a_setting_is_described_in_chinese_as_the_program_describes_it(key: str) -> None:
    text = read(DOCS / "settings.zh-CN.md")
    assert list(sections(text)) == list(Settings.model_fields)
    page, english = (dict(rows(sections(t)[key])) for t in (text, read(DOCS / "settings.md")))
    assert page["环境变量"] == english["environment"]
    assert page["默认"].removeprefix("不设，例如 ") == english["default"].removeprefix("unset, for example ")
    assert page["作用"] == Settings.model_fields[key].description
    assert ("风险" in page, "单位" in page) == ("risk" in english, "unit" in english)


def test_the_publications_have_the_same_keys_and_defaults_in_both_languages() -> None:
    english, chinese = (rows(read(DOCS / name)) for name in ("publications.md", "publications.zh-CN.md"))
    assert len(english) > 40
    told = [[[r[0], r[1].replace("必填", "required")] for r in table if len(r) == 3] for table in (english, chinese)]
    assert told[0] == told[1]


def test_the_directory_has_the_same_keys_columns_and_words_in_both_languages() -> None:
    def told(name: str) -> list[list[str]]:
        table = [row for row in rows(read(DOCS / name)) if row[0].isascii() and row[0]]
        return [[*row[:2], *(row[3:4] if len(row) == 5 else [])] for row in table]

    english = [[*r[:2], *({"yes": "是", "no": "否"}[word] for word in r[2:])] for r in told("directory.md")]
    assert len(english) > 25
    assert [row for row in english if row[0] not in ("encoding", "size", "not allowed")] == told("directory.zh-CN.md")


def test_every_variable_in_the_documents_is_a_setting() -> None:
    known = {PREFIX + key.upper() for key in Settings.model_fields} | {"JIANBAO_CONFIG"}
    named = {name for page in PAGES if page.parent != DOCS / "decisions" for name in variables(read(page))}
    assert named <= known


def variables(text: str) -> list[str]:
    return [name for name in re.findall(rf"{PREFIX}[A-Z][A-Z_]+", text) if not name.startswith(f"{PREFIX}TEST_")]


# states and words


GUARANTEES = [DOCS / "guarantee.md", DOCS / "guarantee.zh-CN.md"]


@pytest.mark.parametrize("page", [*READMES, *GUARANTEES], ids=lambda page: page.name)
def test_the_states_of_a_delivery_are_those_of_the_code(page: Path) -> None:
    described = {row[0]: row[1] for row in rows(read(page)) if row[0] in set(DeliveryState)}
    assert described == {state.value: state.chinese for state in DeliveryState}


@pytest.mark.parametrize("page", [READMES[1], *GUARANTEES], ids=lambda page: page.name)
def test_a_state_promises_on_paper_what_it_promises_on_screen(page: Path) -> None:
    described = {row[0]: row[2] for row in rows(read(page)) if row[0] in set(DeliveryState)}
    assert described == {state.value: state.promise for state in DeliveryState}


@pytest.mark.parametrize(("page", "yes", "no"), [(GUARANTEES[0], "yes", "no"), (GUARANTEES[1], "是", "否")])
def test_the_guarantee_says_which_states_are_settled(page: Path, yes: str, no: str) -> None:
    described = {row[0]: row[3] for row in rows(read(page)) if row[0] in set(DeliveryState)}
    assert described == {state.value: yes if state.settled else no for state in DeliveryState}


def test_the_guarantee_names_the_same_fault_points_tests_and_outcomes_in_both_languages() -> None:
    def named(page: Path) -> list[list[str]]:
        return [re.findall(r"`([\w./=]+)`", line) for line in read(page).splitlines() if line.startswith("|")]

    assert named(GUARANTEES[0]) == named(GUARANTEES[1])


def test_the_guarantee_gives_the_waits_of_the_retry_schedule() -> None:
    waits = [f"{s // 3600} h" if s % 3600 == 0 else f"{s // 60} min" if s % 60 == 0 else f"{s} s" for s in SCHEDULE_S]
    text = " ".join(read(DOCS / "guarantee.md").split())
    assert f"The waits are {', '.join(waits[:-1])} and {waits[-1]}" in text
    assert f"some {round(sum(SCHEDULE_S) / 3600)} hours after the first try" in text
    assert f"{Settings.model_fields['max_in_flight'].default} deliveries by default" in text


WORDS = (
    *("publication", "issue", "article", "list", "report", "send", "copy", "phrase", "recipient", "group", "target"),
    *("channel", "card", "message", "part", "release", "delivery", "attempt", "receipt", "sign-off"),
)


def test_the_glossary_has_every_word_once_and_no_term_for_two_words() -> None:
    table = rows(read(DOCS / "glossary.md"))
    words, terms = [row[0] for row in table], [row[1] for row in table]
    assert set(WORDS) <= set(words)
    assert len(set(words)) == len(words)
    assert len(set(terms)) == len(terms)


def test_the_glossary_has_the_terms_the_program_shows() -> None:
    text = read(DOCS / "glossary.md")
    table = {row[0]: row[1] for row in rows(text)}
    assert {kind.value: table[kind.value] for kind in ListKind} == {kind.value: kind.chinese for kind in ListKind}
    for word in (*RecipientKind, *IssueState):
        assert f"{word.chinese} `{word.value}`" in text
    for name, channel in CHANNELS.items():
        assert f"`{name}` {channel.CHINESE}" in text


# architecture and decisions


def test_the_table_of_rooms_is_the_one_the_layer_test_enforces() -> None:
    for name, title in (("architecture.md", "The rooms"), ("architecture.zh-CN.md", "各个部分")):
        table = {
            row[0]: set() if row[1] in ("nothing", "无") else set(row[1].split(", "))
            for row in rows(sections(read(DOCS / name))[title])
        }
        assert table == MAY_IMPORT


def test_every_dependency_has_its_reason_and_no_reason_is_without_a_dependency() -> None:
    project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    page = sections(read(DOCS / "decisions" / "libraries.md"))
    for title, declared in (
        ("At run time", project["dependencies"]),
        ("For development", project["optional-dependencies"]["dev"]),
    ):
        assert [row[0] for row in rows(page[title])] == [re.split(r"[ <>=;\[]", line)[0] for line in declared]


def test_every_decision_stands_in_the_index() -> None:
    index = read(DOCS / "decisions" / "README.md")
    missing = [
        p.name for p in (DOCS / "decisions").glob("*.md") if p.name != "README.md" and f"]({p.name})" not in index
    ]
    assert not missing
