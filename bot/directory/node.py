"""What both readers give the checker: a tree of values that know their place in the file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotText:
    """A value that is no text where the file's own rules made it something else; `what` is its Chinese word."""

    what: str


Value = None | bool | str | NotText | list["Node"] | dict[str, "Node"]


@dataclass(frozen=True, slots=True)
class Node:
    """A value, and the line (or row) it stands on, from 1; in a mapping the line of its key.

    `place` names a spreadsheet's cell; "" where the key path says it better (YAML).
    """

    line: int
    value: Value
    place: str = ""
