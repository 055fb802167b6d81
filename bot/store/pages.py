"""What the pages list: read a page at a time, never a whole table, never a document more than is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from bot.domain.delivery import DeliveryState
from bot.domain.directory import Group, RecipientKind
from bot.domain.issue import Issue
from bot.domain.pages import (
    AttemptLine,
    DeliveryDetail,
    IssueLine,
    Original,
    RecipientLine,
    RevisionLine,
    TargetLine,
)
from bot.domain.plan import ReceiptRow
from bot.domain.release import Hold, IssueState

from . import tally
from .columns import AnyRow
from .part import Part
from .receipts import FAILED, ROWS, receipt_row
from .schema import (
    IS_FAILED,
    article,
    attempt,
    delivery,
    issue,
    message,
    original,
    reader_event,
    receipt,
    recipient,
    recipient_group,
    revision,
    target,
)
from .schema import tally as tally_table

_LATEST = sa.and_(revision.c.issue_id == issue.c.id, revision.c.number == issue.c.revision)
_ISSUES = sa.select(issue, revision.c.content).join(revision, _LATEST)
_TARGETS = (
    sa.select(target, recipient.c.name.label("recipient_name"))
    .join(recipient, recipient.c.id == target.c.recipient_id)
    .order_by(recipient.c.position, target.c.position, target.c.id)
)
_ALONE: Mapping[str, str] = {}
_IS_SUSPENDED = sa.and_(target.c.suspended_at.is_not(None), target.c.removed_at.is_(None))


class Pages(Part):
    # --- issues ----------------------------------------------------------------------------------------------------

    def issue_lines(
        self, *, search: str = "", states: Collection[IssueState] = (), limit: int = 20, offset: int = 0
    ) -> tuple[list[IssueLine], int]:
        """(a page of issues, newest first; how many there are). `search` looks in number, masthead and titles."""
        wanted = []
        if search:
            like = f"%{_escaped(search)}%"
            titled = sa.exists().where(article.c.revision_id == revision.c.id, article.c.title.like(like, escape="\\"))
            named = issue.c.identity.like(like, escape="\\")
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

    # --- the directory ---------------------------------------------------------------------------------------------

    def recipient_lines(
        self,
        *,
        search: str = "",
        kind: RecipientKind | None = None,
        suspended: bool = False,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[list[RecipientLine], int]:
        """(a page of units in the order of the directory, how many there are). `suspended`: those with a robot that a
        person must mend."""
        wanted = []
        if search:
            like = f"%{_escaped(search)}%"
            columns = (recipient.c.name, sa.cast(recipient.c.aliases, sa.Text), recipient.c.id)
            wanted.append(sa.or_(*(c.like(like, escape="\\") for c in columns)))
        if kind is not None:
            wanted.append(recipient.c.kind == kind)
        if suspended:
            wanted.append(sa.exists().where(target.c.recipient_id == recipient.c.id, _IS_SUSPENDED))
        query = sa.select(recipient).where(*wanted).order_by(recipient.c.position, recipient.c.id)
        with self.db.read() as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).all()
            total = int(
                connection.execute(sa.select(sa.func.count()).select_from(recipient).where(*wanted)).scalar_one()
            )
            robots: defaultdict[str, list[AnyRow]] = defaultdict(list)
            of_these = target.c.recipient_id.in_([row.id for row in rows])
            for row in connection.execute(sa.select(target).where(of_these, target.c.removed_at.is_(None))):
                robots[row.recipient_id].append(row)
        return [_recipient_line(row, robots[row.id]) for row in rows], total

    def target_lines(self, recipient_id: str | None = None) -> list[TargetLine]:
        """Robots of one unit that stand in the directory; without one, the suspended ones of all."""
        query = _TARGETS.where(target.c.recipient_id == recipient_id, target.c.removed_at.is_(None))
        if recipient_id is None:
            query = _TARGETS.where(_IS_SUSPENDED)
        with self.db.read() as connection:
            rows = connection.execute(query).all()
            sharing = _sharing(connection, rows) if recipient_id is not None else {}
        return [_target_line(row, sharing.get(row.robot_id, {})) for row in rows]

    def target_line(self, target_id: int) -> TargetLine | None:
        with self.db.read() as connection:
            row = connection.execute(_TARGETS.where(target.c.id == target_id)).one_or_none()
        return None if row is None else _target_line(row)

    def group_lines(self) -> list[Group]:
        query = sa.select(recipient_group).order_by(recipient_group.c.position, recipient_group.c.id)
        with self.db.read() as connection:
            return [
                Group(row.id, row.name, tuple(row.phrases), tuple(row.members)) for row in connection.execute(query)
            ]

    def recipient_names(self) -> dict[str, str]:
        """Id to name, in the order of the directory."""
        query = sa.select(recipient.c.id, recipient.c.name).order_by(recipient.c.position, recipient.c.id)
        with self.db.read() as connection:
            return {row.id: row.name for row in connection.execute(query)}

    # --- receipts --------------------------------------------------------------------------------------------------

    def receipt_page(
        self,
        *,
        issue_id: int | None = None,
        recipient_id: str | None = None,
        states: Collection[DeliveryState] = (),
        after: int = 0,
        limit: int = 50,
    ) -> list[ReceiptRow]:
        """Deliveries with ids above `after`, in order of id; of one recipient alone, the newest first."""
        query = ROWS.limit(limit)
        if issue_id is not None:
            query = query.where(delivery.c.issue_id == issue_id)
        if recipient_id is not None:
            query = query.where(delivery.c.recipient_id == recipient_id)
            query = query if issue_id is not None else query.order_by(None).order_by(delivery.c.id.desc())
        if after:
            query = query.where(delivery.c.id > after)
        if states:
            query = query.where(delivery.c.state.in_(list(states)))
            if FAILED.issuperset(states):
                query = query.where(IS_FAILED)
        with self.db.read() as connection:
            return [receipt_row(row) for row in connection.execute(query)]

    def in_state(self, state: DeliveryState) -> Mapping[int, int]:
        """Issue id to how many of its deliveries are in this state, newest issue first; those with none left out."""
        query = (
            sa.select(tally_table.c.issue_id, tally_table.c.count)
            .where(tally_table.c.slot == state.value, tally_table.c.count > 0)
            .order_by(tally_table.c.issue_id.desc())
        )
        with self.db.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def delivery(self, delivery_id: int) -> DeliveryDetail | None:
        attempts = (
            sa.select(attempt.c.number, attempt.c.started_at, receipt)
            .outerjoin(
                receipt, sa.and_(receipt.c.delivery_id == attempt.c.delivery_id, receipt.c.number == attempt.c.number)
            )
            .where(attempt.c.delivery_id == delivery_id)
            .order_by(attempt.c.number)
        )
        events = sa.select(reader_event.c.kind, reader_event.c.at).where(reader_event.c.delivery_id == delivery_id)
        robot = _TARGETS.join(delivery, delivery.c.target_id == target.c.id).where(delivery.c.id == delivery_id)
        said = sa.select(message.c.notes, message.c.original_id).join(delivery).where(delivery.c.id == delivery_id)
        with self.db.read() as connection:
            row = connection.execute(ROWS.where(delivery.c.id == delivery_id)).one_or_none()
            if row is None:
                return None
            lines = tuple(_attempt_line(one) for one in connection.execute(attempts))
            done = {one.kind: one.at for one in connection.execute(events)}
            robot_row = connection.execute(robot).one()
            shown = connection.execute(said).one()
        return DeliveryDetail(
            receipt_row(row),
            _target_line(robot_row),
            lines,
            opened_at=done.get("opened"),
            signed_at=done.get("signed"),
            notes=tuple(shown.notes),
            is_file=shown.original_id is not None,
        )


def _escaped(text: str) -> str:
    return text.replace("\x00", "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


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


def _recipient_line(row: AnyRow, robots: Sequence[AnyRow]) -> RecipientLine:
    return RecipientLine(
        id=row.id,
        name=row.name,
        kind=row.kind,
        aliases=tuple(row.aliases),
        enabled=row.enabled,
        targets=len(robots),
        working=sum(r.enabled and r.suspended_at is None for r in robots) if row.enabled else 0,
        suspended=sum(r.suspended_at is not None for r in robots),
    )


def _sharing(connection: sa.Connection, rows: Sequence[AnyRow]) -> dict[int, dict[str, str]]:
    """By robot that several targets share: the units (id to name) whose cards go to it."""
    robots = [row.robot_id for row in rows if row.robot_id is not None]
    found: dict[int, dict[str, str]] = {}
    if robots:
        for row in connection.execute(_TARGETS.where(target.c.robot_id.in_(robots), target.c.removed_at.is_(None))):
            found.setdefault(row.robot_id, {})[row.recipient_id] = row.recipient_name
    return found


def _target_line(row: AnyRow, sharing: Mapping[str, str] = _ALONE) -> TargetLine:
    return TargetLine(
        id=row.id,
        recipient_id=row.recipient_id,
        recipient_name=row.recipient_name,
        channel=row.channel,
        label=row.label,
        style=row.style.value,
        enabled=row.enabled,
        masked=row.masked,
        has_secret=row.secret is not None,
        mention=row.mention,
        ca_file=row.ca_file,
        attach_original=row.attach_original,
        suspended_at=row.suspended_at,
        suspended_reason=row.suspended_reason,
        shared_with=tuple(name for unit, name in sharing.items() if unit != row.recipient_id),
    )


def _attempt_line(row: AnyRow) -> AttemptLine:
    return AttemptLine(
        number=row[0],
        started_at=row.started_at,
        finished_at=row.finished_at,
        outcome=row.outcome,
        reason=row.reason,
        http_status=row.http_status,
        vendor_code=row.vendor_code,
        vendor_message=row.vendor_message,
        duration_ms=row.duration_ms,
    )
