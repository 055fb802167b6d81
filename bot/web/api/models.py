"""The shapes every part of the API has: instants in ISO 8601 and UTC, the words of the glossary, never a credential."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from bot.domain.pages import HistoryLine
from bot.domain.people import Role

Item = TypeVar("Item")
Line = Annotated[str, Field(max_length=200)]
Word = Annotated[str, Field(max_length=100)]


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


class Count(Shape):
    count: int


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
