"""After a change of the directory: what it does to the issues that wait, and those issues assessed anew."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.domain.directory import Directory
from bot.domain.errors import ConfigError
from bot.domain.pages import IssueLine
from bot.domain.release import OPEN, IssueState

from .publish import Published, Publisher

MOST = 200


class OpenIssues(Protocol):
    def issue_lines(
        self, *, search: str = "", states: Collection[IssueState] = (), limit: int = 20, offset: int = 0
    ) -> tuple[list[IssueLine], int]: ...


@dataclass(frozen=True, slots=True)
class Touched:
    """An open issue whose list would be read differently: phrases that would mean nothing, units no longer reached."""

    line: IssueLine
    phrases: tuple[str, ...]
    units: int


def reassess(publisher: Publisher, issues: OpenIssues, *, who: str) -> None:
    """Look at every open issue again, newest first; one that now lacks something is held at once, not at its moment."""
    directory = publisher.store.directory()
    for line in issues.issue_lines(states=OPEN, limit=MOST)[0]:
        # Somebody has just decided about this one; it is looked at again at its release.
        with contextlib.suppress(ConfigError):
            publisher.refresh(line.id, who=who, directory=directory)


def touched_by_removal(publisher: Publisher, issues: OpenIssues, roster: Directory, group_id: str) -> Sequence[Touched]:
    """Which open issues would miss this group."""
    without = replace(roster, groups=tuple(g for g in roster.groups if g.id != group_id))
    found = []
    for line in issues.issue_lines(states=OPEN, limit=MOST)[0]:
        before, after = publisher.review(line.id, directory=roster), publisher.review(line.id, directory=without)
        phrases = tuple(text for text in _unknown(after) if text not in _unknown(before))
        lost = before.resolution.recipients.keys() - after.resolution.recipients.keys()
        if phrases or lost:
            found.append(Touched(line, phrases, len(lost)))
    return found


def _unknown(seen: Published) -> tuple[str, ...]:
    """What holds the issue; a phrase of a list that is only recorded does not."""
    resolution = seen.resolution
    return tuple(dict.fromkeys((*resolution.unresolved(seen.publication.deliver), *resolution.unresolved_exclusions)))
