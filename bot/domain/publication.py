"""A *publication* (the 简报 itself): where its issues come from, when they go out, who must agree, who is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from .issue import ListKind
from .resolver import normal


class DayRule(StrEnum):
    """Which day an issue goes out when its date is no workday."""

    AS_DATED = "as_dated"
    NEXT_WORKDAY = "next_workday"
    PREVIOUS_WORKDAY = "previous_workday"


class Approval(StrEnum):
    """Who must agree before an issue goes out by itself. `two_person`: two different people."""

    AUTOMATIC = "automatic"
    ONE_PERSON = "one_person"
    TWO_PERSON = "two_person"

    @property
    def needed(self) -> int:
        """Approvals by different people."""
        return {"automatic": 0, "one_person": 1, "two_person": 2}[self.value]


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source as configured. `kind` is `inbox` or `website`; `options` are checked by the source's own module."""

    id: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    every_s: int = 600
    alert_after_failures: int = 3


@dataclass(frozen=True, slots=True)
class Publication:
    """`mastheads`: the names its issues carry; the publication without any takes what no other claims."""

    id: str
    name: str
    mastheads: tuple[str, ...] = ()
    sources: tuple[SourceSpec, ...] = ()
    release_time: dt.time | None = None
    """None: the installation's `release_time`."""
    day_rule: DayRule = DayRule.AS_DATED
    approval: Approval = Approval.AUTOMATIC
    deliver: tuple[ListKind, ...] = (ListKind.SEND, ListKind.COPY)
    late_grace: dt.timedelta | None = None
    remind_after_workdays: int | None = None
    """Workdays without a sign-off after which a reminder (催办) goes out; None: no reminders."""
    remind_at_most: int = 2
    alert: tuple[str, ...] = ()
    """Recipient ids whose targets are told when a person is needed."""
    templates_dir: Path | None = None
    """Folder whose templates win over the installation's for this publication; None: none of its own."""


DEFAULT = Publication("default", "简报")
"""What an installation without publications has: everything is its, and the installation's settings hold."""

OTHER = Publication("default", "其他简报", approval=Approval.ONE_PERSON)
"""What no configured publication claims: a bulletin nobody announced does not go out by itself."""


def publication_for(masthead: str, publications: Sequence[Publication]) -> Publication:
    """The one that claims `masthead`, compared as list phrases are; else the one without mastheads, else OTHER."""
    key = normal(masthead)
    claimed = (p for p in publications if key in map(normal, p.mastheads))
    unclaiming = (p for p in publications if not p.mastheads)
    return next(claimed, None) or next(unclaiming, OTHER)
