"""The shapes of the API: instants in ISO 8601 and UTC, the words of the glossary, and never a credential."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

from bot.domain.card import CardKind, Style
from bot.domain.delivery import DeliveryState, OutcomeClass, Reason
from bot.domain.directory import Mention, Recipient, RecipientKind
from bot.domain.issue import ListKind
from bot.domain.pages import AttemptLine, HistoryLine, IssueLine, RecipientLine, Settling, TargetLine
from bot.domain.people import Role
from bot.domain.plan import ReceiptRow, StoredIssue
from bot.domain.release import Hold, IssueState
from bot.domain.signoff import SignOff
from bot.flows.roster_input import RobotFields

Item = TypeVar("Item")
Line = Annotated[str, Field(max_length=200)]
Word = Annotated[str, Field(max_length=100)]
Why = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


def _text(value: object) -> object:
    """A number would be taken for seconds since 1970: the description promises text."""
    if not isinstance(value, str):
        raise ValueError("请写成文字，如 2026-03-02T09:00:00+08:00")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_text)]


class Shape(BaseModel):
    model_config = ConfigDict(from_attributes=True, extra="forbid")


class Trouble(Shape):
    code: str
    message: str


class Problem(Shape):
    """What every error looks like."""

    error: Trouble


class Paged(Shape, Generic[Item]):
    """`next`: the `cursor` of the following page; null on the last."""

    items: list[Item]
    next: int | None


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


class Count(Shape):
    count: int


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


class MentionShape(Shape):
    """Whom the first message of an issue calls (@): everyone, members by the platform's ids, or by default nobody."""

    everyone: StrictBool = False
    members: Annotated[list[Word], Field(max_length=100)] = []

    @property
    def mention(self) -> Mention:
        return Mention(self.everyone, tuple(self.members))


class TargetOut(Shape):
    """`url` is masked."""

    id: int
    channel: str
    label: str
    style: Style
    enabled: bool
    url: str
    has_secret: bool
    mention: MentionShape
    ca_file: str | None
    attach_original: bool
    suspended_at: dt.datetime | None
    suspended_reason: Reason | None

    @classmethod
    def of(cls, line: TargetLine) -> TargetOut:
        same = ("id", "channel", "label", "enabled", "has_secret", "ca_file", "attach_original")
        return cls(
            **{name: getattr(line, name) for name in same},
            style=Style(line.style),
            url=line.masked,
            mention=MentionShape(everyone=line.mention.everyone, members=list(line.mention.members)),
            suspended_at=line.suspended_at,
            suspended_reason=line.suspended_reason,
        )


class RecipientIn(Shape):
    name: Word
    kind: RecipientKind = RecipientKind.OTHER
    aliases: Annotated[list[Word], Field(max_length=200)] = []
    enabled: StrictBool = True
    why: Line = ""


class RecipientOut(Shape):
    id: str
    name: str
    kind: RecipientKind
    aliases: list[str]
    enabled: bool

    @classmethod
    def of(cls, unit: Recipient | RecipientLine) -> RecipientOut:
        return cls(id=unit.id, name=unit.name, kind=unit.kind, aliases=list(unit.aliases), enabled=unit.enabled)


class RecipientDetail(RecipientOut):
    targets: list[TargetOut]


class TargetIn(Shape):
    """`url` and `secret` go in and never come out. The channel is recognised from the URL. `ca_file`: the name of a
    PEM file on the server, the only CA to trust there. `attach_original`: the issue's own file follows the card."""

    url: Annotated[str, Field(max_length=2000)]
    secret: Annotated[str, Field(max_length=500)] = ""
    label: Word = ""
    style: Style = Style.CARD
    mention: MentionShape = MentionShape()
    ca_file: Word | None = None
    attach_original: StrictBool = False

    @property
    def fields(self) -> RobotFields:
        return RobotFields(self.label, self.style, self.mention.mention, self.ca_file, self.attach_original)


class TargetEdit(Shape):
    """Empty `url` and `secret`, and null in `mention`, `ca_file` and `attach_original`, leave them as they are; empty
    text in `ca_file` takes it away."""

    label: Word = ""
    style: Style = Style.CARD
    enabled: StrictBool = True
    url: Annotated[str, Field(max_length=2000)] = ""
    secret: Annotated[str, Field(max_length=500)] = ""
    drop_secret: StrictBool = False
    mention: MentionShape | None = None
    ca_file: Word | None = None
    attach_original: StrictBool | None = None

    def fields(self, now: TargetLine) -> RobotFields:
        """`now`: the target as it is."""
        return RobotFields(
            self.label,
            self.style,
            now.mention if self.mention is None else self.mention.mention,
            now.ca_file if self.ca_file is None else self.ca_file,
            now.attach_original if self.attach_original is None else self.attach_original,
        )


class Tested(Shape):
    outcome: OutcomeClass
    reason: Reason
    vendor_message: str | None


class Revive(Shape):
    replay: StrictBool = False


class HistoryOut(Shape):
    id: int
    at: dt.datetime
    who: str
    action: str
    subject: str
    why: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str

    @classmethod
    def of(cls, line: HistoryLine) -> HistoryOut:
        return cls.model_validate(line)


class Me(Shape):
    name: str
    shown: str
    role: Role
    scopes: list[str]
