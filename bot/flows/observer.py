"""Who is told what becomes of an issue. No use case knows what stands behind it: metrics, traces, a log, or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from bot.domain.errors import DocumentRefused
from bot.domain.plan import Plan, StoredIssue
from bot.domain.release import Hold, IssueState


class Observer:
    """Is told of each step once it is done, and raises nothing; this one makes nothing of it. `began`: when the step
    did."""

    def taken_in(self, stored: StoredIssue, holds: Sequence[Hold], began: dt.datetime) -> None:
        """A document was read, stored and assessed."""

    def refused(self, name: str, error: DocumentRefused) -> None:
        """The document of this name could not be read."""

    def amended(self, issue_id: int, action: str, state: IssueState, who: str, holds: Sequence[Hold]) -> None:
        """Somebody, or the clock, held, approved, moved or cancelled it."""

    def planned(self, issue_id: int, plan: Plan, began: dt.datetime) -> None:
        """Its messages are rendered; nothing of them is stored yet."""

    def released(self, stored: StoredIssue, new_deliveries: int, who: str, began: dt.datetime) -> None:
        """`new_deliveries` is 0 for whoever came second: another scheduler, or the clock just before a person."""


SILENT = Observer()
