"""The release: by the clock when the moment has come, once however often it is fired. Sending is deliver.py's."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.card import CardKind
from bot.domain.changes import describe_changes
from bot.domain.plan import Plan
from bot.domain.release import IssueState, too_late

from .assess import Assessor, Published
from .plan import make_plan

SCHEDULER = "定时发布"
"""Who acts when the clock does."""


class Releaser(Assessor):
    """The clock acts."""

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
        self._amend(stored, IssueState.HELD, stored.release_at, holds, SCHEDULER, "held", "到达发布时刻时仍有问题")
        return self.review(issue_id)

    def _release(self, seen: Published, *, who: str, why: str) -> Published:
        began = self.clock()
        reasons = "；".join(h.message for h in seen.holds)
        plan = self._plan(seen)
        self.observer.planned(seen.stored.id, plan, began)
        count = self.store.release(
            plan,
            who=who,
            why=f"{why}（已知：{reasons}）" if reasons else why,
            now=self.clock(),
            expected_revision=seen.stored.revision_id,
        )
        stored = self.store.issue(seen.stored.id)
        self.observer.released(stored, count, who, began)
        return replace(seen, stored=stored, released=True, new_deliveries=count)

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
