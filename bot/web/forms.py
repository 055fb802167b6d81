"""What forms hold, as values; ConfigError with what to mend."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Form
from pydantic import AfterValidator

from bot.domain.directory import RecipientKind
from bot.domain.errors import ConfigError
from bot.flows.roster_input import UnitFields

from .access import Visit

Text = Annotated[str, Form()]
Why = Annotated[str, Form(), AfterValidator(lambda text: text.strip()[:200])]
"""A reason for the history; what is longer is cut."""

LATER = "已登记，{day.year}年{day.month}月{day.day}日零点自动生效；在此之前可以撤回。"


def lines_of(text: str) -> tuple[str, ...]:
    """One a line, empty ones left out."""
    return tuple(line.strip() for line in text.replace("\r", "").split("\n") if line.strip())


def unit_fields(name: str, kind: str, aliases: str, enabled: bool) -> UnitFields:
    if kind not in list(RecipientKind):
        raise ConfigError("请选择类别。")
    return UnitFields(name, RecipientKind(kind), lines_of(aliases), enabled)


def day_of(visit: Visit, text: str) -> dt.date | None:
    """The day from which a change is to hold; None when the field is empty."""
    if not text.strip():
        return None
    try:
        day = dt.date.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError("生效日期请写成 2027-01-01 这样，或在日历里选。") from None
    visit.office.dated.check_day(day)
    return day
