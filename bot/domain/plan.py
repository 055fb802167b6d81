"""A *plan*: who gets which bytes, frozen at release so that the ledger shows who was on the list then."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .card import CardKind, Style
from .delivery import DeliveryState, Reason, Settlement, Verdict
from .directory import NOBODY, Mention, Recipient, Target
from .issue import Issue, ListKind
from .release import Hold, IssueState
from .resolver import Resolution
from .secret import Secret


@dataclass(frozen=True, slots=True)
class StoredIssue:
    """An issue as the store knows it, at its latest revision (`revision` counts from 1)."""

    id: int
    revision_id: int
    revision: int
    issue: Issue
    state: IssueState
    release_at: dt.datetime | None
    released_at: dt.datetime | None = None
    holds: tuple[Hold, ...] = ()
    new_revision: bool = False
    """True in the answer to `save_issue` when the content had not been seen before."""


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """One person's approval of exactly this content, with what was held against it before their eyes."""

    who: str
    at: dt.datetime
    why: str
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredTarget:
    """A target with its row id and what stands in the way of sending to it."""

    id: int
    recipient: Recipient
    target: Target
    suspended_at: dt.datetime | None = None
    suspended_reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class PlanTarget:
    """A target as far as planning looks at it: its credentials stay sealed."""

    id: int
    recipient_id: str
    channel: str
    style: Style
    suspended: bool = False
    mention: Mention = NOBODY
    attach_original: bool = False


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """The file a revision was read from, as far as planning looks at it; `size` in bytes."""

    id: int
    size: int


@dataclass(frozen=True, slots=True)
class PlannedMessage:
    """Bytes shared by every delivery of one channel, style, list and mention; LINK_TOKEN stands for the reader token.

    `original_id`: this is the message that shows the received file, which is uploaded first; MEDIA_TOKEN in `body`.
    """

    channel: str
    style: Style
    list_kind: ListKind
    part: int
    parts: int
    body: bytes
    notes: tuple[str, ...] = ()
    original_id: int | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """One delivery to be; `message` is an index into the plan's messages.

    `state` is `pending`, or `refused` with `reason` when the target is suspended: the receipt tells the truth.
    """

    recipient_id: str
    target_id: int
    list_kind: ListKind
    part: int
    parts: int
    message: int
    state: DeliveryState = DeliveryState.PENDING
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a release writes, in one transaction with the state change of the issue.

    `deliveries` may be made while they are asked for, and `messages` may then grow by what a delivery refers to.
    """

    issue_id: int
    revision_id: int
    kind: CardKind
    resolution: Resolution
    messages: Sequence[PlannedMessage]
    deliveries: Iterable[PlannedDelivery]
    round: int = 0
    """Which reminder this is, from 1; 0 for the issue itself and for corrections."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery this worker may send now: its state is `sending` and attempt `number` is durable."""

    delivery_id: int
    number: int
    issue_id: int
    recipient_id: str
    target_id: int
    channel: str
    url: Secret
    secret: Secret | None
    message_id: int
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A planned message's bytes; `original_id`: the file to be uploaded before it, None for nearly all."""

    body: bytes
    original_id: int | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The end of one attempt, to be written: the receipt and the delivery's new state."""

    claimed: Claimed
    started_at: dt.datetime
    finished_at: dt.datetime
    verdict: Verdict
    settlement: Settlement


@dataclass(frozen=True, slots=True)
class Turn:
    """What one ledger transaction gave: work to do now, and when the next falls due (None: nothing is open).

    `waits`: (channel, seconds) of each due delivery that was put off, by pace, cool-down, ceiling or a busy target.
    """

    claimed: tuple[Claimed, ...]
    next_due: dt.datetime | None
    waits: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """One line of the ledger as people and exports see it: a delivery with its latest attempt's answer."""

    id: int
    issue_id: int
    recipient: str
    recipient_name: str
    channel: str
    target: str
    """The target's label, or its masked address: never the URL."""
    list_kind: ListKind
    kind: CardKind
    part: int
    parts: int
    state: DeliveryState
    outcome: str | None
    reason: Reason | None
    attempts: int
    vendor_code: str | None
    vendor_message: str | None
    http_status: int | None
    accepted_at: dt.datetime | None
    next_try_at: dt.datetime | None
