"""Which issue is it? The same publication and number is the same issue, whatever the file."""

from __future__ import annotations

import re

from bot.domain.issue import Issue
from bot.domain.resolver import normal

_SPECIAL = re.compile(r"增刊|专刊|特刊|专辑|合刊|号外|试刊|创刊|终刊")


def identity(issue: Issue) -> str:
    """Publication, year, number, total and special word (增刊, 专刊, …) as one text.

    Two numbers without year or total are told apart by nothing else; an issue with no number at all is known by
    its date, and without that by its content, so that two unlike papers never pass for revisions of one.
    """
    line = issue.issue
    words = sorted(set(_SPECIAL.findall(normal(line.label))))
    parts = [normal(issue.masthead), line.year, line.number, line.total, "".join(words)]
    if line.number is None and line.total is None:
        parts.append(issue.date.isoformat() if issue.date else issue.content_hash)
    return "|".join("" if part is None else str(part) for part in parts)
