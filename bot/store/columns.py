"""Column types: instants as integers, words of the domain's enums, JSON texts."""

from __future__ import annotations

import datetime as dt
import json
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from bot.domain.directory import NOBODY, Mention

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


def to_micros(at: dt.datetime) -> int:
    """Microseconds since 1970-01-01 UTC; ValueError for a naive datetime, which names no moment."""
    if at.tzinfo is None:
        raise ValueError(f"a naive datetime cannot be stored: {at.isoformat()}")
    return (at - EPOCH) // MICROSECOND


def from_micros(micros: int) -> dt.datetime:
    return EPOCH + dt.timedelta(microseconds=micros)


AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]
"""A result row whose columns the type checker need not know."""


class Instant(sa.types.TypeDecorator[dt.datetime]):
    """An aware datetime, kept as microseconds since 1970 UTC: exact, comparable and the same on every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> dt.datetime | None:
        return None if value is None else from_micros(value)


class JsonText(sa.types.TypeDecorator[Any]):
    """JSON as text, so that the two databases keep the same characters."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return canonical(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class MentionText(sa.types.TypeDecorator[Mention]):
    """A mention as a JSON list of its words; NULL for nobody, as nearly all are."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Mention | None, dialect: Dialect) -> str | None:
        return None if value is None or value == NOBODY else canonical(value.words())

    def process_result_value(self, value: str | None, dialect: Dialect) -> Mention:
        return NOBODY if value is None else _mention(value)


@lru_cache(maxsize=1024)
def _mention(text: str) -> Mention:
    return Mention.of(json.loads(text))


def canonical(value: Any) -> str:
    """One text for one value: sorted keys, no spaces, characters as they are."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def contains(column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    """Has the column `text` in it, character for character? NUL is passed over: no database keeps it in a text."""
    return column.contains(text.replace("\x00", ""), autoescape=True)


def word(kind: type[StrEnum]) -> sa.Enum:
    """A column holding the values (not the names) of `kind`, as text that later versions may add words to."""
    return sa.Enum(kind, native_enum=False, length=32, values_callable=lambda members: [m.value for m in members])


def serial() -> sa.types.TypeEngine[int]:
    """A 64-bit row id. SQLite numbers rows by itself only under the name INTEGER, which is 64-bit there."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
