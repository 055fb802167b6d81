"""Whom a target mentions, as files and comparisons write it."""

from __future__ import annotations

from bot.domain.directory import Mention

EVERYONE = ("all", "所有人", "@all", "@所有人")
"""How a file may say that everyone in the group is mentioned: the first in YAML, the second in a spreadsheet."""


def mentioned(mention: Mention, everyone: str) -> tuple[str, ...]:
    """Those mentioned, one word each; empty for nobody."""
    return (everyone, *mention.members) if mention.everyone else mention.members
