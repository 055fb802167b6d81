"""How an issue stands now: who would get it, what is held against it, when it is due. Nothing is sent from here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.domain.calendar import NoCalendar, Workdays, release_day
from bot.domain.directory import Lookup
from bot.domain.errors import ConfigError
from bot.domain.issue import Issue
from bot.domain.plan import StoredIssue
from bot.domain.publication import Publication, publication_for
from bot.domain.release import Hold, IssueState, release_moment, too_late
from bot.domain.resolver import Resolution, Resolver

from .observer import SILENT, Observer
from .plan import Renderer, resolution_holds
from .ports import Clock, DirectoryStore, IssueStore, ReaderStore, ReceiptStore

Parse = Callable[[bytes, str], Issue]
"""(bytes, file name) -> Issue, or DocumentRefused."""

FURTHEST = dt.timedelta(days=366)
"""A bulletin is not dated further ahead than this but by a slip of the pen (2202 for 2022)."""
TIMING = ("no_date", "no_calendar", "far_date", "too_late")
"""Codes of holds that come from the date; they fall away when a person names the moment."""


class Store(IssueStore, DirectoryStore, ReceiptStore, ReaderStore, Protocol):
    """All of the store but the dispatcher's side."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings a release depends on, where the publication says nothing of its own."""

    zone: ZoneInfo
    release_time: dt.time
    late_grace: dt.timedelta
    is_workday: Workdays
    publications: tuple[Publication, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """An issue with everything that follows from it now. `new_deliveries` is 0 unless this act released some."""

    stored: StoredIssue
    publication: Publication
    resolution: Resolution
    holds: tuple[Hold, ...]
    """What stands in the way, seen by an approver or not."""
    released: bool = False
    new_deliveries: int = 0


@dataclass(frozen=True)
class Assessor:
    """What every act begins with, over the ports it needs."""

    store: Store
    parse: Parse
    renderer: Renderer
    clock: Clock
    policy: Policy
    observer: Observer = SILENT

    def review(self, issue_id: int, *, directory: Lookup | None = None) -> Published:
        """An issue as it stands, against the directory as it is now."""
        stored = self.store.issue(issue_id)
        publication = self.publication_of(stored)
        resolution, holds = self._assess(stored.issue, publication, directory)
        timing = [h for h in stored.holds if h.code in (*TIMING, "by_person")]
        approved = [a.who for a in self.store.approvals(issue_id, stored.issue.content_hash)]
        return Published(
            stored, publication, resolution, (*timing, *holds, *self._approval_missing(publication, approved))
        )

    def publication_of(self, stored: StoredIssue) -> Publication:
        return publication_for(stored.issue.masthead, self.policy.publications)

    def _assess(
        self, issue: Issue, publication: Publication, directory: Lookup | None
    ) -> tuple[Resolution, tuple[Hold, ...]]:
        if directory is None:
            with self.store.lookup() as current:
                return self._assess(issue, publication, current)
        resolution = Resolver.for_issue(directory, issue).resolve(issue, deliver=publication.deliver)
        # A missing date is told by `_timing`, with what can be done about it.
        reading = [
            Hold(w.code, f"{w.message}（{w.where}）" if w.where else w.message)
            for w in issue.blocking
            if w.code != "no_date"
        ]
        return resolution, (*reading, *resolution_holds(resolution, publication.deliver, directory))

    def _timing(self, issue: Issue, publication: Publication) -> tuple[dt.datetime | None, tuple[Hold, ...]]:
        if issue.date is None:
            return None, (Hold("no_date", "文件没有完整日期，请指定发布时间。"),)
        try:
            day = release_day(issue.date, publication.day_rule, self.policy.is_workday)
        except NoCalendar as error:
            return None, (Hold("no_calendar", f"{error}请指定发布时间。"),)
        at = release_moment(day, publication.release_time or self.policy.release_time, self.policy.zone)
        if at - self.clock() > FURTHEST:
            return at, (Hold("far_date", f"日期 {issue.date} 在一年以后，可能印错，请核对后批准或改期。"),)
        if too_late(at, self.clock(), publication.late_grace or self.policy.late_grace):
            return at, (self._late(at),)
        return at, ()

    def _late(self, at: dt.datetime) -> Hold:
        return Hold("too_late", f"已过发布时刻 {at.astimezone(self.policy.zone):%Y-%m-%d %H:%M}，请确认是否仍要发布。")

    def _approval_missing(self, publication: Publication, approved: Sequence[str]) -> tuple[Hold, ...]:
        people = len(set(approved))
        needed = publication.approval.needed
        if people >= needed:
            return ()
        return (Hold("needs_approval", f"需要 {needed} 人批准，已有 {people} 人。"),)

    def _outstanding(self, seen: Published) -> tuple[Hold, ...]:
        """What is held against the issue and was not before any approver's eyes; approvals still missing included."""
        approvals = self.store.approvals(seen.stored.id, seen.stored.issue.content_hash)
        known = {h for a in approvals for h in a.holds}
        return tuple(h for h in seen.holds if h.code == "needs_approval" or h not in known)

    def _open(self, stored: StoredIssue) -> None:
        if stored.state in (IssueState.RELEASED, IssueState.CANCELLED):
            raise ConfigError(f"第 {stored.id} 号期刊{stored.state.chinese}，不能再改。")

    def _amend(
        self,
        stored: StoredIssue,
        state: IssueState,
        release_at: dt.datetime | None,
        holds: Sequence[Hold],
        who: str,
        action: str,
        why: str,
    ) -> None:
        done = self.store.amend_issue(
            stored.id,
            expected_revision=stored.revision_id,
            expected_state=stored.state,
            state=state,
            release_at=release_at,
            holds=tuple(holds),
            who=who,
            action=action,
            why=why,
            now=self.clock(),
        )
        if not done:
            raise ConfigError(f"第 {stored.id} 号期刊刚被别人改动，请刷新后再试；您的操作没有生效。")
        self.observer.amended(stored.id, action, state, who, holds)
