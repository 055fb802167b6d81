"""The *release* (the moment and act of publishing) and the life of an issue up to it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo


class IssueState(StrEnum):
    """`held` waits for a person (`holds` say why); `scheduled` goes out by itself at `release_at`."""

    HELD = "held"
    SCHEDULED = "scheduled"
    RELEASED = "released"
    CANCELLED = "cancelled"

    @property
    def chinese(self) -> str:
        return {"held": "待人工处理", "scheduled": "待发布", "released": "已发布", "cancelled": "已取消"}[self.value]


OPEN = (IssueState.HELD, IssueState.SCHEDULED)
"""Waiting for a person, or for its moment: what becomes of it can still change."""


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason why an issue waits for a person: a fixed `code`, and a sentence in Chinese with what to do."""

    code: str
    message: str


def release_moment(date: dt.date, at: dt.time, zone: ZoneInfo) -> dt.datetime:
    """`at` o'clock on the issue's `date` in `zone`, as UTC."""
    return dt.datetime.combine(date, at, zone).astimezone(dt.UTC)


def too_late(release_at: dt.datetime, now: dt.datetime, grace: dt.timedelta) -> bool:
    """Past the grace an issue is held and a person told, so that nothing goes out years late by surprise."""
    return now - release_at > grace
