"""`config/publications.toml`: the publications of an installation, their sources and rules. Docs: docs/publications.md.

The file is read whole or refused whole: one wrong key must not make an issue go out by a rule nobody chose.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.domain.errors import ConfigError, Problem, os_reason
from bot.domain.issue import ListKind
from bot.domain.publication import DEFAULT, OTHER, Approval, DayRule, Publication, SourceSpec
from bot.domain.resolver import normal

from .keys import Key, Place, clock_time, folder, hours, identifier, near, one_of, read_table, several, text, whole
from .kinds import KINDS, kind

DEFAULT_FILE = Path("config/publications.toml")
"""Relative to the working directory."""

PUBLICATION: tuple[Key, ...] = (
    Key("id", identifier, required=True),
    Key("name", text, required=True),
    Key("mastheads", several(text, least=1), ()),
    Key("release_time", clock_time),
    Key("day_rule", one_of(DayRule), DayRule.AS_DATED),
    Key("approval", one_of(Approval), Approval.AUTOMATIC),
    Key("deliver", several(one_of(ListKind), least=1), (ListKind.SEND, ListKind.COPY)),
    Key("late_grace_hours", hours(0, 24 * 366)),
    Key("remind_after_workdays", whole(1, 60)),
    Key("remind_at_most", whole(1, 20), 2),
    Key("alert", several(text), ()),
    Key("templates_dir", folder),
)
"""Keys of `[[publication]]`; its sources are tables below it."""

SOURCE: tuple[Key, ...] = (
    Key("id", identifier, required=True),
    Key("kind", kind, required=True),
    Key("every_seconds", whole(30, 7 * 86_400), 600),
    Key("alert_after_failures", whole(1, 1000), 3),
)
"""Keys of every `[[publication.source]]`; the rest are those of its kind."""

_HEADER = re.compile(r"\s*\[\[?\s*([\w.\s-]+?)\s*\]\]?\s*(?:#.*)?")
_WRITTEN_KEY = re.compile(r"\s*\"?([\w-]+)\"?\s*=")


def load_publications(path: Path) -> tuple[Publication, ...]:
    """The publications of the file, and last one that takes every masthead no other claims.

    A missing file, or one with everything commented out, means `DEFAULT` alone. Raises ConfigError naming every
    problem with its line and key.
    """
    try:
        written = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return (DEFAULT,)
    except OSError as error:
        raise ConfigError(f"刊物设置打不开：{path}：{os_reason(error)}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: 不是 UTF-8 编码，请另存为 UTF-8。") from error
    try:
        document = tomllib.loads(written)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: 不是有效的 TOML：{error}") from error
    problems: list[Problem] = []
    publications = _publications(document, _lines(written), problems)
    if problems:
        raise ConfigError("\n".join(f"{path}: {_place(problem)}{problem.message}" for problem in problems))
    if not publications:
        return (DEFAULT,)
    return publications if any(not p.mastheads for p in publications) else (*publications, OTHER)


def _place(problem: Problem) -> str:
    return f"第 {problem.line} 行 {problem.key}：" if problem.line else f"{problem.key}："


def _lines(written: str) -> dict[str, int]:
    """The line of every table and key, which tomllib does not tell. Text that looks like a key inside a multi-line
    string would mislead it, to a wrong line in a message at worst."""
    lines: dict[str, int] = {}
    publication = source = -1
    place = ""
    for count, line in enumerate(written.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            place = header[1]
            lines.setdefault(place, count)
            if place == "publication":
                publication, source = publication + 1, -1
                place = f"publication[{publication}]"
            elif place == "publication.source":
                source += 1
                place = f"publication[{publication}].source[{source}]"
            lines.setdefault(place, count)
        elif key := _WRITTEN_KEY.match(line):
            lines.setdefault(f"{place}.{key[1]}" if place else key[1], count)
    return lines


def _publications(document: dict[str, Any], lines: dict[str, int], problems: list[Problem]) -> tuple[Publication, ...]:
    top = Place("", lines)
    problems += [
        top.problem(name, f"没有这个键。{near(name, ['publication'])}文件由若干 [[publication]] 组成。")
        for name in document
        if name != "publication"
    ]
    publications: list[Publication] = []
    once = _Once(problems)
    for index, table in _tables(document, "publication", top, problems):
        path = f"publication[{index}]"
        place = Place(path, lines)
        values = read_table({k: v for k, v in table.items() if k != "source"}, PUBLICATION, place, problems)
        sources = tuple(
            _source(item, Place(f"{path}.source[{number}]", lines), once, problems)
            for number, item in _tables(table, "source", place, problems)
        )
        once.claim("刊物编号", values["id"], place.problem("id", ""))
        for masthead in values["mastheads"] or (() if "mastheads" in table else ("",)):
            once.claim("报头", normal(masthead), place.problem("mastheads", ""))
        if values["id"] == DEFAULT.id and values["mastheads"]:
            problems.append(place.problem("id", "default 留给没有写 mastheads 的刊物，请换一个编号。"))
        values["late_grace"] = values.pop("late_grace_hours")
        publications.append(Publication(**values, sources=sources))
    return tuple(publications)


def _source(table: dict[str, Any], place: Place, once: _Once, problems: list[Problem]) -> SourceSpec:
    named = table.get("kind")
    own = KINDS.get(named, ()) if isinstance(named, str) else ()
    # Of an unknown kind nothing more can be said: only its general keys are looked at.
    general = {key.name for key in SOURCE}
    seen = table if own else {name: value for name, value in table.items() if name in general}
    values = read_table(seen, (*SOURCE, *own), place, problems)
    once.claim("来源编号", values["id"], place.problem("id", ""))
    if folder_path := values.get("path"):
        once.claim("文件夹", str(folder_path.resolve()), place.problem("path", ""))
    return SourceSpec(
        id=values["id"],
        kind=values["kind"],
        options={key.name: values[key.name] for key in own},
        every_s=values["every_seconds"],
        alert_after_failures=values["alert_after_failures"],
    )


class _Once:
    """What may stand only once in the file, and where it stood first."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems
        self._first: dict[tuple[str, str], Problem] = {}

    def claim(self, what: str, word: str | None, at: Problem) -> None:
        """`word` None could not be read, which has been told."""
        if word is None:
            return
        first = self._first.setdefault((what, word), at)
        if first is not at:
            where = f"第 {first.line} 行" if first.line else first.key
            subject = f"{what} {word} 写了两次" if word else "没有写 mastheads 的刊物只能有一个"
            self._problems.append(Problem(at.line, at.key, f"{subject}，第一次在{where}。"))


def _tables(
    table: dict[str, Any], key: str, place: Place, problems: list[Problem]
) -> Iterator[tuple[int, dict[str, Any]]]:
    found = table.get(key, [])
    if isinstance(found, list) and all(isinstance(item, dict) for item in found):
        yield from enumerate(found)
    else:
        path = "publication.source" if key == "source" else key
        problems.append(place.problem(key, f"须写成 [[{path}]]，两对方括号。"))
