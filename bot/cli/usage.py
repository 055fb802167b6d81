"""What the command line library says of a wrong call, and writes around a help text, in Chinese.

The library keeps its words in English and marks only some of them for translation, by the machine's locale; office
staff read Chinese whatever the locale. A sentence that stands in no row here is passed on as it is.
"""

from __future__ import annotations

import re
from typing import Any

import typer
from rich.text import Text
from typer import rich_utils
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

HELP = ["-h", "--help"]

HINT = "（用法见 jianbao --help）"

_CALLS = (
    (r"Missing (?:argument|option|parameter) '?([^'.]+)'?\..*", "缺少 {0}"),
    (r"Missing command\.", "缺少子命令"),
    (r"No such command '(.+)'\.", "没有命令 {0}"),
    (r"No such option: (\S+)", "没有选项 {0}"),
    (r"No such option: (\S+) \(Possible options: (.+)\)", "没有选项 {0}，相近的有 {1}"),
    (r"Got unexpected extra argument\(s\) \((.+)\)", "多出了 {0}"),
    (r"Option '(.+)' requires an argument\.?", "选项 {0} 后面要有值"),
    (r"Option '(.+)' does not take a value\.?", "选项 {0} 后面不能有值"),
    (r"Invalid value for '(.+?)': (.+)", "{0} 的值不对：{1}"),
)
_VALUES = (
    (r"Input should be a valid integer\b.*", "应为整数"),
    (r"Input should be a (?:valid|finite) number\b.*", "应为数字"),
    (r"Input should be greater than or equal to (\S+)", "不能小于 {0}"),
    (r"Input should be less than or equal to (\S+)", "不能大于 {0}"),
    (r"Input should be (.+)", "应为 {0}"),
)


def in_chinese(error: TyperException) -> str:
    """One sentence, and where help is."""
    # A group without its command has printed its help, and says nothing more.
    return f"{_sentence(error.format_message().strip() or 'Missing command.')}{HINT}"


def _sentence(said: str) -> str:
    for pattern, chinese in _CALLS:
        if found := re.fullmatch(pattern, said, re.DOTALL):
            return chinese.format(*map(_value, found.groups()))
    return said


def _value(said: str) -> str:
    for pattern, chinese in _VALUES:
        if found := re.fullmatch(pattern, said, re.DOTALL):
            return chinese.format(*found.groups()).replace("' or '", "'、'").replace("', '", "'、'")
    return said


def with_chinese_help(app: typer.Typer) -> TyperCommand | TyperGroup:
    """The commands of `app`, with help texts whose frames are Chinese too, and of which nothing is cut off."""
    rich_utils._make_rich_text = _folded
    rich_utils.ARGUMENTS_PANEL_TITLE = "参数"
    rich_utils.OPTIONS_PANEL_TITLE = "选项"
    rich_utils.COMMANDS_PANEL_TITLE = "命令"
    rich_utils.REQUIRED_LONG_STRING = "[必填]"
    # With a space, at which a narrow column may break them.
    rich_utils.DEFAULT_STRING = "[默认 {}]"
    rich_utils.ENVVAR_STRING = "[环境变量 {}]"
    command = get_command(app)
    assert isinstance(command, TyperCommand | TyperGroup)
    _explain_help(command)
    return command


_made = rich_utils._make_rich_text


def _folded(**what: Any) -> Any:
    """Without spaces to break at, Chinese is one long word to rich, and would end in an ellipsis."""
    text = _made(**what)
    if isinstance(text, Text):
        text.overflow = "fold"
    return text


def _explain_help(command: TyperCommand | TyperGroup) -> None:
    option = command.get_help_option(typer.Context(command, help_option_names=HELP))
    assert option is not None
    option.help = "显示这段说明。"
    for inner in getattr(command, "commands", {}).values():
        _explain_help(inner)
