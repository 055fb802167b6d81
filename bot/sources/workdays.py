"""Workdays from the chinesecalendar package, which keeps the State Council's yearly notices as data."""

from __future__ import annotations

import datetime as dt

import chinese_calendar

from bot.domain.calendar import NoCalendar

_NEW_YEAR = dt.timedelta(days=3)
"""Next year's notice may turn 29-31 December (as in 2018) into days off or make-up workdays."""


def is_workday(day: dt.date) -> bool:
    """Is this day worked, holidays and make-up workdays (调休) included?

    Raises NoCalendar where the package has no data: before 2004, after its last year, and on the last three days of
    that year, which the notice of the year after may still change.
    """
    try:
        chinese_calendar.is_workday(day + _NEW_YEAR)
        return bool(chinese_calendar.is_workday(day))
    except (NotImplementedError, OverflowError) as error:
        raise NoCalendar(
            f"没有 {day.year} 年完整的节假日安排，无法判断 {day} 是否上班；请升级 chinesecalendar。"
        ) from error
