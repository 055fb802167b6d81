"""The shapes of issues, what people decide about them, their deliveries and sign-offs."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field

from bot.domain.card import CardKind
from bot.domain.delivery import DeliveryState, OutcomeClass, Reason
from bot.domain.issue import ListKind
from bot.domain.pages import AttemptLine, IssueLine, Settling
from bot.domain.plan import ReceiptRow, StoredIssue
from bot.domain.release import Hold, IssueState
from bot.domain.signoff import SignOff

from .models import Line, Shape

Why = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


def _text(value: object) -> object:
    """A number would be taken for seconds since 1970: the description promises text."""
    if not isinstance(value, str):
        raise ValueError("请写成文字，如 2026-03-02T09:00:00+08:00")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_text)]


class HoldOut(Shape):
    code: str
    message: str


class IssueOut(Shape):
    id: int
    masthead: str
    label: str
    date: dt.date | None
    revision: int
    revision_id: int | None = None
    """Null in lists."""
    state: IssueState
    release_at: dt.datetime | None
    released_at: dt.datetime | None
    holds: list[HoldOut]
    counts: dict[DeliveryState, int]

    @classmethod
    def of_line(cls, line: IssueLine) -> IssueOut:
        return cls(
            **{name: getattr(line, name) for name in ("id", "masthead", "label", "date", "revision", "state")},
            release_at=line.release_at,
            released_at=line.released_at,
            holds=_holds(line.holds),
            counts=dict(line.counts),
        )

    @classmethod
    def of_stored(cls, stored: StoredIssue, counts: dict[DeliveryState, int]) -> IssueOut:
        return cls(
            id=stored.id,
            masthead=stored.issue.masthead,
            label=stored.issue.label,
            date=stored.issue.date,
            revision=stored.revision,
            revision_id=stored.revision_id,
            state=stored.state,
            release_at=stored.release_at,
            released_at=stored.released_at,
            holds=_holds(stored.holds),
            counts=counts,
        )


def _holds(holds: tuple[Hold, ...]) -> list[HoldOut]:
    return [HoldOut(code=h.code, message=h.message) for h in holds]


class Decision(Shape):
    """`revision_id`: the one the caller has seen; null skips the check."""

    why: Line = ""
    revision_id: Annotated[int, Field(strict=True)] | None = None


class Reasoned(Decision):
    """A decision that nobody understands later without its reason."""

    why: Why


class Moved(Decision):
    """`at`: the new moment of release, in ISO 8601 with its offset."""

    at: Moment


class Released(IssueOut):
    new_deliveries: int


class DeliveryOut(Shape):
    id: int
    issue_id: int
    recipient: str
    recipient_name: str
    channel: str
    target: str
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

    @classmethod
    def of(cls, row: ReceiptRow) -> DeliveryOut:
        return cls.model_validate(row)


class AttemptOut(Shape):
    number: int
    started_at: dt.datetime
    finished_at: dt.datetime | None
    outcome: OutcomeClass | None
    reason: Reason | None
    http_status: int | None
    vendor_code: str | None
    vendor_message: str | None
    duration_ms: int | None

    @classmethod
    def of(cls, line: AttemptLine) -> AttemptOut:
        return cls.model_validate(line)


class DeliveryDetailOut(Shape):
    """`notes`: what had to be left out of its message, or done otherwise. `is_file`: it shows the original file."""

    delivery: DeliveryOut
    attempts: list[AttemptOut]
    opened_at: dt.datetime | None
    signed_at: dt.datetime | None
    notes: list[str]
    is_file: bool


class Settle(Shape):
    act: Settling
    why: Line = ""


class SignOffOut(Shape):
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

    @classmethod
    def of(cls, line: SignOff) -> SignOffOut:
        return cls.model_validate(line)
