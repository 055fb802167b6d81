"""Workdays as the State Council decrees them, and the day rules that follow. The calendar itself is an argument."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from .errors import JianbaoError
from .publication import DayRule

_FURTHEST = 30
"""Days: the longest run of days off ever decreed is 8; beyond this the calendar is wrong, not the holiday long."""


class NoCalendar(JianbaoError):  # noqa: N818 - it states a fact; the flows hold the issue on it
    """The calendar has no data for that year: whether the day is a workday is not known."""


class Workdays(Protocol):
    """Is this day worked? Holidays and make-up workdays (调休) included. Raises NoCalendar outside its data."""

    def __call__(self, day: dt.date) -> bool: ...


def release_day(date: dt.date, rule: DayRule, is_workday: Workdays) -> dt.date:
    """The day an issue dated `date` goes out. Raises NoCalendar when the rule needs a day the calendar lacks."""
    if rule is DayRule.AS_DATED:
        return date
    step = dt.timedelta(days=1 if rule is DayRule.NEXT_WORKDAY else -1)
    day = date
    for _ in range(_FURTHEST):
        if is_workday(day):
            return day
        day += step
    raise NoCalendar(f"从 {date} 起 {_FURTHEST} 天内没有工作日，日历数据有误。")


def add_workdays(date: dt.date, count: int, is_workday: Workdays) -> dt.date:
    """The `count`-th workday after `date`; `date` itself does not count."""
    day = date
    while count > 0:
        day += dt.timedelta(days=1)
        count -= is_workday(day)
    return day
