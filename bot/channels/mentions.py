"""Mentions (@): what of one a message can carry. A type of message that cannot says so in its notes."""

from __future__ import annotations

import re

from bot.domain.channel import Mentions
from bot.domain.directory import Mention

NONE = Mentions()
"""The rule of a message that calls nobody."""

MOBILE = re.compile(r"1\d{10}", re.ASCII)


def carried(rule: Mentions, mention: Mention) -> tuple[Mention, tuple[str, ...]]:
    """`mention` as far as a message under `rule` can carry it, and a note for whoever is not called."""
    fit = (m for m in dict.fromkeys(mention.members) if rule.member is not None and rule.member.fullmatch(m))
    members = tuple(fit)[: rule.most]
    lost = len(set(mention.members)) - len(members)
    notes = ["这种消息不能@所有人，没有@"] if mention.everyone and not rule.everyone else []
    notes += [f"这种消息不能@其中{lost}名成员，没有@"] if lost else []
    return Mention(mention.everyone and rule.everyone, members), tuple(notes)
