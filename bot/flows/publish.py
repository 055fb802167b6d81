"""Take a document in, plan it, release it. What is sent, and to whom, is fixed here; sending is deliver.py's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.domain.card import CardKind
from bot.domain.changes import describe_changes
from bot.domain.directory import Directory
from bot.domain.issue import Issue, ListKind
from bot.domain.plan import Plan, StoredIssue, StoredTarget
from bot.domain.release import Hold, IssueState, release_moment, too_late
from bot.domain.resolver import Resolution, Resolver

from .plan import Renderer, make_plan, resolution_holds
from .ports import Clock, DirectoryStore, IssueStore, ReceiptStore


class Store(IssueStore, DirectoryStore, ReceiptStore, Protocol):
    """All of the store but the dispatcher's side."""


Parse = Callable[[bytes, str], Issue]
"""(bytes, file name) -> Issue, or DocumentRefused."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings a release depends on."""

    zone: ZoneInfo
    release_time: dt.time
    late_grace: dt.timedelta
    deliver: tuple[ListKind, ...] = (ListKind.SEND, ListKind.COPY)


@dataclass(frozen=True, slots=True)
class Published:
    """What came of it. `new_deliveries` is 0 for a dry run, a hold, and a second run of the same issue."""

    stored: StoredIssue
    resolution: Resolution
    plan: Plan
    holds: tuple[Hold, ...]
    released: bool
    new_deliveries: int = 0


@dataclass(frozen=True, slots=True)
class Publisher:
    """The use case, over the ports it needs."""

    store: Store
    parse: Parse
    renderer: Renderer
    clock: Clock
    policy: Policy

    def take_in(self, data: bytes, name: str, *, source: str, who: str, directory: Directory) -> Published:
        """Read, store and plan; nothing is sent. The issue is `scheduled`, or `held` with the reasons."""
        issue = self.parse(data, name)
        resolution, holds, release_at = self._assess(issue, directory)
        stored = self.store.save_issue(
            issue,
            original=data,
            name=name,
            source=source,
            who=who,
            now=self.clock(),
            release_at=release_at,
            holds=holds,
        )
        return Published(stored, resolution, self._plan(stored, resolution), holds, released=False)

    def look(self, data: bytes, name: str, *, directory: Directory) -> Published:
        """The dry run: what `take_in` and `release` would do, with nothing stored."""
        issue = self.parse(data, name)
        resolution, holds, release_at = self._assess(issue, directory)
        state = IssueState.HELD if holds else IssueState.SCHEDULED
        stored = StoredIssue(0, 0, 1, issue, state, release_at, holds=holds)
        targets = [
            StoredTarget(0, recipient, target)
            for recipient in directory.recipients
            if recipient.enabled
            for target in recipient.targets
            if target.enabled
        ]
        return Published(stored, resolution, make_plan(stored, resolution, targets, self.renderer), holds, False)

    def release(self, taken: Published, *, who: str, why: str, now_anyway: bool = False) -> Published:
        """Release when due, or `now_anyway` because a person said so (the holds are then on record as seen).

        Releasing a released issue again adds only recipients not yet covered: a second run sends nothing twice.
        """
        stored, now = taken.stored, self.clock()
        due = stored.release_at is not None and stored.release_at <= now
        free = stored.state is IssueState.RELEASED or (stored.state is IssueState.SCHEDULED and due)
        if stored.state is IssueState.CANCELLED or not (free or now_anyway):
            return taken
        reasons = "；".join(h.message for h in taken.holds)
        count = self.store.release(
            taken.plan,
            who=who,
            why=f"{why}（已知：{reasons}）" if reasons else why,
            now=now,
            expected_revision=stored.revision_id,
        )
        return replace(taken, stored=self.store.issue(stored.id), released=True, new_deliveries=count)

    def _assess(self, issue: Issue, directory: Directory) -> tuple[Resolution, tuple[Hold, ...], dt.datetime | None]:
        resolution = Resolver(directory).resolve(issue, deliver=self.policy.deliver)
        holds = [Hold(w.code, f"{w.message}（{w.where}）" if w.where else w.message) for w in issue.blocking]
        holds += resolution_holds(resolution, self.policy.deliver, directory)
        release_at = None
        if issue.date is None:
            holds.append(Hold("no_date", "文件没有完整日期，请指定发布时间。"))
        else:
            release_at = release_moment(issue.date, self.policy.release_time, self.policy.zone)
            if too_late(release_at, self.clock(), self.policy.late_grace):
                holds.append(
                    Hold(
                        "too_late",
                        f"已过发布时刻{release_at.astimezone(self.policy.zone):%Y-%m-%d %H:%M}，请确认是否仍要发布。",
                    )
                )
        return resolution, tuple(holds), release_at

    def _plan(self, stored: StoredIssue, resolution: Resolution) -> Plan:
        targets = self.store.targets([rid for rid, _ in resolution.recipients])
        first = self.store.released_before(stored.id, stored.revision_id)
        if first is None:
            kind, changes = CardKind.ISSUE, tuple[str, ...]()
        else:
            kind, changes = CardKind.CORRECTION, describe_changes(first, stored.issue)
        return make_plan(
            stored,
            resolution,
            targets,
            self.renderer,
            kind=kind,
            changes=changes,
            leave_out=self.store.covered(stored.revision_id),
        )
