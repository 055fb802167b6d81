"""The words of the history: one for each act, and Chinese for every one that the program writes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.acts import ACTS, chinese

BOT = Path(__file__).parents[3] / "bot"
AMENDED = 5
"""The place of the act among the arguments of `_amend`."""


def texts(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


def written(path: Path) -> Iterator[str]:
    """The acts that a module puts on record, as far as they stand there in full."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name("Entry") | ast.Attribute(attr="note"), args=[ast.Constant(str(act)), *_]):
                yield act
            case ast.Call(func=ast.Attribute(attr="_amend"), args=args):
                yield from (f"issue.{act}" for act in texts(args[AMENDED]))
            case ast.Assign(targets=[ast.Name("action")], value=value):
                yield from texts(value)


def test_every_act_that_is_written_has_its_chinese_word() -> None:
    rooms = [BOT / room for room in ("store", "web", "cli", "bootstrap")]
    found = {act for room in rooms for path in room.rglob("*.py") for act in written(path)}
    found |= {act for name in ("decide", "intake", "release") for act in written(BOT / "flows" / f"{name}.py")}
    assert {"issue.held", "issue.approved", "issue.reminded", "target.tested", "worker.recovered"} <= found
    assert found <= set(ACTS)


@pytest.mark.parametrize(
    ("earlier", "words"),
    [
        ("issue.hold", "暂停"),
        ("issue.reschedule", "改期"),
        ("issue.cancel", "取消"),
        ("issue.reassess", "重新核对"),
        ("issue.approve", "批准计入"),
    ],
)
def test_a_row_of_an_earlier_version_reads_like_one_of_today(earlier: str, words: str) -> None:
    assert chinese(earlier) == words


def test_an_act_of_a_later_version_is_shown_as_it_is() -> None:
    assert chinese("issue.engraved") == "issue.engraved"
