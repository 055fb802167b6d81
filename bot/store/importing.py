"""One import of a directory: compares with what is there, writes the difference, puts it on record."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from bot.domain.directory import Directory, Group, Recipient, Target
from bot.domain.errors import ConfigError
from bot.domain.secret import mask_url

from . import keys, tally
from .columns import AnyRow
from .history import Entry, record
from .parking import park, unpark
from .schema import recipient, recipient_group, target
from .vault import TARGET_SECRET, TARGET_URL, Vault

Values = dict[str, Any]

_WRITTEN = ("label", "style", "enabled", "mention", "ca_file", "attach_original")
"""What a file says of a target besides its channel, address and secret, under the same names as the table."""


class Import:
    """Lives for one transaction. Credentials go in sealed; history shows masked addresses, never secrets."""

    def __init__(self, connection: sa.Connection, vault: Vault, now: dt.datetime) -> None:
        self.connection = connection
        self.vault = vault
        self.now = now
        self.entries: list[Entry] = []
        self.counts = Counter({"added": 0, "changed": 0, "unchanged": 0, "absent": 0})
        self._parked: list[int] = []
        self._freed: list[int] = []
        self._new: list[Values] = []
        self._moved: list[Values] = []
        self._robots: dict[tuple[str, str], int] = {}

    def run(self, directory: Directory, groups_gone: Collection[str] = (), *, who: str, why: str) -> Mapping[str, int]:
        """`groups_gone`: groups to delete; what else `directory` does not name is left alone."""
        keys.guard(self.connection, self.vault)
        self._recipients(directory)
        self._remove_groups(groups_gone)
        self._groups(directory)
        shift = tally.Shift()
        park(self.connection, self._parked, shift)
        unpark(self.connection, self._freed, shift, now=self.now)
        tally.apply(self.connection, shift)
        record(self.connection, self.entries, who=who, why=why, now=self.now)
        return dict(self.counts)

    def _recipients(self, directory: Directory) -> None:
        known = {row.id: row for row in self.connection.execute(_in_order(recipient))}
        targets: dict[str, dict[tuple[str, str], AnyRow]] = {}
        for row in self.connection.execute(sa.select(target).order_by(target.c.id).with_for_update()):
            targets.setdefault(row.recipient_id, {})[row.channel, row.fingerprint] = row
            self._robots.setdefault((row.channel, row.fingerprint), row.id)
        added: list[Values] = []
        changed: list[Values] = []
        for position, unit in enumerate(directory.recipients):
            fields = _recipient_fields(unit)
            before = _shown(known[unit.id], fields) if unit.id in known else None
            mended = self._targets(unit, targets.get(unit.id, {}), was_enabled=before is None or before["enabled"])
            # The order is the file's, but a unit that only moved has not changed.
            wanted = fields | {"id": unit.id, "position": position}
            if before is None:
                added.append(wanted)
            elif _differs(known[unit.id], wanted):
                changed.append(wanted)
            self._count(f"recipient:{unit.id}", before, fields, mended=mended)
        named = {unit.id for unit in directory.recipients}
        absent = [row for key, row in known.items() if key not in named]
        self.counts["absent"] += len(absent)
        if added:
            self.connection.execute(sa.insert(recipient), added)
        _write(self.connection, recipient, changed)
        _follow(self.connection, recipient, absent, len(directory.recipients))
        self._write_targets()

    def _targets(self, unit: Recipient, known: dict[tuple[str, str], AnyRow], *, was_enabled: bool) -> bool:
        """Compare one recipient's targets; True when any differs."""
        mended = False
        seen = set()
        for position, one in enumerate(unit.targets):
            key = (one.channel, self.vault.fingerprint(one.url))
            if key in seen:
                raise ConfigError(f"{unit.id} 的同一个群机器人写了两次：{mask_url(one.url.reveal())}。请删去一个。")
            seen.add(key)
            mended |= self._target(unit, one, position, key, known.get(key), was_enabled=was_enabled)
        for key, row in known.items():
            if key not in seen and row.removed_at is None:
                self._moved.append(_target_values(row) | {"removed_at": self.now, "enabled": False})
                self._parked.append(row.id)
                before = _target_shown(row, row.masked)
                self.entries.append(Entry("target.removed", f"target:{row.id}", before=before))
                mended = True
        return mended

    def _target(
        self,
        unit: Recipient,
        one: Target,
        position: int,
        key: tuple[str, str],
        row: AnyRow | None,
        *,
        was_enabled: bool,
    ) -> bool:
        fields: Values = {name: getattr(one, name) for name in _WRITTEN} | {"position": position}
        if row is None:
            self._new.append(
                fields
                | {
                    "recipient_id": unit.id,
                    "channel": one.channel,
                    "fingerprint": key[1],
                    "masked": mask_url(one.url.reveal()),
                    "url": self.vault.seal(one.url, column=TARGET_URL),
                    "secret": self.vault.seal(one.secret, column=TARGET_SECRET) if one.secret else None,
                }
            )
            return True
        secret = row.secret
        held = self.vault.open(secret, column=TARGET_SECRET) if secret is not None else None
        if held != one.secret:
            secret = self.vault.seal(one.secret, column=TARGET_SECRET) if one.secret else None
        values = _target_values(row) | fields | {"removed_at": None, "secret": secret}
        if values != _target_values(row):
            self._moved.append(values)
        works, worked = one.enabled and unit.enabled, row.enabled and row.removed_at is None and was_enabled
        if works != worked and row.suspended_at is None:
            (self._freed if works else self._parked).append(row.id)
        before, after = _target_shown(row, row.masked), _target_shown(one, row.masked)
        before["removed"], after["removed"] = row.removed_at is not None, False
        after["recipient"] = before["recipient"]
        if held != one.secret:
            after["secret"] = "（已更换）" if one.secret else None
        if before == after:
            return False
        self.entries.append(Entry("target.changed", f"target:{row.id}", before=before, after=after))
        return True

    def _write_targets(self) -> None:
        if self._new:
            insert = sa.insert(target).returning(target.c.id, sort_by_parameter_order=True)
            ids = self.connection.execute(insert, self._new).scalars()
            joined: list[Values] = []
            for target_id, row in zip(ids, self._new, strict=True):
                after = _plain(row) | {"recipient": row["recipient_id"], "url": row["masked"]}
                shown = {name: after[name] for name in ("recipient", "channel", "url", *_WRITTEN)}
                shown["mention"] = row["mention"].words()
                self.entries.append(Entry("target.added", f"target:{target_id}", after=shown))
                first = self._robots.setdefault((row["channel"], row["fingerprint"]), target_id)
                if first != target_id:
                    joined += [{"id": one, "robot_id": first} for one in (first, target_id)]
            _write(self.connection, target, joined)
        _write(self.connection, target, self._moved)

    def _groups(self, directory: Directory) -> None:
        known = {row.id: row for row in self.connection.execute(_in_order(recipient_group))}
        added: list[Values] = []
        changed: list[Values] = []
        for position, group in enumerate(directory.groups):
            fields = _group_fields(group)
            before = _shown(known[group.id], fields) if group.id in known else None
            wanted = fields | {"id": group.id, "position": position}
            if before is None:
                added.append(wanted)
            elif _differs(known[group.id], wanted):
                changed.append(wanted)
            self._count(f"group:{group.id}", before, fields)
        named = {group.id for group in directory.groups}
        absent = [row for key, row in known.items() if key not in named]
        self.counts["absent"] += len(absent)
        if added:
            self.connection.execute(sa.insert(recipient_group), added)
        _write(self.connection, recipient_group, changed)
        _follow(self.connection, recipient_group, absent, len(directory.groups))

    def _remove_groups(self, ids: Collection[str]) -> None:
        if not ids:
            return
        gone = recipient_group.c.id.in_(list(ids))
        for row in self.connection.execute(sa.select(recipient_group).where(gone)):
            before = {"name": row.name, "phrases": row.phrases, "members": row.members}
            self.entries.append(Entry("group.removed", f"group:{row.id}", before=before))
            self.counts["changed"] += 1
        self.connection.execute(sa.delete(recipient_group).where(gone))

    def _count(self, subject: str, before: Values | None, fields: Values, *, mended: bool = False) -> None:
        after = _plain(fields)
        if before is None:
            self.counts["added"] += 1
            self.entries.append(Entry(f"{subject.partition(':')[0]}.added", subject, after=after))
        elif before != after:
            self.counts["changed"] += 1
            self.entries.append(Entry(f"{subject.partition(':')[0]}.changed", subject, before=before, after=after))
        else:
            self.counts["changed" if mended else "unchanged"] += 1


def lock(connection: sa.Connection) -> None:
    """Whoever changes the directory next waits until this transaction ends, in whatever process."""
    for table in (recipient, recipient_group):
        connection.execute(_in_order(table)).close()


def _in_order(table: sa.Table) -> sa.Select[*tuple[Any, ...]]:
    return sa.select(table).order_by(table.c.position, table.c.id).with_for_update()


def _recipient_fields(unit: Recipient) -> Values:
    return {"name": unit.name, "kind": unit.kind, "aliases": list(unit.aliases), "enabled": unit.enabled}


def _group_fields(group: Group) -> Values:
    return {"name": group.name, "phrases": list(group.phrases), "members": list(group.members)}


def _target_values(row: AnyRow) -> Values:
    return {name: getattr(row, name) for name in ("id", *_WRITTEN, "position", "removed_at", "secret")}


def _target_shown(one: AnyRow | Target, masked: str) -> Values:
    return {
        "recipient": getattr(one, "recipient_id", None),
        "channel": one.channel,
        "url": masked,
        "label": one.label,
        "style": str(one.style),
        "enabled": one.enabled,
        "mention": one.mention.words(),
        "ca_file": one.ca_file,
        "attach_original": one.attach_original,
    }


def _shown(row: AnyRow, fields: Values) -> Values:
    return _plain({name: getattr(row, name) for name in fields})


def _differs(row: AnyRow, values: Values) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())


def _plain(values: Values) -> Values:
    """Enum members as their words."""
    return {name: str(value) if isinstance(value, str) else value for name, value in values.items()}


def _write(connection: sa.Connection, table: sa.Table, rows: list[Values]) -> None:
    if rows:
        changes: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in rows[0] if name != "id"}
        update = sa.update(table).where(table.c.id == sa.bindparam("new_id")).values(changes)
        connection.execute(update, [{f"new_{name}": value for name, value in row.items()} for row in rows])


def _follow(connection: sa.Connection, table: sa.Table, absent: list[AnyRow], start: int) -> None:
    """What the file does not name comes after it, in the order it had."""
    moved = [{"id": row.id, "position": place} for place, row in enumerate(absent, start) if row.position != place]
    _write(connection, table, moved)
