"""The documents as the tests read them: pages, fenced blocks, and what a comment says of a block of commands.

Every `sh` block is run by tests/e2e/test_docs_commands.py, page by page and in order, unless a comment above it says
otherwise:

    <!-- not run: needs root -->                       one of NOT_RUN, or the test that does it
    <!-- stays up: http://127.0.0.1:8800/healthz -->   in another terminal until the page ends; says and answers so
    <!-- exit: 4 -->                                   ends with this code
    <!-- again: 30 -->                                 until it prints what follows: run again whenever another terminal
                                                       has printed something, for so many seconds

A block with a `title` is a file: it is written, or, in the language `diff`, changed. A `text` block right after an `sh`
block is what the commands print.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
CHINESE = ".zh-CN.md"
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")

NOT_RUN = {
    "needs root": "what it changes is the machine's: users, services, packages",
    "needs a container engine": "there is none where tests run",
    "calls real platforms": "no test reaches a vendor",
    "has an address of yours in it": "the host or path is an example",
    "builds an environment": ".ci/run and the tests of the tools do it",
}

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[a-z]*)(?P<info>[^\n`]*)\n(?P<code>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_MARK = re.compile(r"<!-- (not run|stays up|exit|again): (.+?) -->\s*\Z")


@dataclass(frozen=True, slots=True)
class Fence:
    """One fenced block. `mark` and `argument` come from the comment above it, `shows` is the `text` block after it."""

    page: Path
    line: int
    language: str
    title: str
    code: str
    mark: str = ""
    argument: str = ""
    shows: str = ""

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def fences(page: Path) -> list[Fence]:
    """The fenced blocks of a page in order; the indent of a list item is taken off."""
    text = read(page)
    matches = list(_FENCE.finditer(text))
    found = []
    for i, match in enumerate(matches):
        before = text[matches[i - 1].end() if i else 0 : match.start()]
        mark = _MARK.search(before)
        after = matches[i + 1] if i + 1 < len(matches) else None
        shown = (
            _code(after)
            if after is not None
            and after["language"] == "text"
            and not re.search(r"^#|<!--", text[match.end() : after.start()], re.MULTILINE)
            else ""
        )
        title = re.search(r'title="([^"]+)"', match["info"])
        found.append(
            Fence(
                page=page,
                line=text.count("\n", 0, match.start()) + 1,
                language=match["language"],
                title=title[1] if title else "",
                code=_code(match),
                mark=mark[1] if mark else "",
                argument=mark[2] if mark else "",
                shows=shown if match["language"] == "sh" else "",
            )
        )
    return found


def _code(match: re.Match[str]) -> str:
    return re.sub(rf"^{match['indent']}", "", match["code"], flags=re.MULTILINE)


def blocks(text: str, language: str) -> list[str]:
    """The code of one language in a piece of text."""
    return [_code(match) for match in _FENCE.finditer(text) if match["language"] == language]


def twin(page: Path) -> Path:
    """The same page in the other language; it need not exist."""
    name = page.name
    other = name.removesuffix(CHINESE) + ".md" if name.endswith(CHINESE) else name.removesuffix(".md") + CHINESE
    return page.with_name(other)


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
