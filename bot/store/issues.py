"""Issues: taken in, kept at every revision, looked up."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from bot.domain.errors import ConfigError
from bot.domain.issue import Issue
from bot.domain.plan import StoredIssue
from bot.domain.release import Hold, IssueState

from . import tally
from .columns import AnyRow
from .history import Entry, record
from .identity import identity
from .part import Part
from .schema import article, issue, original, plan, revision

_STORED = sa.select(issue, revision.c.id.label("revision_id"), revision.c.content).join(
    revision, sa.and_(revision.c.issue_id == issue.c.id, revision.c.number == issue.c.revision)
)
_BY_ID = _STORED.where(issue.c.id == sa.bindparam("the_issue"))


class Issues(Part):
    def save_issue(
        self,
        issue: Issue,
        *,
        publication: str = "default",
        original: bytes,
        name: str,
        source: str,
        who: str,
        now: dt.datetime,
        release_at: dt.datetime | None,
        holds: Sequence[Hold],
    ) -> StoredIssue:
        """Take an issue in, with the file it came from.

        Content seen before changes nothing and answers with the latest revision. The same number with other content
        is a new revision: the issue is held or scheduled anew, also when an earlier revision was released or
        cancelled.
        """
        with self.db.write() as connection:
            saving = _Saving(connection, issue, publication, release_at, holds, now)
            issue_id, new_revision = saving.save()
            stored = _stored(connection.execute(_BY_ID, {"the_issue": issue_id}).one(), new_revision=new_revision)
            saving.keep_original(original, name, source)
            record(connection, saving.entries, who=who, why=f"{source}: {name}", now=now)
        return stored

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
    ) -> StoredIssue:
        """A person's reading in place of the machine's: a new revision of this very issue, with the same file.

        `publication` is what the corrected masthead belongs to, `expected_revision` the revision id the person has
        seen. ConfigError when there is a newer one by now, or when the corrected number belongs to another issue.
        """
        with self.db.write() as connection:
            known = connection.execute(_BY_ID.with_for_update(), {"the_issue": issue_id}).one()
            if known.revision_id != expected_revision:
                raise ConfigError("这一期刚被别人改动，您的更正没有保存；请刷新后再试。")
            name = identity(content)
            other = sa.select(issue.c.id).where(issue.c.identity == name, issue.c.id != issue_id)
            if (taken := connection.execute(other).scalar_one_or_none()) is not None:
                raise ConfigError(f"更正后的刊名和期号与编号 {taken} 的期刊相同，没有保存。")
            saving = _Saving(connection, content, publication, release_at, holds, now)
            saving.correct(known, expected_revision, source=f"correction:{who}")
            connection.execute(sa.update(issue).where(issue.c.id == issue_id).values(identity=name))
            stored = _stored(connection.execute(_BY_ID, {"the_issue": issue_id}).one(), new_revision=True)
            record(connection, saving.entries, who=who, why=why, now=now)
        return stored

    def issue(self, issue_id: int) -> StoredIssue:
        """The issue at its latest revision; ConfigError when there is no such number."""
        with self.db.read() as connection:
            row = connection.execute(_BY_ID, {"the_issue": issue_id}).one_or_none()
        if row is None:
            raise ConfigError(f"没有编号为 {issue_id} 的期刊。")
        return _stored(row)

    def find_issue(self, content: Issue) -> StoredIssue | None:
        """The stored issue that this one is another copy or revision of."""
        with self.db.read() as connection:
            row = connection.execute(_STORED.where(issue.c.identity == identity(content))).one_or_none()
        return None if row is None else _stored(row)

    def issues(self) -> list[StoredIssue]:
        """All, newest first, each at its latest revision."""
        with self.db.read() as connection:
            return [_stored(row) for row in connection.execute(_STORED.order_by(issue.c.id.desc()))]

    def released_before(self, issue_id: int, revision_id: int) -> Issue | None:
        """The latest revision other than this one that was released, as it was; None when there is none."""
        query = (
            sa.select(revision.c.content)
            .join(plan, plan.c.revision_id == revision.c.id)
            .where(plan.c.issue_id == issue_id, plan.c.revision_id != revision_id)
            .order_by(revision.c.number.desc())
            .limit(1)
        )
        with self.db.read() as connection:
            content = connection.execute(query).scalar_one_or_none()
        return None if content is None else Issue.from_dict(content)


class _Saving:
    """One `save_issue`: what is there, what is added, what goes on record."""

    def __init__(
        self,
        connection: sa.Connection,
        content: Issue,
        publication: str,
        release_at: dt.datetime | None,
        holds: Sequence[Hold],
        now: dt.datetime,
    ) -> None:
        self.connection = connection
        self.content = content
        self.publication = publication
        self.release_at = release_at
        self.holds = [asdict(hold) for hold in holds]
        self.now = now
        self.hash = content.content_hash
        self.entries: list[Entry] = []
        self.revision_id = 0

    def save(self) -> tuple[int, bool]:
        """(issue id, is the revision new)."""
        known = self.connection.execute(
            sa.select(issue).where(issue.c.identity == identity(self.content)).with_for_update()
        ).one_or_none()
        if known is None:
            return self._add(), True
        seen = self.connection.execute(
            sa.select(revision.c.id).where(revision.c.issue_id == known.id, revision.c.content_hash == self.hash)
        ).scalar_one_or_none()
        if seen is None:
            self.revision_id = self._revise(known.id, known.revision + 1)
            self._reopen(known)
        else:
            self.revision_id = seen
        return known.id, seen is None

    def correct(self, known: AnyRow, before: int, *, source: str) -> None:
        """A new revision of `known` with the file of revision id `before`; content seen before is refused."""
        same = sa.select(revision.c.number).where(revision.c.issue_id == known.id, revision.c.content_hash == self.hash)
        if (number := self.connection.execute(same).scalar_one_or_none()) is not None:
            raise ConfigError(f"内容与第 {number} 版相同，没有改动。")
        self.revision_id = self._revise(known.id, known.revision + 1)
        self._reopen(known)
        for row in self.connection.execute(sa.select(original).where(original.c.revision_id == before)).all():
            self.keep_original(row.content, row.name, source)

    def keep_original(self, data: bytes, name: str, source: str) -> None:
        digest = hashlib.sha256(data).hexdigest()
        same = sa.select(original.c.id).where(original.c.revision_id == self.revision_id, original.c.sha256 == digest)
        if self.connection.execute(same).first() is None:
            row = {"revision_id": self.revision_id, "sha256": digest, "name": name, "source": source}
            self.connection.execute(sa.insert(original).values(**row, content=data, received_at=self.now))

    def _add(self) -> int:
        state = self._state()
        values = {"state": state, "release_at": self.release_at, "holds": self.holds, "revision": 1}
        row = sa.insert(issue).values(
            **values, publication=self.publication, identity=identity(self.content), created_at=self.now
        )
        issue_id: int = self.connection.execute(row.returning(issue.c.id)).scalar_one()
        self.revision_id = self._revise(issue_id, 1)
        tally.begin(self.connection, issue_id)
        self.entries.append(Entry("issue.received", f"issue:{issue_id}", after=_shown(values, self.hash)))
        return issue_id

    def _revise(self, issue_id: int, number: int) -> int:
        data = self.content.to_dict()
        row = {"issue_id": issue_id, "number": number, "content_hash": self.hash, "content": data}
        insert = sa.insert(revision).values(**row, created_at=self.now).returning(revision.c.id)
        revision_id: int = self.connection.execute(insert).scalar_one()
        articles = [
            {"revision_id": revision_id, "position": place, "title": item.title, "body": list(item.body)}
            for place, item in enumerate(self.content.articles, 1)
        ]
        if articles:
            self.connection.execute(sa.insert(article), articles)
        return revision_id

    def _reopen(self, known: AnyRow) -> None:
        before = {name: getattr(known, name) for name in ("state", "release_at", "holds", "revision")}
        after = {
            "state": self._state(),
            "release_at": self.release_at,
            "holds": self.holds,
            "revision": known.revision + 1,
        }
        self.connection.execute(
            sa.update(issue).where(issue.c.id == known.id).values(**after, publication=self.publication)
        )
        entry = Entry("issue.revised", f"issue:{known.id}", before=_shown(before), after=_shown(after, self.hash))
        self.entries.append(entry)

    def _state(self) -> IssueState:
        return IssueState.HELD if self.holds else IssueState.SCHEDULED


def _shown(values: dict[str, Any], content_hash: str | None = None) -> dict[str, Any]:
    """For history: instants as text."""
    at: dt.datetime | None = values["release_at"]
    shown = values | {"release_at": at.isoformat() if at else None, "state": str(values["state"])}
    return shown | ({"content_hash": content_hash} if content_hash else {})


def _stored(row: AnyRow, *, new_revision: bool = False) -> StoredIssue:
    return StoredIssue(
        id=row.id,
        revision_id=row.revision_id,
        revision=row.revision,
        issue=Issue.from_dict(row.content),
        state=row.state,
        release_at=row.release_at,
        released_at=row.released_at,
        holds=tuple(Hold(**hold) for hold in row.holds),
        new_revision=new_revision,
    )
