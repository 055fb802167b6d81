"""Bulletins: the bytes of a document -> an Issue. Pure; only `guard` starts a process.

    parse(data, name) -> Issue           in this process, for files one trusts (tests, own samples)
    parse_guarded(data, name) -> Issue   in a process of its own with limits, for everything else
    explain(data, name) -> rows          every block with its role and the rule that gave it

All raise `DocumentRefused` with a code of `refusals.REFUSALS` for a document that cannot be read.
"""

from __future__ import annotations

from bot.bulletins.blocks import Block
from bot.bulletins.explained import Explained
from bot.bulletins.guard import explain_guarded, parse_guarded, parse_many
from bot.bulletins.limits import DEFAULT, Limits
from bot.domain.issue import Issue


# Readers take a tenth of a second to load; a process that leaves the reading to another never needs them.
def parse(data: bytes, name: str = "", limits: Limits = DEFAULT) -> Issue:
    """The Issue in `data`, read in this process. Raises DocumentRefused."""
    from bot.bulletins import reading  # noqa: PLC0415

    return reading.parse(data, name, limits)


def explain(data: bytes, name: str = "", limits: Limits = DEFAULT) -> list[Explained]:
    """Every block in reading order with its role and rule, in this process. Raises DocumentRefused."""
    from bot.bulletins import reading  # noqa: PLC0415

    return reading.explain(data, name, limits)


__all__ = [
    "DEFAULT",
    "Block",
    "Explained",
    "Limits",
    "explain",
    "explain_guarded",
    "parse",
    "parse_guarded",
    "parse_many",
]
