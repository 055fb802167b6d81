"""What people decide about an issue: approve, hold, move, cancel, release now. Each is one conditional update with its
line in the history, so that two people cannot undo each other's act unseen."""

from __future__ import annotations

import datetime as dt

from bot.domain.directory import Lookup
from bot.domain.errors import ConfigError
from bot.domain.release import Hold, IssueState

from .assess import TIMING, Published
from .release import Releaser

LATEST = dt.timedelta(days=20 * 366)
"""No person moves a release further away than this but by a slip of the pen."""


class Decider(Releaser):
    """People act."""

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
            left = (Hold("no_date", "没有发布时间：请改期或立即发布。"),)
        self._amend(seen.stored, state, seen.stored.release_at, left, who, "approval_counted", why)
        return self.review(issue_id)

    def hold(self, issue_id: int, *, who: str, why: str) -> Published:
        """Stop it from going out until somebody approves it."""
        seen = self.review(issue_id)
        self._open(seen.stored)
        self.store.withdraw_approvals(issue_id, now=self.clock())
        holds = (*seen.holds, Hold("by_person", f"{who} 暂停：{why}"))
        self._amend(seen.stored, IssueState.HELD, seen.stored.release_at, holds, who, "held", why)
        return self.review(issue_id)

    def reschedule(self, issue_id: int, *, at: dt.datetime, who: str, why: str) -> Published:
        """Move it to `at` (aware, not past, in sight). Reasons to hold that came from the date fall away."""
        now = self.clock()
        if at <= now:
            raise ConfigError("改期的时间已经过去；要马上发布请用“立即发布”。")
        if at > now + LATEST:
            raise ConfigError(f"改期的时间太远：最多 {LATEST.days} 天以后，请检查年份。")
        at = at.astimezone(dt.UTC)
        seen = self.review(issue_id)
        self._open(seen.stored)
        holds = tuple(h for h in self._outstanding(seen) if h.code not in TIMING)
        state = IssueState.HELD if holds else IssueState.SCHEDULED
        self._amend(seen.stored, state, at, holds, who, "rescheduled", why)
        return self.review(issue_id)

    def cancel(self, issue_id: int, *, who: str, why: str) -> Published:
        """It will not go out. Cancelled is final: a corrected document is a new revision and opens it again."""
        seen = self.review(issue_id)
        self._open(seen.stored)
        self._amend(seen.stored, IssueState.CANCELLED, seen.stored.release_at, (), who, "cancelled", why)
        return self.review(issue_id)

    def release_now(self, issue_id: int, *, who: str, why: str, directory: Lookup | None = None) -> Published:
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
