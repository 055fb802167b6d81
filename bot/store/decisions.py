"""What people and the clock decide about an issue: approvals, and every change of state before the release."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from bot.domain.delivery import DeliveryState
from bot.domain.issue import ListKind
from bot.domain.plan import ApprovalRow
from bot.domain.release import Hold, IssueState

from .history import Entry, record
from .part import Part
from .schema import IS_SCHEDULED, approval, delivery, issue, revision

_REACHED = (DeliveryState.ACCEPTED.value, DeliveryState.IN_DOUBT.value)


class Decisions(Part):
    def due_issues(self, now: dt.datetime) -> list[int]:
        """Ids of scheduled issues whose `release_at` is not after `now`, oldest first."""
        query = sa.select(issue.c.id).where(IS_SCHEDULED, issue.c.release_at <= now)
        with self.db.read() as connection:
            return list(connection.execute(query.order_by(issue.c.release_at, issue.c.id)).scalars())

    def released_since(self, moment: dt.datetime, publications: Sequence[str]) -> list[int]:
        """Ids of these publications' issues that stand released, and were at or after `moment`, oldest first."""
        query = sa.select(issue.c.id).where(
            issue.c.state == IssueState.RELEASED, issue.c.released_at >= moment, issue.c.publication.in_(publications)
        )
        with self.db.read() as connection:
            return list(connection.execute(query.order_by(issue.c.released_at, issue.c.id)).scalars())

    def next_release(self) -> dt.datetime | None:
        """The earliest `release_at` of a scheduled issue."""
        query = sa.select(issue.c.release_at).where(IS_SCHEDULED).order_by(issue.c.release_at).limit(1)
        with self.db.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def approvals(self, issue_id: int, content_hash: str) -> list[ApprovalRow]:
        """Approvals of exactly this content that were not withdrawn, oldest first."""
        query = sa.select(approval).where(
            approval.c.issue_id == issue_id,
            approval.c.content_hash == content_hash,
            approval.c.withdrawn_at.is_(None),
        )
        with self.db.read() as connection:
            return [
                ApprovalRow(row.who, row.at, row.why, tuple(Hold(**hold) for hold in row.holds))
                for row in connection.execute(query.order_by(approval.c.id))
            ]

    def approve(
        self, issue_id: int, *, content_hash: str, holds: Sequence[Hold], who: str, why: str, now: dt.datetime
    ) -> None:
        """Keep an approval, with what was held against the issue before the approver's eyes."""
        seen = [asdict(hold) for hold in holds]
        row = {"issue_id": issue_id, "content_hash": content_hash, "who": who, "at": now, "why": why, "holds": seen}
        entry = Entry("issue.approved", f"issue:{issue_id}", after={"content_hash": content_hash, "holds": seen})
        with self.db.write() as connection:
            connection.execute(sa.insert(approval).values(row))
            record(connection, [entry], who=who, why=why, now=now)

    def withdraw_approvals(self, issue_id: int, *, now: dt.datetime) -> None:
        """What was approved so far counts no more: the issue was stopped after it."""
        open_rows = (approval.c.issue_id == issue_id, approval.c.withdrawn_at.is_(None))
        with self.db.write() as connection:
            connection.execute(sa.update(approval).where(*open_rows).values(withdrawn_at=now))

    def amend_issue(
        self,
        issue_id: int,
        *,
        expected_revision: int,
        expected_state: IssueState,
        state: IssueState,
        release_at: dt.datetime | None,
        holds: Sequence[Hold],
        who: str,
        action: str,
        why: str,
        now: dt.datetime,
    ) -> bool:
        """One conditional update with its line in the history; False when the issue was changed meanwhile.

        `expected_revision` is a revision id: the one the person has seen.
        """
        latest = (
            sa.select(revision.c.number).where(revision.c.id == expected_revision, revision.c.issue_id == issue_id)
        ).scalar_subquery()
        kept = [asdict(hold) for hold in holds]
        with self.db.write() as connection:
            before = connection.execute(sa.select(issue).where(issue.c.id == issue_id).with_for_update()).one()
            changed = connection.execute(
                sa.update(issue)
                .where(issue.c.id == issue_id, issue.c.state == expected_state, issue.c.revision == latest)
                .values(state=state, release_at=release_at, holds=kept)
            )
            if changed.rowcount != 1:
                return False
            entry = Entry(
                f"issue.{action}",
                f"issue:{issue_id}",
                before=_shown(before.state, before.release_at, before.holds),
                after=_shown(state, release_at, kept),
            )
            record(connection, [entry], who=who, why=why, now=now)
        return True

    def reached(self, issue_id: int) -> list[tuple[str, ListKind]]:
        """Recipients with an accepted or in-doubt delivery of any revision, and the list they stood on."""
        query = (
            sa.select(delivery.c.recipient_id, delivery.c.list_kind)
            .where(delivery.c.issue_id == issue_id, delivery.c.state.in_(_REACHED))
            .order_by(delivery.c.id)
        )
        found: dict[str, ListKind] = {}
        with self.db.read() as connection:
            for row in connection.execute(query):
                found.setdefault(row.recipient_id, row.list_kind)
        return list(found.items())


def _shown(state: IssueState, release_at: dt.datetime | None, holds: list[dict[str, str]]) -> dict[str, object]:
    return {"state": str(state), "release_at": release_at.isoformat() if release_at else None, "holds": holds}
