"""What the pages and the API list: rows read for people, without credentials and without whole documents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from .delivery import DeliveryState, OutcomeClass, Reason
from .directory import Directory, Mention, RecipientKind
from .issue import ListKind
from .plan import ReceiptRow
from .release import Hold, IssueState


@dataclass(frozen=True, slots=True)
class IssueLine:
    """An issue in a list, at its latest revision."""

    id: int
    masthead: str
    label: str
    date: dt.date | None
    titles: tuple[str, ...]
    revision: int
    state: IssueState
    release_at: dt.datetime | None
    released_at: dt.datetime | None
    holds: tuple[Hold, ...]
    counts: Mapping[DeliveryState, int]
    """Deliveries by state; empty before the release."""


@dataclass(frozen=True, slots=True)
class RecipientLine:
    """A unit in a list, with how many of its robots there are, work, and are suspended."""

    id: str
    name: str
    kind: RecipientKind
    aliases: tuple[str, ...]
    enabled: bool
    targets: int
    working: int
    suspended: int


@dataclass(frozen=True, slots=True)
class TargetLine:
    """A robot as people see it: its address masked, of its secret only whether there is one."""

    id: int
    recipient_id: str
    recipient_name: str
    channel: str
    label: str
    style: str
    enabled: bool
    masked: str
    has_secret: bool
    mention: Mention
    ca_file: str | None
    attach_original: bool
    suspended_at: dt.datetime | None
    suspended_reason: Reason | None
    shared_with: tuple[str, ...] = ()
    """Names of other units in the directory whose cards go to the very same robot; told for one unit's robots only."""

    @property
    def name(self) -> str:
        return self.label or self.masked


class UnitState(NamedTuple):
    """Of all deliveries of an issue to one unit the state a person should look at first, and the first delivery."""

    recipient_id: str
    state: DeliveryState
    delivery_id: int


@dataclass(frozen=True, slots=True)
class Tile:
    """One unit on the wall of an issue."""

    recipient_id: str
    name: str
    list_kind: ListKind
    state: DeliveryState


WORST_FIRST = (
    DeliveryState.IN_DOUBT,
    DeliveryState.REFUSED,
    DeliveryState.EXHAUSTED,
    DeliveryState.RETRYING,
    DeliveryState.SENDING,
    DeliveryState.PENDING,
    DeliveryState.ACCEPTED,
    DeliveryState.CANCELLED,
)
"""What a unit with several robots shows: the first of these that any of them is in."""


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One try and what the platform answered; all but the start is None while there is no answer."""

    number: int
    started_at: dt.datetime
    finished_at: dt.datetime | None
    outcome: OutcomeClass | None
    reason: Reason | None
    http_status: int | None
    vendor_code: str | None
    vendor_message: str | None
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    """One delivery with all its attempts, oldest first, and what its recipient did with the link.

    `notes`: what had to be left out of its message, or done otherwise. `is_file`: it shows the original, no card.
    """

    row: ReceiptRow
    target: TargetLine
    attempts: tuple[AttemptLine, ...]
    opened_at: dt.datetime | None
    signed_at: dt.datetime | None
    notes: tuple[str, ...] = ()
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class RevisionLine:
    number: int
    created_at: dt.datetime
    source: str
    """How it came: the source's name, or who corrected it."""


@dataclass(frozen=True, slots=True)
class Original:
    """The file as it was received."""

    name: str
    data: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A row of the audit trail; `hash` closes over the row and the one before it."""

    id: int
    at: dt.datetime
    who: str
    action: str
    subject: str
    why: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    hash: str


@dataclass(frozen=True, slots=True)
class Upload:
    """A directory file that was read and compared. `seen` stands for the comparison that its owner was shown."""

    name: str
    directory: Directory
    notes: tuple[str, ...]
    seen: str


class Settling(StrEnum):
    """What a person may decide about a delivery that waits for one."""

    ARRIVED = "arrived"
    RESEND = "resend"
    CANCEL = "cancel"

    @property
    def chinese(self) -> str:
        return {"arrived": "确认已到达", "resend": "重新发送", "cancel": "不再发送"}[self.value]
