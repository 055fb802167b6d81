"""The *directory* (名录): recipients, their targets, and the groups that collective phrases stand for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Protocol

from .card import Style
from .secret import Secret


class RecipientKind(StrEnum):
    COUNTY_GOVERNMENT = "county_government"
    MUNICIPAL_DEPARTMENT = "municipal_department"
    ZONE = "zone"
    LEADER_OFFICE = "leader_office"
    OTHER = "other"

    @property
    def chinese(self) -> str:
        return {
            "county_government": "县级政府",
            "municipal_department": "市直部门",
            "zone": "功能区",
            "leader_office": "领导机关",
            "other": "其他单位",
        }[self.value]


EVERYONE = ("all", "所有人", "@all", "@所有人")
"""What people write for everyone in the group: the first in YAML files, the second where people read it."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Whom the first message to a target calls by name (@); `members` are ids as the vendor knows them."""

    everyone: bool = False
    members: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: Iterable[str]) -> Mention:
        """From members' ids, each once, and any word of EVERYONE among them."""
        found = dict.fromkeys(words)
        return cls(any(word in EVERYONE for word in found), tuple(w for w in found if w not in EVERYONE))

    def words(self, everyone: str = EVERYONE[1]) -> tuple[str, ...]:
        """What `of` would make it of; empty for nobody."""
        return (everyone, *self.members) if self.everyone else self.members


NOBODY = Mention()


@dataclass(frozen=True, slots=True)
class Target:
    """One group bot. `url` is a credential; `secret` the signing secret where the vendor has one.

    `ca_file`: the only certificate authorities to trust there, for a private deployment; None: the public ones.
    `attach_original`: the issue's own file goes after the card.
    """

    channel: str
    url: Secret
    label: str = ""
    secret: Secret | None = None
    style: Style = Style.CARD
    enabled: bool = True
    mention: Mention = NOBODY
    ca_file: str | None = None
    attach_original: bool = False


@dataclass(frozen=True, slots=True)
class Recipient:
    """A unit. `id` is the stable name people and files refer to; `name` is the official full name."""

    id: str
    name: str
    kind: RecipientKind = RecipientKind.OTHER
    aliases: tuple[str, ...] = ()
    enabled: bool = True
    targets: tuple[Target, ...] = ()

    @property
    def reachable(self) -> bool:
        return self.enabled and any(t.enabled for t in self.targets)


@dataclass(frozen=True, slots=True)
class Group:
    """What a collective phrase stands for: `phrases` as printed on lists, `members` recipient ids in order."""

    id: str
    name: str
    phrases: tuple[str, ...] = ()
    members: tuple[str, ...] = ()


class Lookup(Protocol):
    """A directory as far as resolving asks of it: in memory, or where it is stored, however large.

    Words are as written, each with the id of the unit or group it stands for.
    """

    def names(self) -> Iterable[tuple[str, str]]: ...
    def aliases(self) -> Iterable[tuple[str, str]]: ...
    def phrases(self) -> Iterable[tuple[str, str]]:
        """What collective phrases are called: groups' names count as such."""
        ...

    def members(self, group_id: str) -> tuple[str, ...]: ...
    def unreachable(self, ids: Collection[str]) -> tuple[str, ...]:
        """Those of these units that have no working target, in the order of `ids`."""
        ...

    def called(self, ids: Iterable[str]) -> tuple[str, ...]:
        """The names of these units."""
        ...


@dataclass(frozen=True)
class Directory:
    """All of it, in memory. Built only through checks that guarantee unique ids and existing members."""

    recipients: tuple[Recipient, ...] = ()
    groups: tuple[Group, ...] = field(default=())

    @cached_property
    def by_id(self) -> dict[str, Recipient]:
        return {r.id: r for r in self.recipients}

    @cached_property
    def _members(self) -> dict[str, tuple[str, ...]]:
        return {g.id: g.members for g in self.groups}

    def names(self) -> Iterable[tuple[str, str]]:
        return ((r.name, r.id) for r in self.recipients)

    def aliases(self) -> Iterable[tuple[str, str]]:
        return ((alias, r.id) for r in self.recipients for alias in r.aliases)

    def phrases(self) -> Iterable[tuple[str, str]]:
        return ((phrase, g.id) for g in self.groups for phrase in (g.name, *g.phrases))

    def members(self, group_id: str) -> tuple[str, ...]:
        return self._members[group_id]

    def unreachable(self, ids: Collection[str]) -> tuple[str, ...]:
        return tuple(one for one in ids if not self.by_id[one].reachable)

    def called(self, ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.by_id[one].name for one in ids)
