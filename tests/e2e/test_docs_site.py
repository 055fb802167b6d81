"""The documentation as a site: it builds without a warning, holds together, and needs nothing from elsewhere."""

from __future__ import annotations

import copy
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Browser, expect

from tests.documents import DOCS, ROOT, fences

from .browser import chromium, needs_chromium

pytestmark = pytest.mark.slow

OUTSIDE = re.compile(r"[a-z]+:|//")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, BeautifulSoup]:
    found = {file: BeautifulSoup(file.read_text(encoding="utf-8"), "lxml") for file in site.rglob("*.html")}
    assert len(found) > len(list(DOCS.rglob("*.md")))
    return found


def values(page: BeautifulSoup, **attributes: list[str]) -> Iterator[str]:
    for attribute, names in attributes.items():
        for tag in page.find_all(names):
            assert isinstance(tag, Tag)
            if tag.has_attr(attribute):
                yield str(tag[attribute])


def test_every_link_in_the_site_leads_to_a_page_and_a_place_on_it(pages: dict[Path, BeautifulSoup]) -> None:
    places = {file: {str(tag["id"]) for tag in page.find_all(id=True)} for file, page in pages.items()}
    broken = []
    for file, page in pages.items():
        if file.name == "404.html":  # its links begin at the root of a server
            continue
        for link in values(page, href=["a", "link"], src=["img", "script"]):
            if OUTSIDE.match(link):
                continue
            parts = urlsplit(link)
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            anchor = unquote(parts.fragment)
            whole = target.exists() and (not anchor or anchor == "__top" or anchor in places.get(target, {anchor}))
            if not whole:
                broken.append(f"{file.name}: {link}")
    assert broken == []


def test_no_page_fetches_anything_from_elsewhere(site: Path, pages: dict[Path, BeautifulSoup]) -> None:
    fetched = [
        f"{file.name}: {link}"
        for file, page in pages.items()
        for link in values(page, href=["link"], src=["img", "script", "iframe", "source"])
        if OUTSIDE.match(link) and not link.startswith("data:")
    ]
    assert fetched == []
    styles = [file for file in site.rglob("*.css") if re.search(r"url\(['\"]?https?:|@import", file.read_text("utf-8"))]
    assert styles == []


def test_no_markup_is_left_as_text(pages: dict[Path, BeautifulSoup]) -> None:
    """A list or a table that the site's reader takes for a paragraph, though a code forge shows it well."""
    left = []
    for file, page in pages.items():
        for shown in page.select("article p, article li"):
            paragraph = copy.copy(shown)
            for code in paragraph.find_all(["code", "pre", "ul", "ol"]):
                code.decompose()
            text = paragraph.get_text()
            if re.search(r"^(?:- |\d+\. |\| |```|!\[)|\]\(|\n(?:- |\d+\. )", text):
                left.append(f"{file.name}: {text[:80]}")
    assert left == []


def test_no_line_end_of_the_source_parts_chinese_words(pages: dict[Path, BeautifulSoup]) -> None:
    """A browser shows it as a blank in the middle of a sentence."""
    parted = []
    for file, page in pages.items():
        for shown in page.select("article p, article li") if file.name.endswith(".zh-CN.html") else ():
            paragraph = copy.copy(shown)
            for code in paragraph.find_all("code"):
                code.replace_with("code")
            found = re.findall(r".{0,8}[\u4e00-\u9fff，。、；：]\n[\u4e00-\u9fff].{0,8}", paragraph.get_text())
            parted += [f"{file.name}: {text!r}" for text in found]
    assert parted == []


def test_numbered_steps_keep_counting_across_what_stands_between_them(pages: dict[Path, BeautifulSoup]) -> None:
    """A block that is not indented far enough ends the list, and the next step would be the first again."""
    cut = []
    for file, page in pages.items():
        for listed in page.select("article ol"):
            following = listed.find_next_sibling()
            after = following.find_next_sibling() if following else None
            if after is not None and after.name == "ol" and following is not None and following.name in ("p", "div"):
                cut.append(f"{file.name}: {listed.get_text()[:60]}")
    assert cut == []


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: str(page.relative_to(DOCS)))
def test_code_is_shown_as_it_is_written(page: Path, site: Path, pages: dict[Path, BeautifulSoup]) -> None:
    name = "index.html" if page.name == "README.md" else page.with_suffix(".html").name
    shown = pages[site / page.relative_to(DOCS).with_name(name)]
    assert [block.get_text() for block in shown.select("article pre > code")] == [f.code for f in fences(page)]


def test_each_page_names_its_language_and_speaks_it(pages: dict[Path, BeautifulSoup]) -> None:
    for file, page in pages.items():
        if file.name == "404.html":
            continue
        language, search = ("zh-CN", "搜索") if file.name.endswith(".zh-CN.html") else ("en", "Search")
        field = page.select_one("input[name=query]")
        assert page.html is not None
        assert field is not None
        assert (page.html["lang"], field["placeholder"]) == (language, search), file.name


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


class TestInABrowser:
    pytestmark = needs_chromium

    @pytest.mark.parametrize(
        ("words", "title"),
        [("存疑", "出了问题怎么办"), ("备份 恢复", "备份、恢复、搬迁"), ("rate_limited", "Reasons")],
    )
    def test_the_search_finds_chinese_and_english_from_a_folder(
        self, browser: Browser, site: Path, words: str, title: str
    ) -> None:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((site / "index.zh-CN.html").as_uri())
        page.locator("input[name=query]").fill(words)
        page.locator("input[name=query]").press("End")
        expect(page.locator(".md-search-result__item h1", has_text=title).first).to_be_visible()
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []
        page.close()

    def test_no_page_is_wider_than_a_phone(self, browser: Browser, site: Path) -> None:
        page = browser.new_page(viewport={"width": 390, "height": 900})
        wide = []
        for file in sorted(site.rglob("*.html")):
            page.goto(file.as_uri(), wait_until="domcontentloaded")
            if page.evaluate("document.documentElement.scrollWidth - innerWidth"):
                wide.append(str(file.relative_to(site)))
        assert wide == []
        page.close()
