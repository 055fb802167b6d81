"""Units, robots and groups in lists: a page at a time, addresses masked, secrets left where they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from bot.domain.directory import Group, RecipientKind
from bot.domain.pages import RecipientLine, TargetLine

from .columns import AnyRow, contains
from .part import Part
from .schema import recipient, recipient_group, target

TARGETS = (
    sa.select(target, recipient.c.name.label("recipient_name"))
    .join(recipient, recipient.c.id == target.c.recipient_id)
    .order_by(recipient.c.position, target.c.position, target.c.id)
)
_ALONE: Mapping[str, str] = {}
_IS_SUSPENDED = sa.and_(target.c.suspended_at.is_not(None), target.c.removed_at.is_(None))


class DirectoryLines(Part):
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
            columns = (recipient.c.name, sa.cast(recipient.c.aliases, sa.Text), recipient.c.id)
            wanted.append(sa.or_(*(contains(c, search) for c in columns)))
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
        query = TARGETS.where(target.c.recipient_id == recipient_id, target.c.removed_at.is_(None))
        if recipient_id is None:
            query = TARGETS.where(_IS_SUSPENDED)
        with self.db.read() as connection:
            rows = connection.execute(query).all()
            sharing = _sharing(connection, rows) if recipient_id is not None else {}
        return [target_line(row, sharing.get(row.robot_id, {})) for row in rows]

    def target_line(self, target_id: int) -> TargetLine | None:
        with self.db.read() as connection:
            row = connection.execute(TARGETS.where(target.c.id == target_id)).one_or_none()
        return None if row is None else target_line(row)

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
        for row in connection.execute(TARGETS.where(target.c.robot_id.in_(robots), target.c.removed_at.is_(None))):
            found.setdefault(row.robot_id, {})[row.recipient_id] = row.recipient_name
    return found


def target_line(row: AnyRow, sharing: Mapping[str, str] = _ALONE) -> TargetLine:
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
