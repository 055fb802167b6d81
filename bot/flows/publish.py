"""From a document to its release. What is sent, and to whom, is fixed here; sending is deliver.py's.

An issue is `scheduled` when nothing stands in its way and `held` when a person must look. People act on it (approve,
hold, reschedule, release now, cancel) and the clock acts on it (release what is due); every act is one conditional
update with its line in the history, so that two people, two schedulers or a restart cannot publish twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.domain.calendar import NoCalendar, Workdays, release_day
from bot.domain.card import CardKind
from bot.domain.changes import describe_changes
from bot.domain.directory import Directory
from bot.domain.errors import ConfigError
from bot.domain.issue import Issue
from bot.domain.plan import Plan, PlanTarget, ReceivedFile, StoredIssue
from bot.domain.publication import Publication, publication_for
from bot.domain.release import Hold, IssueState, release_moment, too_late
from bot.domain.resolver import Resolution, Resolver

from .plan import Renderer, make_plan, resolution_holds
from .ports import Clock, DirectoryStore, IssueStore, ReaderStore, ReceiptStore


class Store(IssueStore, DirectoryStore, ReceiptStore, ReaderStore, Protocol):
    """All of the store but the dispatcher's side."""


Parse = Callable[[bytes, str], Issue]
"""(bytes, file name) -> Issue, or DocumentRefused."""

FURTHEST = dt.timedelta(days=366)
"""A bulletin is not dated further ahead than this but by a slip of the pen (2202 for 2022)."""
LATEST = dt.timedelta(days=20 * 366)
"""No person moves a release further away than this but by a slip of the pen."""
TIMING = ("no_date", "no_calendar", "far_date", "too_late")
"""Codes of holds that come from the date; they fall away when a person names the moment."""
SCHEDULER = "定时发布"
"""Who acts when the clock does."""


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


@dataclass(frozen=True, slots=True)
class Publisher:
    """The use cases, over the ports they need."""

    store: Store
    parse: Parse
    renderer: Renderer
    clock: Clock
    policy: Policy

    # --- taking in -------------------------------------------------------------------------------------------------

    def take_in(
        self, data: bytes, name: str, *, source: str, who: str, directory: Directory | None = None
    ) -> Published:
        """Read, store and assess; nothing is sent. The same document again is the same issue."""
        issue = self.parse(data, name)
        publication = publication_for(issue.masthead, self.policy.publications)
        earlier = self.store.find_issue(issue)
        if earlier is not None and earlier.released_at is not None:
            # A correction: its moment is now, whatever date the bulletin bears.
            release_at: dt.datetime | None = self.clock()
            timing: tuple[Hold, ...] = ()
        else:
            release_at, timing = self._timing(issue, publication)
        resolution, holds = self._assess(issue, publication, directory or self.store.directory())
        holds = (*timing, *holds, *self._approval_missing(publication, ()))
        stored = self.store.save_issue(
            issue,
            publication=publication.id,
            original=data,
            name=name,
            source=source,
            who=who,
            now=self.clock(),
            release_at=release_at,
            holds=holds,
        )
        if not stored.new_revision and stored.state in (IssueState.HELD, IssueState.SCHEDULED):
            return self.refresh(stored.id, who=who, directory=directory)
        return Published(stored, publication, resolution, holds)

    def refresh(self, issue_id: int, *, who: str, directory: Directory | None = None) -> Published:
        """Assess an open issue anew, after the directory was mended or the document came again."""
        seen = self.review(issue_id, directory=directory)
        left = self._outstanding(seen)
        if left != seen.stored.holds:
            state = IssueState.HELD if left else IssueState.SCHEDULED
            self._amend(seen.stored, state, seen.stored.release_at, left, who, "reassess", "名录或文件有变化")
            return self.review(issue_id, directory=directory)
        return seen

    def look(self, data: bytes, name: str, *, directory: Directory) -> tuple[Published, Plan]:
        """The dry run: what `take_in` and a release would do, with nothing stored."""
        issue = self.parse(data, name)
        publication = publication_for(issue.masthead, self.policy.publications)
        release_at, timing = self._timing(issue, publication)
        resolution, holds = self._assess(issue, publication, directory)
        holds = (*timing, *holds, *self._approval_missing(publication, ()))
        state = IssueState.HELD if holds else IssueState.SCHEDULED
        stored = StoredIssue(0, 0, 1, issue, state, release_at, holds=holds)
        received = ReceivedFile(0, len(data))
        plan = make_plan(stored, resolution, partial(_targets_in, directory), self.renderer, original=received)
        return Published(stored, publication, resolution, holds), plan

    def review(self, issue_id: int, *, directory: Directory | None = None) -> Published:
        """An issue as it stands, against the directory as it is now."""
        stored = self.store.issue(issue_id)
        publication = self.publication_of(stored)
        resolution, holds = self._assess(stored.issue, publication, directory or self.store.directory())
        timing = [h for h in stored.holds if h.code in (*TIMING, "by_person")]
        approved = [a.who for a in self.store.approvals(issue_id, stored.issue.content_hash)]
        return Published(
            stored, publication, resolution, (*timing, *holds, *self._approval_missing(publication, approved))
        )

    def publication_of(self, stored: StoredIssue) -> Publication:
        return publication_for(stored.issue.masthead, self.policy.publications)

    # --- acts of people --------------------------------------------------------------------------------------------

    def approve(self, issue_id: int, *, who: str, why: str = "") -> Published:
        """`who` has seen the issue as it is now, and everything held against it. Pins the content: a changed
        document needs approval anew. With enough approvals the issue is scheduled, or due at once."""
        seen = self.review(issue_id)
        self._open(seen.stored)
        now = self.clock()
        self.store.approve(
            issue_id, content_hash=seen.stored.issue.content_hash, holds=seen.holds, who=who, why=why, now=now
        )
        left = self._outstanding(self.review(issue_id))
        state = IssueState.HELD if left or seen.stored.release_at is None else IssueState.SCHEDULED
        if not left and seen.stored.release_at is None:
            left = (Hold("no_date", "没有发布时间：请改期（jianbao reschedule）或立即发布。"),)
        self._amend(seen.stored, state, seen.stored.release_at, left, who, "approve", why)
        return self.review(issue_id)

    def hold(self, issue_id: int, *, who: str, why: str) -> Published:
        """Stop it from going out until somebody approves it."""
        seen = self.review(issue_id)
        self._open(seen.stored)
        self.store.withdraw_approvals(issue_id, now=self.clock())
        holds = (*seen.holds, Hold("by_person", f"{who} 暂停：{why}"))
        self._amend(seen.stored, IssueState.HELD, seen.stored.release_at, holds, who, "hold", why)
        return self.review(issue_id)

    def reschedule(self, issue_id: int, *, at: dt.datetime, who: str, why: str) -> Published:
        """Move it to `at` (aware, not past, in sight). Reasons to hold that came from the date fall away."""
        now = self.clock()
        if at <= now:
            raise ConfigError("改期的时间已经过去；要马上发布请用“立即发布”（jianbao release）。")
        if at > now + LATEST:
            raise ConfigError(f"改期的时间太远：最多 {LATEST.days} 天以后，请检查年份。")
        at = at.astimezone(dt.UTC)
        seen = self.review(issue_id)
        self._open(seen.stored)
        holds = tuple(h for h in self._outstanding(seen) if h.code not in TIMING)
        state = IssueState.HELD if holds else IssueState.SCHEDULED
        self._amend(seen.stored, state, at, holds, who, "reschedule", why)
        return self.review(issue_id)

    def cancel(self, issue_id: int, *, who: str, why: str) -> Published:
        """It will not go out. Cancelled is final: a corrected document is a new revision and opens it again."""
        seen = self.review(issue_id)
        self._open(seen.stored)
        self._amend(seen.stored, IssueState.CANCELLED, seen.stored.release_at, (), who, "cancel", why)
        return self.review(issue_id)

    def release_now(self, issue_id: int, *, who: str, why: str, directory: Directory | None = None) -> Published:
        """A person lets it go now; what is held against it is on record as seen by them.

        A released issue again: only recipients not yet covered get a delivery, so a second run sends nothing twice.
        """
        seen = self.review(issue_id, directory=directory)
        if seen.stored.state is IssueState.CANCELLED:
            raise ConfigError(f"第 {issue_id} 号期刊已取消，不能发布。")
        if seen.publication.approval.needed > 1 and seen.stored.state is not IssueState.RELEASED:
            missing = [h for h in self._outstanding(seen) if h.code == "needs_approval"]
            if missing:
                raise ConfigError(f"{missing[0].message}批准够了才能发布。")
        return self._release(seen, who=who, why=why)

    # --- acts of the clock -----------------------------------------------------------------------------------------

    def release_due(self) -> list[Published]:
        """Release every scheduled issue whose moment has come; hold those that are too late or newly in doubt."""
        return [self.release_if_due(issue_id) for issue_id in self.store.due_issues(self.clock())]

    def release_if_due(self, issue_id: int) -> Published:
        """The same for one issue; nothing happens when it is not scheduled or its moment has not come."""
        now = self.clock()
        seen = self.review(issue_id)
        stored = seen.stored
        if stored.state is not IssueState.SCHEDULED or stored.release_at is None or stored.release_at > now:
            return seen
        holds = self._outstanding(seen)
        if too_late(stored.release_at, now, seen.publication.late_grace or self.policy.late_grace):
            late = self._late(stored.release_at)
            approvals = self.store.approvals(issue_id, stored.issue.content_hash)
            holds = (*holds, *(() if any(late in a.holds for a in approvals) else (late,)))
        if not holds:
            return self._release(seen, who=SCHEDULER, why="到达发布时刻")
        self._amend(stored, IssueState.HELD, stored.release_at, holds, SCHEDULER, "hold", "到达发布时刻时仍有问题")
        return self.review(issue_id)

    # --- the rules -------------------------------------------------------------------------------------------------

    def _release(self, seen: Published, *, who: str, why: str) -> Published:
        reasons = "；".join(h.message for h in seen.holds)
        count = self.store.release(
            self._plan(seen),
            who=who,
            why=f"{why}（已知：{reasons}）" if reasons else why,
            now=self.clock(),
            expected_revision=seen.stored.revision_id,
        )
        return replace(seen, stored=self.store.issue(seen.stored.id), released=True, new_deliveries=count)

    def _plan(self, seen: Published) -> Plan:
        stored, resolution = seen.stored, seen.resolution
        first = self.store.released_before(stored.id, stored.revision_id)
        if first is not None:
            # A correction also reaches those who got the first one and are on no list any more.
            recipients = dict(resolution.recipients)
            for recipient_id, list_kind in self.store.reached(stored.id):
                recipients.setdefault(recipient_id, list_kind)
            resolution = replace(resolution, recipients=recipients)
        return make_plan(
            stored,
            resolution,
            self.store.plan_targets,
            self.renderer,
            kind=CardKind.ISSUE if first is None else CardKind.CORRECTION,
            changes=() if first is None else describe_changes(first, stored.issue),
            leave_out=self.store.covered(stored.revision_id),
            original=self.store.received_file(stored.revision_id),
        )

    def _assess(
        self, issue: Issue, publication: Publication, directory: Directory
    ) -> tuple[Resolution, tuple[Hold, ...]]:
        resolution = Resolver.of(directory).resolve(issue, deliver=publication.deliver)
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


def _targets_in(directory: Directory, recipient_ids: Sequence[str]) -> Iterator[PlanTarget]:
    """Of a directory that is not in the store: no target has an id there, and none is suspended."""
    for unit in map(directory.by_id.__getitem__, recipient_ids):
        if unit.enabled:
            for target in unit.targets:
                if target.enabled:
                    wants = target.attach_original
                    yield PlanTarget(0, unit.id, target.channel, target.style, False, target.mention, wants)
