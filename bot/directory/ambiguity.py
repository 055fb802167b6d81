"""Words that name two things. Real directories have them (各成员单位), so they are told, not refused."""

from __future__ import annotations

from collections import defaultdict

from bot.domain.directory import Directory
from bot.domain.errors import Problem
from bot.domain.resolver import normal


def ambiguities(directory: Directory) -> tuple[Problem, ...]:
    """One warning for each word that the resolver will not decide, and for each robot used twice."""
    names = {normal(r.name) for r in directory.recipients}
    meanings: defaultdict[str, dict[frozenset[str], str]] = defaultdict(dict)
    printed: dict[str, str] = {}
    for r in directory.recipients:
        for word in (r.name, *r.aliases):
            meanings[normal(word)].setdefault(frozenset((r.id,)), r.name)
            printed.setdefault(normal(word), word)
    for g in directory.groups:
        for word in (g.name, *g.phrases):
            meanings[normal(word)].setdefault(frozenset(g.members), g.name)
            printed.setdefault(normal(word), word)
    told = []
    for key, meaning in meanings.items():
        if len(meaning) > 1:
            things = "、".join(meaning.values())
            rule = "按单位全称理解" if key in names else "不会自动选择，遇到时由人工确定"
            told.append(Problem(None, printed[key], f"有 {len(meaning)} 种含义（{things}）：{rule}"))
    return (*told, *_shared_robots(directory))


def _shared_robots(directory: Directory) -> list[Problem]:
    users: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for r in directory.recipients:
        for t in r.targets:
            users[t.url.reveal()][r.id] = r.name
    return [
        Problem(
            None, "、".join(names.values()), "共用同一个群机器人：该群会为每个单位各收到一份，发送快慢按一个机器人算"
        )
        for names in users.values()
        if len(names) > 1
    ]
