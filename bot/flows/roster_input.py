"""What people type about the directory, checked before it goes in. All raise ConfigError with what to mend."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.channels import objection_to_secret
from bot.domain.card import Style
from bot.domain.directory import NOBODY, Directory, Group, Mention, Recipient, RecipientKind, Target
from bot.domain.errors import ConfigError
from bot.domain.resolver import Resolver, Via, normal
from bot.domain.secret import Secret

MOST_WORDS = 200
LONGEST = 100


@dataclass(frozen=True, slots=True)
class UnitFields:
    """What a person writes about a unit."""

    name: str
    kind: RecipientKind
    aliases: tuple[str, ...] = ()
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class RobotFields:
    """What a person writes about a robot besides its address and secret; the same names as the target's."""

    label: str = ""
    style: Style = Style.CARD
    mention: Mention = NOBODY
    ca_file: str | None = None
    attach_original: bool = False


def checked(unit: Recipient, fields: UnitFields, roster: Directory) -> Recipient:
    """The unit with these fields; its name must be nobody else's."""
    name = checked_name(fields.name)
    if any(normal(other.name) == normal(name) for other in roster.recipients if other.id != unit.id):
        raise ConfigError(f"名录里已经有“{name}”。")
    aliases = tuple(a for a in checked_words(fields.aliases) if normal(a) != normal(name))
    return replace(unit, name=name, kind=fields.kind, aliases=aliases, enabled=fields.enabled)


def checked_group(group: Group, roster: Directory) -> Group:
    """The group as it may stand in this directory: a name of its own, members that there are."""
    if unknown := [m for m in group.members if m not in roster.by_id]:
        raise ConfigError(f"没有这些单位：{'、'.join(unknown[:5])}")
    if not group.members:
        raise ConfigError("分组里至少要有一个成员单位。")
    name = checked_name(group.name)
    if any(normal(other.name) == normal(name) for other in roster.groups if other.id != group.id):
        raise ConfigError(f"已经有名为“{name}”的分组。")
    return Group(group.id, name, checked_words(group.phrases), tuple(dict.fromkeys(group.members)))


def named_unit(text: str, roster: Directory) -> Recipient:
    """The unit somebody means by a name or alias typed out; near ones are suggested, never taken."""
    found = _named(text, roster)
    if found is None:
        raise ConfigError(nobody_named(text, roster))
    return found


def nobody_named(text: str, roster: Directory) -> str:
    """What to tell whoever typed this."""
    near = [roster.by_id[key].name for key in Resolver.of(roster).phrase(text).suggestions if key in roster.by_id]
    hint = f"，是不是{'、'.join(near)}？" if near else "。"
    return f"名录里没有叫“{text.strip()[:LONGEST]}”的单位{hint}"


def named_units(lines: Sequence[str], roster: Directory) -> tuple[list[str], list[str]]:
    """(ids of the units meant, lines that mean none)."""
    found = [(line, _named(line, roster)) for line in lines]
    return [unit.id for _, unit in found if unit is not None], [line for line, unit in found if unit is None]


def _named(text: str, roster: Directory) -> Recipient | None:
    found = Resolver.of(roster).exact(text)
    if found.via not in (Via.NAME, Via.ALIAS) or len(found.recipients) != 1:
        return None
    return roster.by_id[found.recipients[0]]


def checked_name(text: str) -> str:
    text = checked_text(text)
    if not normal(text):
        raise ConfigError("请填写名称。")
    return text


def checked_text(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST:
        raise ConfigError(f"太长：最多 {LONGEST} 个字。")
    if any(not c.isprintable() for c in text):
        raise ConfigError("含有不可见的字符，请删去后重试。")
    return text


def checked_words(words: Sequence[str]) -> tuple[str, ...]:
    """Each once, empty ones left out."""
    found = {normal(text): text for text in map(checked_text, words) if normal(text)}
    if len(found) > MOST_WORDS:
        raise ConfigError(f"太多：最多 {MOST_WORDS} 个。")
    return tuple(found.values())


def checked_secret(text: str, channel: str) -> Secret | None:
    """None for an empty field. ConfigError when the channel cannot sign with it."""
    if not text.strip():
        return None
    if (trouble := objection_to_secret(channel, text.strip())) is not None:
        raise ConfigError(trouble)
    return Secret(text.strip())


def with_fields(target: Target, fields: RobotFields) -> Target:
    return replace(
        target,
        label=checked_text(fields.label),
        style=fields.style,
        mention=Mention.of(map(checked_text, fields.mention.words())),
        ca_file=checked_text(fields.ca_file or "") or None,
        attach_original=fields.attach_original,
    )


def free_id(stem: str, taken: Mapping[str, object]) -> str:
    return next(key for n in itertools.count(1) if (key := f"{stem}-{n}") not in taken)
