"""The pages hold together: two languages, links, and what an operator looks up in them."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from bot.channels import CHANNELS
from bot.domain.delivery import OutcomeClass, Reason
from bot.web import covers, reader
from bot.web.api.app import ROUTERS as API_ROUTERS
from bot.web.app import ROUTERS
from tests.documents import CHINESE, DOCS, PAGES, READMES, ROOT, blocks, fences, names, read, rows, sections, twin

# pages in two languages, and what the commands' test reads from them

LOOKED_UP = (
    "index",
    "tutorial",
    "settings",
    "commands",
    "directory",
    "publications",
    "reasons",
    "guarantee",
    "api",
    "reading",
)
OPERATORS = sorted(
    page
    for page in [
        *(DOCS / "operations").glob("*.md"),
        *(DOCS / "channels").glob("*.md"),
        *(DOCS / f"{name}.md" for name in LOOKED_UP),
        DOCS / "architecture.md",
    ]
    if not page.name.endswith(CHINESE)
)
OVERVIEWS = [DOCS / "operations" / name for name in ("README.md", "README.zh-CN.md")]
PAIRS = [page for page in PAGES if not page.name.endswith(CHINESE) and twin(page).exists()]
WITH_ROWS = [page for page in PAIRS if page.name != "reasons.md"]


@pytest.mark.parametrize("page", OPERATORS, ids=names(OPERATORS))
def test_a_page_for_operators_stands_in_both_languages(page: Path) -> None:
    assert twin(page).exists()


@pytest.mark.parametrize("overview", OVERVIEWS, ids=names(OVERVIEWS))
def test_every_page_for_operators_stands_in_the_overview(overview: Path) -> None:
    pages = [page for page in OPERATORS if page.parent == overview.parent and page.name != "README.md"]
    wanted = [twin(page) if overview.name.endswith(CHINESE) else page for page in pages]
    assert [page.name for page in wanted if f"]({page.name})" not in read(overview)] == []


@pytest.mark.parametrize("page", PAIRS, ids=names(PAIRS))
def test_both_languages_give_the_same_commands_files_and_sections(page: Path) -> None:
    """Comments in a file are each in their language."""

    def told(page: Path) -> tuple[object, ...]:
        text = read(page)
        code = [
            (f.language, f.title, f.mark, f.argument, re.sub(r"^ *#.*\n", "", f.code, flags=re.MULTILINE))
            for f in fences(page)
            if f.language not in ("text", "")
        ]
        links = {link.replace(CHINESE, ".md").split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)}
        return code, len(sections(text)), links - {"", page.name, twin(page).name}

    for english, chinese in zip(told(page), told(twin(page)), strict=True):
        assert english == chinese


@pytest.mark.parametrize("page", WITH_ROWS, ids=names(WITH_ROWS))
def test_both_languages_have_a_row_for_the_same_words(page: Path) -> None:
    """What stands in backquotes at the beginning of a row; for reasons, one language has headings in place of rows."""

    def told(text: str) -> list[list[str]]:
        return [re.findall(r"`[^`]+`", first) for first in re.findall(r"^\| (.*?) (?<!\\)\|", text, re.MULTILINE)]

    assert told(read(page)) == told(read(twin(page)))


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


def test_a_page_stands_in_the_sites_navigation_once() -> None:
    listed = re.findall(r"^ +- (?:.*: )?(\S+\.md)$", read(ROOT / "mkdocs.yml"), re.MULTILINE)
    assert len(listed) > 60
    assert len(set(listed)) == len(listed)


def test_a_mark_above_a_block_is_one_the_test_of_commands_knows() -> None:
    wrong = [
        f"{page.relative_to(ROOT)}: {mark}"
        for page in PAGES
        for mark in re.findall(r"<!-- (.+?) -->\n *```", read(page))
        if not re.match(r"(not run|stays up|exit|again): ", mark)
    ]
    assert wrong == []


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


def test_a_unit_or_file_that_root_is_to_use_is_shipped_or_stands_on_the_page() -> None:
    """The blocks that no test runs, for what they change is the machine's."""
    seen = 0
    for page in PAGES:
        written = "\n".join(f.code for f in fences(page) if f.language == "ini")
        for code in (f.code for f in fences(page) if f.language == "sh"):
            for line in re.findall(r"^systemctl (.+)$", code, re.MULTILINE):
                for unit in re.findall(r"jianbao[\w-]*@?", line):
                    shipped = (ROOT / "deploy" / "systemd" / f"{unit}.service").exists()
                    assert shipped or f"/{unit}." in written or unit == "jianbao-", f"{page.name}: {line}"
                    seen += 1
            for file in re.findall(r"\bdeploy/\S+[^/\s]", code):
                assert list(ROOT.glob(file)), f"{page.name}: {file}"
    assert seen > 10


@pytest.mark.parametrize(("name", "title"), [("api.md", "Calls"), ("api.zh-CN.md", "各个调用")])
def test_every_call_of_the_api_has_its_row(name: str, title: str) -> None:
    told = set()
    for row in rows(sections(read(DOCS / name))[title]):
        method = path = ""
        for call in re.split(r", |、", row[0]):
            # `POST /issues/{id}/approve`, `/hold`: the same again but for the end.
            method, path = call.split() if " " in call else (method, path.rpartition("/")[0] + call)
            told.add((method, path))
    routes = [route for router in API_ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert told == {(m, re.sub(r"\{\w+\}", "{id}", route.path)) for route in routes for m in route.methods or ()}


@pytest.mark.parametrize("section", ["警告代码", "拒收代码"])
def test_both_languages_list_the_same_doubts_and_refusals(section: str) -> None:
    english, chinese = (sections(read(DOCS / name))[section] for name in ("reading.md", "reading.zh-CN.md"))
    assert english == chinese


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


@pytest.mark.parametrize("name", ["proxy.md", "proxy.zh-CN.md"])
def test_the_proxy_on_paper_lets_recipients_and_platforms_through_and_nobody_else(name: str) -> None:
    match = re.search(r"location ~ (\S+) \{", read(DOCS / "operations" / name))
    assert match
    for router in ROUTERS:
        paths = {route.path for route in router.routes if isinstance(route, APIRoute)}
        let_through = {path for path in paths if re.match(match[1], path)}
        assert let_through == (paths if router in (reader.router, covers.router) else set())


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
        suffix = CHINESE if page.name.endswith(CHINESE) else ".md"
        assert all(f"]({name}{suffix})" in read(page) for name in CHANNELS)


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
