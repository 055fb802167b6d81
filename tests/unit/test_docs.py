"""The documents say what the program does: commands, settings, states, words, rooms, links."""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import typer

from bot.channels import CHANNELS
from bot.cli.app import app, run
from bot.domain.delivery import DeliveryState, OutcomeClass, Reason
from bot.domain.directory import RecipientKind
from bot.domain.issue import ListKind
from bot.domain.release import IssueState
from bot.domain.retry import SCHEDULE_S
from bot.settings import PREFIX, Settings
from tests.documents import CHINESE, DOCS, PAGES, ROOT, blocks, fences, names, read, twin
from tests.unit.test_layers import MAY_IMPORT

READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")


def sections(text: str) -> dict[str, str]:
    """The text under each `## ` heading, by heading."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return {title.strip(): body for title, body in zip(parts[1::2], parts[2::2], strict=True)}


def rows(text: str) -> list[list[str]]:
    """Cells of every table row but head and rule, as plain text: no backticks, `\\|` is a bar."""
    found = []
    for block in re.findall(r"(?:^\|.*\|\n)+", text, flags=re.MULTILINE):
        for line in block.splitlines()[2:]:
            cells = re.split(r"(?<!\\)\|", line)[1:-1]
            found.append([cell.strip().replace("`", "").replace("\\|", "|") for cell in cells])
    return found


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


def test_every_command_has_its_section_and_no_section_is_without_a_command() -> None:
    described = [title for title in sections(read(DOCS / "commands.md")) if title.startswith("jianbao")]
    assert sorted(described) == sorted(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_described_as_its_help_describes_it(name: str) -> None:
    section = sections(read(DOCS / "commands.md"))[name]
    assert f"\n> {COMMANDS[name].help}\n" in section
    documented = {row[0]: row[1] for row in rows(section)}
    assert documented == {spelling(p): p.help for p in COMMANDS[name].params}


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


# pages in two languages, and what the commands' test reads from them

OPERATORS = sorted(
    page
    for page in [*(DOCS / "operations").glob("*.md"), *map(DOCS.joinpath, ("index.md", "tutorial.md", "reasons.md"))]
    if page.name != "README.md" and not page.name.endswith(CHINESE)
)
OVERVIEWS = [DOCS / "operations" / name for name in ("README.md", "README.zh-CN.md")]
PAIRS = [page for page in PAGES if not page.name.endswith(CHINESE) and twin(page).exists()]


@pytest.mark.parametrize("page", OPERATORS, ids=names(OPERATORS))
def test_a_page_for_operators_stands_in_both_languages(page: Path) -> None:
    assert twin(page).exists()


@pytest.mark.parametrize("overview", OVERVIEWS, ids=names(OVERVIEWS))
def test_every_page_for_operators_stands_in_the_overview(overview: Path) -> None:
    pages = [page for page in OPERATORS if page.parent == overview.parent]
    wanted = [twin(page) if overview.name.endswith(CHINESE) else page for page in pages]
    assert [page.name for page in wanted if f"]({page.name})" not in read(overview)] == []


@pytest.mark.parametrize("page", PAIRS, ids=names(PAIRS))
def test_both_languages_give_the_same_commands_files_and_sections(page: Path) -> None:
    def told(page: Path) -> tuple[object, ...]:
        text = read(page)
        code = [
            (f.language, f.title, f.mark, f.argument, f.code) for f in fences(page) if f.language not in ("text", "")
        ]
        links = {link.replace(CHINESE, ".md").split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)}
        return code, len(sections(text)), links - {page.name, twin(page).name}

    for english, chinese in zip(told(page), told(twin(page)), strict=True):
        assert english == chinese


@pytest.mark.parametrize("page", PAIRS, ids=names(PAIRS))
def test_each_language_leads_to_the_other(page: Path) -> None:
    assert f"[中文]({twin(page).name})" in read(page)
    assert f"[English]({page.name})" in read(twin(page))


TRANSLATED = [page for page in PAGES if page.name.endswith(CHINESE)]


@pytest.mark.parametrize("page", TRANSLATED, ids=names(TRANSLATED))
def test_a_chinese_page_leads_to_the_chinese_of_a_page(page: Path) -> None:
    others = [page.parent / link for link in re.findall(r"\]\(([^)#\s]+\.md)[^)]*\)", read(page))]
    english = [other for other in others if not other.name.endswith(CHINESE) and other.name != twin(page).name]
    assert [other.name for other in english if twin(other).exists()] == []


def test_a_mark_above_a_block_is_one_the_test_of_commands_knows() -> None:
    wrong = [
        f"{page.relative_to(ROOT)}: {mark}"
        for page in PAGES
        for mark in re.findall(r"<!-- (.+?) -->\n *```", read(page))
        if not re.match(r"(not run|stays up|exit|again): ", mark)
    ]
    assert wrong == []


# the JSON shapes

DIRECTORY = """\
recipients:
- id: gov-meijiang
  name: 梅江区人民政府
  targets:
  - {channel: wecom, label: 政务公开群, url: "http://127.0.0.1:9/cgi-bin/webhook/send?key=00000000-aaaa-bbbb-cccc-000000000000"}
groups:
- {id: counties, name: 各县（市、区）人民政府, phrases: [各县（市、区）人民政府], members: [gov-meijiang]}
"""
BULLETIN = """\
河长制工作简报

2022年第3期（总第8期）

梅州市全面推行河长制工作领导小组办公室        2022年3月4日

梅江区开展河道清漂行动

3月3日，梅江区组织河道清漂行动，清理漂浮物二十吨。

报送：市委、市政府领导
发送：各县（市、区）人民政府，梅江区人民政府
抄送：市水务局
"""
FREE = ("payload", "counts", "before", "after")
"""Keys whose value has no fixed shape."""


Jianbao = Callable[[str], tuple[int, str]]


@pytest.fixture(scope="module")
def jianbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jianbao]:
    """Runs a command line with `--json` in a folder of its own, for its exit code and standard output.

    There a bulletin is published to a directory whose one bot is not there: nothing listens. In this process, because
    twenty starts of the interpreter would cost more than all other tests of this file; tests/e2e starts processes.
    """
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("office")
        patch.chdir(folder)
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            patch.delenv(name)
        patch.setenv("JIANBAO_ALLOWED_HOSTS", "127.0.0.1:9")
        Path("directory.yaml").write_text(DIRECTORY, encoding="utf-8")
        Path("bulletin.txt").write_text(BULLETIN, encoding="utf-8")
        Path("empty.txt").touch()

        def call(line: str) -> tuple[int, str]:
            with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()):
                return run([*line.split(), "--json"]), out.getvalue()

        call("publish bulletin.txt --directory directory.yaml --now")
        yield call


SHAPES = {
    "parse": "bulletin.txt",
    "resolve": "bulletin.txt --directory directory.yaml",
    "render": "bulletin.txt --channel feishu --style text",
    "publish": "bulletin.txt --directory directory.yaml --now",
    "issues": "",
    "history": "",
    "directory import": "directory.yaml",
    "directory check": "directory.yaml",
    "doctor": "",
}


def assert_same_shape(documented: Any, real: Any, place: str) -> None:
    if isinstance(documented, dict):
        assert isinstance(real, dict), place
        assert list(documented) == list(real), place
        for key in documented:
            if key not in FREE:
                assert_same_shape(documented[key], real[key], f"{place}.{key}")
    elif isinstance(documented, list):
        assert isinstance(real, list), place
        if documented and real:
            assert_same_shape(documented[0], real[0], f"{place}[0]")
    else:
        assert not isinstance(real, dict | list), place


@pytest.mark.parametrize("name", SHAPES)
def test_the_json_of_a_command_has_the_shape_in_the_documents(name: str, jianbao: Jianbao) -> None:
    code, out = jianbao(f"{name} {SHAPES[name]}")
    assert code != 1
    documented = blocks(sections(read(DOCS / "commands.md"))[f"jianbao {name}"], "json")[0]
    assert_same_shape(json.loads(documented), json.loads(out), name)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("directory check directory.yaml", 0),
        ("parcel bulletin.txt", 2),
        ("parse bulletin.txt --colour", 2),
        ("parse absent.txt", 2),
        ("parse empty.txt", 3),
        ("publish bulletin.txt", 4),
    ],
)
def test_an_exit_code_means_what_the_documents_say(line: str, code: int, jianbao: Jianbao) -> None:
    assert jianbao(line)[0] == code


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


def test_every_variable_in_the_documents_is_a_setting() -> None:
    known = {PREFIX + key.upper() for key in Settings.model_fields} | {"JIANBAO_CONFIG"}
    named = {name for page in PAGES if page.parent != DOCS / "decisions" for name in variables(read(page))}
    assert named <= known


def variables(text: str) -> list[str]:
    return [name for name in re.findall(rf"{PREFIX}[A-Z][A-Z_]+", text) if not name.startswith(f"{PREFIX}TEST_")]


# what an operator looks up

DIAGNOSE = [DOCS / "operations" / name for name in ("diagnose.md", "diagnose.zh-CN.md")]


@pytest.mark.parametrize("page", DIAGNOSE, ids=names(DIAGNOSE))
def test_every_line_of_the_doctor_is_explained(page: Path) -> None:
    source = read(ROOT / "bot" / "bootstrap" / "doctor.py")
    checks = set(re.findall(r'Finding\(\s*"(\w+)"', source))
    assert len(checks) > 8
    described = rows(re.split(r"^## ", read(page), flags=re.MULTILINE)[1])
    assert {row[0] for row in described} == checks


def test_every_reason_is_explained_in_chinese_with_its_sentence() -> None:
    text = read(DOCS / "reasons.zh-CN.md")
    table = {row[0]: row for row in rows(text)}
    assert {reason.value: reason.chinese + "。" for reason in Reason} == {r.value: table[r.value][1] for r in Reason}
    assert all(table[reason.value][3] for reason in Reason)
    assert set(table) == {reason.value for reason in Reason} | {outcome.value for outcome in OutcomeClass}


@pytest.mark.parametrize("name", ["threats.md", "threats.zh-CN.md"])
def test_a_defence_names_a_test_that_is_there(name: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", read(DOCS / "operations" / name))
    assert len(named) > 20
    assert [f"{file}::{test}" for file, test in named if f"def {test}(" not in read(ROOT / file)] == []


def test_the_proxy_on_paper_does_what_the_shipped_one_does() -> None:
    def does(text: str) -> set[str]:
        told = re.findall(r"^ *(proxy_\w+ .*;|client_max_body_size .*;|deny all;)$", text, re.MULTILINE)
        return {line for line in told if not line.startswith("proxy_pass")}

    assert does(read(ROOT / "deploy" / "nginx.conf")) <= does(read(DOCS / "operations" / "proxy.md"))


@pytest.mark.parametrize("name", ["address.md", "address.zh-CN.md"])
def test_what_a_robot_can_take_is_what_its_channel_keeps_to(name: str) -> None:
    table = {row[0]: row[1:3] for row in rows(read(DOCS / "channels" / name)) if len(row) == 4 and "://" not in row[1]}
    for module, channel in CHANNELS.items():
        rate, size = (set(map(int, re.findall(r"\d+", cell.replace(",", "")))) for cell in table[channel.CHINESE])
        limits: dict[str, int] = importlib.import_module(f"bot.channels.{module}").LIMITS
        assert rate == {value for key, value in limits.items() if key.startswith("max_sends_per_")}
        assert size
        assert size <= set(limits.values())


def test_the_drawings_of_the_clients_say_that_they_are_drawings_and_fetch_nothing() -> None:
    drawings = list((DOCS / "pictures" / "robots").glob("*.svg"))
    assert len(drawings) >= 5
    for drawing in drawings:
        text = read(drawing).removeprefix('<svg xmlns="http://www.w3.org/2000/svg"')
        assert "示意图" in text
        assert not re.search(r"\bhref|<image|<script|url\(", text)
    for page in (DOCS / "channels" / "address.md", DOCS / "channels" / "address.zh-CN.md"):
        assert {f"../pictures/robots/{d.name}" for d in drawings} == set(re.findall(r"\((\S+\.svg)\)", read(page)))
        assert all(f"]({name}.md)" in read(page) for name in CHANNELS)


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


# all pages


def slug(heading: str) -> str:
    """The anchor a heading gets when the page is shown."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        other = (page.parent / file).resolve() if file else page
        assert other.exists(), target
        if anchor:
            assert anchor in map(slug, re.findall(r"^#+ (.+)$", read(other), flags=re.MULTILINE)), target


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_file_named_in_a_document_exists(page: Path) -> None:
    named = re.findall(r"`((?:bot|docs|tests|templates|samples|config|benchmarks|\.ci)/[\w./-]+)`", read(page))
    placeholders = ("NAME", "FORMAT")
    missing = [n for n in named if not any(p in n for p in placeholders) and not (ROOT / n).exists()]
    assert not missing


def test_the_two_readmes_tell_the_same() -> None:
    english, chinese = (read(page).replace(CHINESE, ".md") for page in READMES)
    assert blocks(english, "sh") == blocks(chinese, "sh")
    assert len(re.findall(r"^#+ ", english, re.MULTILINE)) == len(re.findall(r"^#+ ", chinese, re.MULTILINE))
    links = [re.findall(r"\]\(([^)\s]+)\)", text)[1:] for text in (english, chinese)]
    assert links[0] == links[1]
    assert [row[0] for row in rows(english)] == [row[0] for row in rows(chinese)]
