"""A person's reading in place of the machine's, where a document was misread; the file stays as it came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.domain.calendar import NoCalendar, release_day
from bot.domain.errors import ConfigError
from bot.domain.issue import Article, Issue, Lists
from bot.domain.plan import StoredIssue
from bot.domain.publication import publication_for
from bot.domain.release import Hold, release_moment

from .publish import Published, Publisher

_NUMBERS = (1, 9999)


class CorrectionStore(Protocol):
    def correct_issue(
        self,
        issue_id: int,
        content: Issue,
        *,
        publication: str,
        expected_revision: int,
        who: str,
        why: str,
        now: dt.datetime,
        release_at: dt.datetime | None,
        holds: Sequence[Hold],
    ) -> StoredIssue: ...


@dataclass(frozen=True, slots=True)
class Correction:
    """The whole content as a person left it. `checked`: places in `issue.warnings` they have looked at and settled."""

    masthead: str
    label: str
    year: int | None
    number: int | None
    total: int | None
    date: dt.date | None
    issuer: tuple[str, ...]
    articles: tuple[Article, ...]
    lists: Lists
    exclusions: tuple[str, ...]
    checked: frozenset[int] = frozenset()

    def of(self, issue: Issue) -> Issue:
        """`issue` with this content; ConfigError with what to mend."""
        if not self.masthead.strip():
            raise ConfigError("请填写刊名。")
        for value in (self.year, self.number, self.total):
            if value is not None and not _NUMBERS[0] <= value <= _NUMBERS[1]:
                raise ConfigError("年份和期数须在 1 到 9999 之间。")
        if not self.articles or any(not a.title.strip() for a in self.articles):
            raise ConfigError("每篇文章都要有标题。")
        number = replace(issue.issue, label=self.label, year=self.year, number=self.number, total=self.total)
        return replace(
            issue,
            masthead=self.masthead.strip(),
            issue=number,
            date=self.date,
            issuer=self.issuer,
            articles=self.articles,
            lists=self.lists,
            exclusions=self.exclusions,
            warnings=tuple(w for place, w in enumerate(issue.warnings) if place not in self.checked),
        )


def correct(
    publisher: Publisher,
    store: CorrectionStore,
    issue_id: int,
    correction: Correction,
    *,
    seen_revision: int,
    who: str,
    why: str,
) -> Published:
    """Keep it as a new revision and assess that: it needs approval anew, and after a release it is a correction card.

    `seen_revision`: the revision id the person had before them. Warnings they settled without changing a word of the
    text are kept as seen, too: the content is then the same and is refused; approving the issue settles those.
    """
    stored = publisher.store.issue(issue_id)
    content = correction.of(stored.issue)
    release_at = stored.release_at
    if stored.released_at is not None:
        release_at = publisher.clock()
    elif content.date != stored.issue.date:
        release_at = _moment(publisher, stored, content)
    undated = () if release_at is not None else (Hold("no_date", "没有发布时间：请改期或立即发布。"),)
    store.correct_issue(
        issue_id,
        content,
        publication=publication_for(content.masthead, publisher.policy.publications).id,
        expected_revision=seen_revision,
        who=who,
        why=why or "人工更正",
        now=publisher.clock(),
        release_at=release_at,
        holds=(*undated, *(h for h in stored.holds if h.code == "by_person")),
    )
    return publisher.refresh(issue_id, who=who)


def _moment(publisher: Publisher, stored: StoredIssue, content: Issue) -> dt.datetime | None:
    if content.date is None:
        return None
    publication, policy = publisher.publication_of(stored), publisher.policy
    try:
        day = release_day(content.date, publication.day_rule, policy.is_workday)
    except NoCalendar:
        return None
    return release_moment(day, publication.release_time or policy.release_time, policy.zone)
