"""The directory in the database: read as a whole, targets by recipient, imports (importing.py)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from bot.domain.directory import Directory, Group, Lookup, Recipient, Target
from bot.domain.plan import StoredTarget

from .columns import AnyRow
from .importing import Import
from .lookup import StoredDirectory
from .part import Part
from .schema import history, history_head, recipient, recipient_group, target
from .vault import TARGET_SECRET, TARGET_URL

CHUNK = 500

_RECIPIENTS = sa.select(recipient).order_by(recipient.c.position, recipient.c.id)
_TARGETS = (
    sa.select(target)
    .join(recipient)
    .where(target.c.removed_at.is_(None))
    .order_by(recipient.c.position, recipient.c.id, target.c.position, target.c.id)
)
_GROUPS = sa.select(recipient_group).order_by(recipient_group.c.position, recipient_group.c.id)


_TOUCHED = (
    sa.select(history.c.id)
    .where(
        history.c.id > sa.bindparam("after"),
        sa.or_(*(history.c.subject.startswith(f"{kind}:") for kind in ("recipient", "target", "group", "dated"))),
    )
    .limit(1)
)


class Directories(Part):
    _kept: tuple[int, Directory] | None = None

    def directory(self) -> Directory:
        """All recipients, targets (with their credentials) and groups, in the order they were imported in.

        The same object for as long as nothing has gone on record that concerns it: every change does, whoever makes it.
        """
        with self.db.read() as connection:
            rows: int = connection.execute(sa.select(history_head.c.rows)).scalar_one()
            kept = self._kept
            if kept is not None and not connection.execute(_TOUCHED, {"after": kept[0]}).first():
                found = kept[1]
            else:
                found = self._directory(connection)
        self._kept = (rows, found)
        return found

    @contextmanager
    def lookup(self) -> Iterator[Lookup]:
        """What resolving asks of the directory, answered as of this moment; nothing of it is held in memory."""
        with self.db.snapshot() as connection:
            yield StoredDirectory(connection)

    def _directory(self, connection: sa.Connection) -> Directory:
        recipients = [unit for _, unit, _ in self._recipients(connection, _RECIPIENTS, _TARGETS)]
        groups = [
            Group(row.id, row.name, tuple(row.phrases), tuple(row.members)) for row in connection.execute(_GROUPS)
        ]
        return Directory(tuple(recipients), tuple(groups))

    def targets(self, recipient_ids: Sequence[str]) -> list[StoredTarget]:
        """Enabled targets of these recipients, in directory order, suspended ones included."""
        found: list[tuple[int, StoredTarget]] = []
        with self.db.read() as connection:
            for start in range(0, len(recipient_ids), CHUNK):
                chosen = recipient.c.id.in_(recipient_ids[start : start + CHUNK])
                of_these = self._recipients(connection, _RECIPIENTS.where(chosen), _TARGETS.where(chosen))
                for place, unit, rows in of_these:
                    if unit.enabled:
                        found += [
                            (place, StoredTarget(row.id, unit, one, row.suspended_at, row.suspended_reason))
                            for row, one in zip(rows, unit.targets, strict=True)
                            if one.enabled
                        ]
        found.sort(key=lambda placed: placed[0])
        return [stored for _, stored in found]

    def target_owner(self, target_id: int) -> tuple[str, str]:
        """The name of the unit a target belongs to, and how the target is shown: label or masked address."""
        query = (
            sa.select(recipient.c.name, target.c.label, target.c.masked)
            .join(recipient, recipient.c.id == target.c.recipient_id)
            .where(target.c.id == target_id)
        )
        with self.db.read() as connection:
            row = connection.execute(query).one()
        return row.name, row.label or row.masked

    def import_directory(self, directory: Directory, *, who: str, why: str, now: dt.datetime) -> Mapping[str, int]:
        """Add and update, all or nothing, with history; what the file does not name is left alone.

        A target is known by recipient, channel and URL: a changed URL is a new target, and the old one is taken out
        of the directory. Suspensions and cool-downs survive. Counts are of recipients and groups: `added`,
        `changed`, `unchanged`, `absent` (in the database, not in `directory`).
        """
        with self.db.write() as connection:
            counts = Import(connection, self.vault, now).run(directory, who=who, why=why)
        # An import that only moves units about is not on record.
        self._kept = None
        return counts

    def _recipients(
        self, connection: sa.Connection, recipients: sa.Select[*tuple[Any, ...]], targets: sa.Select[*tuple[Any, ...]]
    ) -> list[tuple[int, Recipient, list[AnyRow]]]:
        """(place in the directory, recipient, the rows of its targets), in order."""
        by_recipient: defaultdict[str, list[AnyRow]] = defaultdict(list)
        for row in connection.execute(targets):
            by_recipient[row.recipient_id].append(row)
        return [
            (
                row.position,
                Recipient(
                    id=row.id,
                    name=row.name,
                    kind=row.kind,
                    aliases=tuple(row.aliases),
                    enabled=row.enabled,
                    targets=tuple(self._target(one) for one in by_recipient[row.id]),
                ),
                by_recipient[row.id],
            )
            for row in connection.execute(recipients)
        ]

    def _target(self, row: AnyRow) -> Target:
        return Target(
            channel=row.channel,
            url=self.vault.open(row.url, column=TARGET_URL),
            label=row.label,
            secret=self.vault.open(row.secret, column=TARGET_SECRET) if row.secret is not None else None,
            style=row.style,
            enabled=row.enabled,
            mention=row.mention,
            ca_file=row.ca_file,
            attach_original=row.attach_original,
        )
