"""Taking a document in: read, stored and assessed; the same one again is the same issue. Nothing is sent from here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from bot.domain.directory import Directory, Lookup
from bot.domain.errors import DocumentRefused
from bot.domain.plan import Plan, PlanTarget, ReceivedFile, StoredIssue
from bot.domain.publication import publication_for
from bot.domain.release import OPEN, Hold, IssueState

from .assess import Assessor, Published
from .plan import make_plan


class Intake(Assessor):
    """Documents come in."""

    def take_in(self, data: bytes, name: str, *, source: str, who: str, directory: Lookup | None = None) -> Published:
        """Read, store and assess; nothing is sent. The same document again is the same issue."""
        began = self.clock()
        try:
            issue = self.parse(data, name)
        except DocumentRefused as error:
            self.observer.refused(name, error)
            raise
        publication = publication_for(issue.masthead, self.policy.publications)
        earlier = self.store.find_issue(issue)
        if earlier is not None and earlier.released_at is not None:
            # A correction: its moment is now, whatever date the bulletin bears.
            release_at: dt.datetime | None = self.clock()
            timing: tuple[Hold, ...] = ()
        else:
            release_at, timing = self._timing(issue, publication)
        resolution, holds = self._assess(issue, publication, directory)
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
        if not stored.new_revision and stored.state in OPEN:
            done = self.refresh(stored.id, who=who, directory=directory)
        else:
            done = Published(stored, publication, resolution, holds)
        self.observer.taken_in(done.stored, done.holds, began)
        return done

    def refresh(self, issue_id: int, *, who: str, directory: Lookup | None = None) -> Published:
        """Assess an open issue anew, after the directory was mended or the document came again."""
        seen = self.review(issue_id, directory=directory)
        left = self._outstanding(seen)
        if seen.stored.state in OPEN and left != seen.stored.holds:
            state = IssueState.HELD if left else IssueState.SCHEDULED
            self._amend(seen.stored, state, seen.stored.release_at, left, who, "reassessed", "名录或文件有变化")
            return self.review(issue_id, directory=directory)
        return seen

    def look(self, data: bytes, name: str, *, directory: Directory) -> tuple[Published, Plan]:
        """The dry run: what `take_in` and a release would do, with nothing stored.

        The plan's `target_id` is the target's place among all of `directory`, for none has an id yet.
        """
        issue = self.parse(data, name)
        publication = publication_for(issue.masthead, self.policy.publications)
        release_at, timing = self._timing(issue, publication)
        resolution, holds = self._assess(issue, publication, directory)
        holds = (*timing, *holds, *self._approval_missing(publication, ()))
        state = IssueState.HELD if holds else IssueState.SCHEDULED
        stored = StoredIssue(0, 0, 1, issue, state, release_at, holds=holds)
        received = ReceivedFile(0, len(data))
        plan = make_plan(stored, resolution, _targets_in(directory), self.renderer, original=received)
        return Published(stored, publication, resolution, holds), plan


def _targets_in(directory: Directory) -> Callable[[Sequence[str]], Iterator[PlanTarget]]:
    """For units of a directory that is not in the store: an id is a place there, and none is suspended."""
    units = directory.recipients
    first = dict(zip((u.id for u in units), accumulate((len(u.targets) for u in units), initial=0), strict=False))

    def of(recipient_ids: Sequence[str]) -> Iterator[PlanTarget]:
        for unit in map(directory.by_id.__getitem__, recipient_ids):
            if unit.enabled:
                for place, target in enumerate(unit.targets, first[unit.id]):
                    if target.enabled:
                        wants = target.attach_original
                        yield PlanTarget(place, unit.id, target.channel, target.style, False, target.mention, wants)

    return of
