"""The short words of a structured card (title, buttons, rows), written in a template one to a line.

A line is `name: value`, or `- label: value` for a row of the card. Values come escaped and are therefore on one
line, so nothing in a document can make a line of its own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fields:
    """`rows`: (label, value) in order, rows without a value left out."""

    named: dict[str, str]
    rows: tuple[tuple[str, str], ...]

    def __getitem__(self, name: str) -> str:
        """The value of `name`, "" when its line is empty. Raises KeyError when the template has no such line."""
        return self.named[name]


def fields(text: str) -> Fields:
    """Read a filled template. Raises ValueError for a line that is neither a name nor a row."""
    named: dict[str, str] = {}
    rows: list[tuple[str, str]] = []
    for line in filter(str.strip, text.split("\n")):
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"a card template's lines are `name: value`, this one is not: {line!r}")
        if name.startswith("-"):
            rows.append((name[1:].strip(), value.strip()))
        else:
            named[name.strip()] = value.strip()
    return Fields(named, tuple((label, value) for label, value in rows if value))
