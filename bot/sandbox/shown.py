"""What the preview takes from a payload that may be anything: texts, lists and objects, or nothing of the kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.exchange import mapping


@dataclass(frozen=True, slots=True)
class View:
    """What a client shows of one message: a template's block by name, the values it prints, and one line for lists."""

    name: str
    excerpt: str
    values: Mapping[str, Any] = field(default_factory=dict)


def text(container: object, *path: str) -> str:
    """The text at `path` inside nested objects, empty when there is none."""
    value: object = container
    for name in path:
        value = mapping(value).get(name)
    return value if isinstance(value, str) else ""


def inner(container: object, *path: str) -> Mapping[str, Any]:
    """The object at `path`, an empty one when there is none."""
    value: object = container
    for name in path:
        value = mapping(value).get(name)
    return mapping(value)


def rows(container: object, *path: str) -> list[Mapping[str, Any]]:
    """The objects in the list at `path`, none when there is no list."""
    value: object = inner(container, *path[:-1]).get(path[-1])
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def texts(container: object, *path: str) -> list[str]:
    """The texts in the list at `path`, none when there is no list."""
    value: object = inner(container, *path[:-1]).get(path[-1])
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def cut(shown: str, most: int) -> str:
    """At most `most` characters, as a client with that much room cuts."""
    return shown if len(shown) <= most else shown[:most] + "…"


def first_line(*candidates: str) -> str:
    """The first line with something in it, for a list of chats."""
    for candidate in candidates:
        for line in candidate.splitlines():
            if plain := line.strip():
                return cut(plain, 60)
    return ""
