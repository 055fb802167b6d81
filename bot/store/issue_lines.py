"""Issues in lists: read a page at a time, never a whole table, never a document more than is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

import sqlalchemy as sa

from bot.domain.delivery import DeliveryState
from bot.domain.issue import Issue
from bot.domain.pages import IssueLine, Original, RevisionLine
from bot.domain.release import Hold, IssueState

from . import tally
from .columns import AnyRow, contains
from .part import Part
from .schema import article, issue, original, revision
from .schema import tally as tally_table

_LATEST = sa.and_(revision.c.issue_id == issue.c.id, revision.c.number == issue.c.revision)
_ISSUES = sa.select(issue, revision.c.content).join(revision, _LATEST)


class IssueLines(Part):
    def issue_lines(
        self, *, search: str = "", states: Collection[IssueState] = (), limit: int = 20, offset: int = 0
    ) -> tuple[list[IssueLine], int]:
        """(a page of issues, newest first; how many there are). `search` looks in number, masthead and titles."""
        wanted = []
        if search:
            titled = sa.exists().where(article.c.revision_id == revision.c.id, contains(article.c.title, search))
            named = contains(issue.c.identity, search)
            wanted.append(sa.or_(named, titled, issue.c.id == int(search)) if _is_id(search) else sa.or_(named, titled))
        if states:
            wanted.append(issue.c.state.in_(list(states)))
        query = _ISSUES.where(*wanted).order_by(issue.c.id.desc()).limit(limit).offset(offset)
        count = sa.select(sa.func.count()).select_from(issue).join(revision, _LATEST).where(*wanted)
        with self.db.read() as connection:
            rows = connection.execute(query).all()
            total = int(connection.execute(count).scalar_one())
            counts = _counts(connection, [row.id for row in rows])
        return [_issue_line(row, counts[row.id]) for row in rows], total

    def upcoming(self, limit: int = 5) -> list[IssueLine]:
        """Scheduled issues, the next one first."""
        return self._issues(_ISSUES.where(issue.c.state == IssueState.SCHEDULED).order_by(issue.c.release_at), limit)

    def latest_released(
        self, limit: int = 1, *, offset: int = 0, state: DeliveryState | None = None
    ) -> list[IssueLine]:
        """Released issues, the latest first. `state`: those alone with deliveries in it."""
        query = _ISSUES.where(issue.c.state == IssueState.RELEASED)
        if state is not None:
            here = sa.select(tally_table.c.issue_id).where(tally_table.c.slot == state.value, tally_table.c.count > 0)
            query = query.where(issue.c.id.in_(here))
        return self._issues(query.order_by(issue.c.released_at.desc(), issue.c.id.desc()).offset(offset), limit)

    def _issues(self, query: sa.Select[*tuple[object, ...]], limit: int) -> list[IssueLine]:
        with self.db.read() as connection:
            rows = connection.execute(query.limit(limit)).all()
            counts = _counts(connection, [row.id for row in rows])
        return [_issue_line(row, counts[row.id]) for row in rows]

    def revisions(self, issue_id: int) -> list[RevisionLine]:
        """Newest first."""
        query = (
            sa.select(revision.c.number, revision.c.created_at, original.c.source)
            .outerjoin(original, original.c.revision_id == revision.c.id)
            .where(revision.c.issue_id == issue_id)
            .order_by(revision.c.number.desc(), original.c.id)
        )
        found: dict[int, RevisionLine] = {}
        with self.db.read() as connection:
            for row in connection.execute(query):
                found.setdefault(row.number, RevisionLine(row.number, row.created_at, row.source or ""))
        return list(found.values())

    def original(self, revision_id: int) -> Original | None:
        """The file this revision was read from."""
        query = sa.select(original).where(original.c.revision_id == revision_id).order_by(original.c.id).limit(1)
        with self.db.read() as connection:
            row = connection.execute(query).one_or_none()
        # An empty one has been kept for its time, and cleared.
        return Original(row.name, row.content, row.sha256) if row is not None and row.content else None

    def original_name(self, revision_id: int) -> str | None:
        query = sa.select(original.c.name).where(original.c.revision_id == revision_id).order_by(original.c.id).limit(1)
        with self.db.read() as connection:
            return connection.execute(query).scalar_one_or_none()


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _counts(connection: sa.Connection, ids: Iterable[int]) -> defaultdict[int, dict[DeliveryState, int]]:
    found: defaultdict[int, dict[DeliveryState, int]] = defaultdict(dict)
    query = sa.select(tally_table).where(tally_table.c.issue_id.in_(list(ids)), tally_table.c.count > 0)
    for issue_id, slot, count in connection.execute(query):
        state = DeliveryState.PENDING if slot == tally.WAITING else DeliveryState(slot)
        found[issue_id][state] = found[issue_id].get(state, 0) + count
    return found


def _issue_line(row: AnyRow, counts: Mapping[DeliveryState, int]) -> IssueLine:
    content = Issue.from_dict(row.content)
    return IssueLine(
        id=row.id,
        masthead=content.masthead,
        label=content.label,
        date=content.date,
        titles=tuple(a.title for a in content.articles),
        revision=row.revision,
        state=row.state,
        release_at=row.release_at,
        released_at=row.released_at,
        holds=tuple(Hold(**hold) for hold in row.holds),
        counts={state: counts[state] for state in DeliveryState if state in counts},
    )
