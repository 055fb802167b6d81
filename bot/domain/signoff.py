"""The *sign-off* (签收): a person at the recipient confirms; and who has not yet."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from .card import CardKind
from .issue import Issue, ListKind


@dataclass(frozen=True, slots=True)
class ReaderView:
    """What a reader link opens: the issue as that delivery had it, and what was done with the link so far."""

    delivery_id: int
    issue_id: int
    revision_id: int
    issue: Issue
    kind: CardKind
    recipient_id: str
    recipient_name: str
    list_kind: ListKind
    sent_at: dt.datetime
    in_doubt: bool
    opened_at: dt.datetime | None
    signed_at: dt.datetime | None
    signed_by: str
    signed_office: str


@dataclass(frozen=True, slots=True)
class SignOff:
    """One recipient's line on the sign-off board of an issue; the first signature of any of its targets counts."""

    recipient_id: str
    recipient_name: str
    list_kind: ListKind
    delivered_at: dt.datetime | None
    opened_at: dt.datetime | None
    signed_at: dt.datetime | None
    name: str
    office: str
    reminders: int
    reminded_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class SignOffCount:
    """How many recipients have signed, and how many have it and have not; who has not got it is in neither."""

    units: int
    signed: int
    unsigned: int


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How a source fares. `trouble` is "" while it is well."""

    id: str
    polled_at: dt.datetime | None
    good_at: dt.datetime | None
    failures: int
    trouble: str
