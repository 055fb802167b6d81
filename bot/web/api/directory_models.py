"""The shapes of units and their robots; addresses and secrets go in and never come out."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field, StrictBool

from bot.domain.card import Style
from bot.domain.delivery import OutcomeClass, Reason
from bot.domain.directory import Mention, Recipient, RecipientKind
from bot.domain.pages import RecipientLine, TargetLine
from bot.flows.roster_input import RobotFields

from .models import Line, Shape, Word


class MentionShape(Shape):
    """Whom the first message of an issue calls (@): everyone, members by the platform's ids, or by default nobody."""

    everyone: StrictBool = False
    members: list[Word] = Field(default=[], max_length=100)

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
    aliases: list[Word] = Field(default=[], max_length=200)
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
