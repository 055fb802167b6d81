"""What the command line says of itself and of a wrong call: whole, and in Chinese."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from bot.cli.app import app, run


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that lead to it."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


COMMANDS = list(commands(get_command(app)))


def plain(text: str) -> str:
    """Without frames, spaces and line ends."""
    return re.sub(r"[\s│─╭╮╰╯]", "", text)


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(path) or "jianbao" for path, _ in COMMANDS])
def test_a_help_text_is_whole_and_chinese_however_narrow_the_window(
    path: tuple[str, ...], command: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "64")
    assert run([*path, "--help"]) == 0
    shown = capsys.readouterr().out
    assert not re.findall(r"Options|Commands|Arguments|required|default:|Show this", shown)
    inner = getattr(command, "commands", {}).values()
    texts = [one.help or "" for one in (command, *command.params, *inner)]
    # A column beside it may stand between the lines of a text: its beginning is on one line, its end on one of its own.
    for text in map(plain, texts):
        assert text[:4] in plain(shown)
        assert text[-2:] in plain(shown)
    assert shown.count("…") == sum(text.count("…") for text in texts), "a text is cut off"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("parse", "缺少 FILE|FOLDER"),
        ("nosuch", "没有命令 nosuch"),
        ("parse a b c", "多出了 b c"),
        ("publish x --nope", "没有选项 --nope，相近的有 --now"),
        ("publish x --qqqqqq", "没有选项 --qqqqqq"),
        ("receipts x5", "[ISSUE] 的值不对：应为整数"),
        ("sandbox --port abc", "--port 的值不对：应为整数"),
        ("sandbox --port 99999", "--port 的值不对：不能大于 65535"),
        ("sandbox --port -1", "--port 的值不对：不能小于 0"),
        ("sandbox --port", "选项 --port 后面要有值"),
        ("publish x --wait soon", "--wait 的值不对：应为数字"),
        ("publish x --now=3", "选项 --now 后面不能有值"),
        ("directory", "缺少子命令"),
        ("directory nosuch", "没有命令 nosuch"),
    ],
)
def test_a_wrong_call_is_told_in_chinese(line: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(line.split()) == 2
    assert capsys.readouterr().err == f"{said}（用法见 jianbao --help）\n"


def test_with_json_it_is_the_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["parse", "--json"]) == 2
    assert json.loads(capsys.readouterr().out) == {
        "error": {"code": "usage", "message": "缺少 FILE|FOLDER（用法见 jianbao --help）"}
    }
