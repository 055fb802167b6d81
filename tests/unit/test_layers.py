"""The house rules of docs/architecture.md, as code: who may import whom."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

BOT = Path(__file__).parents[2] / "bot"

MAY_IMPORT: dict[str, set[str]] = {
    "domain": set(),
    "settings": set(),
    "sandbox": set(),
    "bulletins": {"domain"},
    "cards": {"domain"},
    "channels": {"domain"},
    "directory": {"domain"},
    "sources": {"domain"},
    "transport": {"domain"},
    "store": {"domain"},
    "flows": {"domain", "bulletins", "cards", "channels", "directory"},
    "scheduler": {"flows", "domain"},
    "engines": {"flows", "domain"},
    "web": {"flows", "domain"},
    "bootstrap": {
        *("domain", "settings", "sandbox", "bulletins", "cards", "channels", "directory", "sources"),
        *("transport", "store"),
        *("flows", "scheduler", "engines", "web"),
    },
    "cli": {"bootstrap", "settings", "flows", "domain"},
    "__main__": {"bootstrap", "settings", "flows", "domain", "cli"},
}


def rooms() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in BOT.rglob("*.py"):
        name = path.relative_to(BOT).parts[0].removesuffix(".py")
        if name != "__init__":
            found.setdefault(name, []).append(path)
    return found


def imports(path: Path) -> set[str]:
    """Full dotted names of every module that `path` imports, at whatever depth in the file."""
    package = ["bot", *path.relative_to(BOT).parts[:-1]]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = [*base, *(node.module.split(".") if node.module else [])]
            names.update(".".join([*stem, alias.name]) for alias in node.names)
    return names


def test_every_room_stands_in_the_table() -> None:
    assert set(rooms()) <= set(MAY_IMPORT), "a room is missing from the table"


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_what_the_table_allows(room: str) -> None:
    breaches = [
        f"{path.relative_to(BOT)} imports {name}"
        for path in rooms().get(room, [])
        for name in imports(path)
        if name.startswith("bot.") and name.split(".")[1] not in MAY_IMPORT[room] | {room, "__version__"}
    ]
    assert not breaches


def test_the_domain_is_the_standard_library_alone() -> None:
    foreign = [
        f"{path.name} imports {name}"
        for path in rooms()["domain"]
        for name in imports(path)
        if not name.startswith("bot.domain") and name.split(".")[0] not in sys.stdlib_module_names
    ]
    assert not foreign


def test_the_table_notices_a_breach() -> None:
    """Guards the guard: relative and absolute forms are both seen."""
    seen = {name for path in rooms()["flows"] for name in imports(path)}
    assert any(name.startswith("bot.domain") for name in seen)
