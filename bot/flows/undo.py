"""Undo (撤销): put back what one line of the history changed.

What others changed since stays, except in the same fields. The undoing is a change like any other, on record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.domain.card import Style
from bot.domain.directory import Directory, Group, Mention, Recipient, RecipientKind, Target
from bot.domain.errors import ConfigError
from bot.domain.pages import HistoryLine

from .roster import Roster
from .roster_input import UnitFields, checked, checked_group

Values = Mapping[str, Any]

UNDOABLE = (
    *("recipient.added", "recipient.changed", "group.added", "group.changed", "group.removed"),
    *("target.added", "target.changed", "target.removed"),
)


def undoable(line: HistoryLine) -> bool:
    """Can `undo` put this back?"""
    return line.action in UNDOABLE


def undo(roster: Roster, row_id: int, *, who: str) -> None:
    """ConfigError when this line cannot be undone, or no longer."""
    line = roster.store.history_line(row_id)
    if line is None or not undoable(line):
        raise ConfigError("这条记录不能撤销。")
    kind, _, key = line.subject.partition(":")
    why, before, after = f"撤销第 {row_id} 条记录", line.before or {}, line.after or {}
    if kind == "target":
        _target(roster, int(key), line.action, before, who, why)
    elif kind == "group":
        _group(roster, key, before, after, who, why)
    elif line.action == "recipient.added":
        roster.unit(key, lambda unit, _: replace(unit, enabled=False), who, why)
    else:

        def change(unit: Recipient, everything: Directory) -> Recipient:
            fields = _mixed(unit, before, after)
            kind_, aliases = RecipientKind(fields["kind"]), tuple(fields["aliases"])
            return checked(unit, UnitFields(fields["name"], kind_, aliases, fields["enabled"]), everything)

        roster.unit(key, change, who, why)


def _mixed(thing: Recipient | Group, before: Values, after: Values) -> dict[str, Any]:
    """The earlier value of what the line changed, the present one of what it left alone."""
    return {f: before[f] if before[f] != after.get(f) else getattr(thing, f) for f in before}


def _target(roster: Roster, target_id: int, action: str, before: Values, who: str, why: str) -> None:
    removed = roster.store.removed_target(target_id)
    if removed is not None and (action == "target.removed" or before.get("removed") is False):
        owner, target = removed
        roster.unit(owner, lambda u, _: replace(u, targets=(*u.targets, replace(target, enabled=True))), who, why)
    elif action == "target.added" or before.get("removed"):
        roster.target(target_id, lambda _: None, who, why)
    elif action == "target.changed":
        roster.target(target_id, lambda t: _as_before(t, before), who, why)
    else:
        raise ConfigError("这个群机器人已经恢复，不用再撤销。")


def _as_before(target: Target, before: Values) -> Target:
    """With the fields a line of the history shows; lines of older versions know fewer of them."""
    words = before.get("mention")
    return replace(
        target,
        label=str(before["label"]),
        style=Style(before["style"]),
        enabled=bool(before["enabled"]),
        mention=target.mention if words is None else Mention.of(words),
        ca_file=before.get("ca_file", target.ca_file),
        attach_original=before.get("attach_original", target.attach_original),
    )


def _group(roster: Roster, key: str, before: Values, after: Values, who: str, why: str) -> None:
    def change(everything: Directory) -> Directory:
        known = {g.id: g for g in everything.groups}
        if not before:
            return replace(everything, groups=tuple(g for g in everything.groups if g.id != key))
        if not after:
            if key in known:
                raise ConfigError("这个分组已经恢复，不用再撤销。")
            return replace(everything, groups=(*everything.groups, _as_group(key, before, everything)))
        if key not in known:
            raise ConfigError("这个分组已经删除；要恢复它，请撤销删除的那条记录。")
        back = _as_group(key, _mixed(known[key], before, after), everything)
        return replace(everything, groups=tuple(back if g.id == key else g for g in everything.groups))

    roster.edit(change, who, why)


def _as_group(key: str, fields: Values, everything: Directory) -> Group:
    return checked_group(
        Group(key, str(fields["name"]), tuple(fields["phrases"]), tuple(fields["members"])), everything
    )
