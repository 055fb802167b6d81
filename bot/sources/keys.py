"""The keys of `config/publications.toml`: how a value is read, and what is said when it is wrong.

A table of the file is described by a tuple of `Key`. `read_table` reads a table by it and collects every problem.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import soupsieve

from bot.domain.errors import Problem

Reader = Callable[[object], Any]
"""The value as Python wants it, or `Wrong`."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?", re.IGNORECASE)


class Wrong(ValueError):  # noqa: N818 - said of a value
    """The value is not allowed; the message is Chinese and says what is."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table. `default` is what a missing key means, as Python has it; it is not read again."""

    name: str
    read: Reader
    default: Any = None
    required: bool = False


class Place:
    """Where a table stands in the file (`publication[0].source[1]`), and the lines its keys are written on."""

    def __init__(self, path: str, lines: Mapping[str, int]) -> None:
        self._path = path
        self._lines = lines

    def problem(self, key: str, message: str) -> Problem:
        """`key` "" is the table itself; a key that is not written has its table's line."""
        full = ".".join(part for part in (self._path, key) if part)
        return Problem(self._lines.get(full, self._lines.get(self._path)), full, message)


def read_table(
    table: Mapping[str, object], keys: Iterable[Key], place: Place, problems: list[Problem]
) -> dict[str, Any]:
    """Every key's value or default. What is wrong is added to `problems`, and has its default in the result."""
    known = {key.name: key for key in keys}
    problems += [
        place.problem(name, f"没有这个键。{near(name, known)}允许的键：{'、'.join(known)}。")
        for name in table
        if name not in known
    ]
    values: dict[str, Any] = {}
    for key in known.values():
        values[key.name] = key.default
        if key.name in table:
            try:
                values[key.name] = key.read(table[key.name])
            except Wrong as wrong:
                problems.append(place.problem(key.name, str(wrong)))
        elif key.required:
            problems.append(place.problem(key.name, "必须写明。"))
    return values


def near(word: str, words: Iterable[str]) -> str:
    """`您是不是想写 x？` for the nearest of `words`, or ""."""
    match = difflib.get_close_matches(word.lower(), list(words), n=1)
    return f"您是不是想写 {match[0]}？" if match else ""


def text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 500 or _CONTROL.search(value):
        raise Wrong("须是一行文字，写在引号里，不能为空，最多 500 字。")
    return value.strip()


def identifier(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", value):
        raise Wrong("须是 1 到 40 个小写字母、数字、- 或 _，以字母或数字开头，例如 laojiu。")
    return value


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Wrong("只能是 true 或 false，不加引号。")
    return value


def whole(least: int, most: int) -> Reader:
    """An integer, both bounds allowed."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise Wrong(f"须是 {least} 到 {most} 的整数，不加引号。")
        return value

    return read


def number(least: float, most: float) -> Reader:
    """An integer or a decimal, both bounds allowed."""

    def read(value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
            raise Wrong(f"须是 {least:g} 到 {most:g} 的数，不加引号。")
        return float(value)

    return read


def one_of(words: type[StrEnum]) -> Reader:
    allowed = [word.value for word in words]

    def read(value: object) -> StrEnum:
        if value not in allowed:
            hint = near(value, allowed) if isinstance(value, str) else ""
            raise Wrong(f"只能是 {'、'.join(allowed)}。{hint}")
        return words(value)

    return read


def several(one: Reader, *, least: int = 0) -> Reader:
    """A list without repetition, each item read by `one`; a tuple in Python."""

    def read(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) < least:
            raise Wrong(f'须是方括号里的列表{"，至少一项" if least else ""}，例如 ["…", "…"]。')
        items = tuple(one(item) for item in value)
        if len(set(items)) < len(items):
            raise Wrong("列表里有重复的项。")
        return items

    return read


def clock_time(value: object) -> dt.time:
    if isinstance(value, dt.time) and not (value.second or value.microsecond):
        return value
    if isinstance(value, str) and _TIME.fullmatch(value):
        return dt.time.fromisoformat(value)
    raise Wrong('须是 HH:MM 形式的时刻，例如 "09:00"。')


def day(value: object) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return dt.date.fromisoformat(value)
    except ValueError as error:
        raise Wrong("没有这一天，请核对年月日。") from error
    raise Wrong("须是 YYYY-MM-DD 形式的日期，例如 2026-01-01。")


def hours(least: float, most: float) -> Reader:
    read_number = number(least, most)
    return lambda value: dt.timedelta(hours=read_number(value))


def folder(value: object) -> Path:
    path = Path(text(value))
    if path.exists() and not path.is_dir():
        raise Wrong("须是文件夹，这里却是一个文件。")
    return path


def selector(value: object) -> str:
    css = text(value)
    try:
        soupsieve.compile(css)
    except soupsieve.SelectorSyntaxError as error:
        raise Wrong(f"不是有效的 CSS 选择器：{str(error).splitlines()[0]}") from error
    return css


def web_address(value: object) -> str:
    url = text(value)
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.username
    except ValueError:
        sound = None
    if not sound or re.search(r"\s", url):
        raise Wrong("须是 http:// 或 https:// 开头的完整网址，不含空格和用户名。")
    return url


def host(value: object) -> str:
    name = text(value)
    if not _HOST.fullmatch(name):
        raise Wrong("只写主机名或 主机名:端口，不带 http:// 和路径，例如 files.example.gov.cn。")
    return name.lower()
