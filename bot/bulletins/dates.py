"""Dates as bulletins print them, a full day only.

2022年1月29日, ２０２２．６．１６, 2022-06-16, 二〇二二年六月十六日, 二00八年元月二日. A month alone is no date, and
neither is a span (`5月23日—29日` is the period a bulletin reports on).
"""

from __future__ import annotations

import datetime as dt
import re

from bot.bulletins.numerals import CHINESE, number

_YEAR = r"(?P<year>(?:[12]\s*\d\s*\d\s*\d|[一二]\s*(?:[〇零○Oo0-9一二三四五六七八九]\s*){3}))"
_PART = rf"(?:\d\s*\d?|(?:{CHINESE}\s*){{1,3}}|元\s*)"
_DATE = re.compile(
    rf"(?<![\d]){_YEAR}\s*(?:年\s*(?P<month>{_PART})\s*月\s*(?P<day>{_PART})\s*[日号]"
    r"|(?P<sep>[-./·])\s*(?P<m>\d{1,2})\s*(?P=sep)\s*(?P<d>\d{1,2})(?!\d)(?:\s*日)?)"
)
_MONTH_ONLY = re.compile(rf"{_YEAR}\s*年\s*(?P<month>{_PART})\s*月(?!\s*{_PART}\s*[日号])")
_SPAN_AFTER = re.compile(
    rf"\s*(?:[-—–―~～至到]+)\s*(?:{_YEAR.replace('?P<year>', '?:')}\s*年\s*)?(?:{_PART}\s*月\s*)?{_PART}\s*[日号]"
)
_SPAN_BEFORE = re.compile(r"[日号]\s*[-—–―~～至到]+\s*$")


class PrintedDate:
    """A date found in a text: where it stands, and the day (None when no calendar has it, e.g. 2月30日)."""

    __slots__ = ("day", "end", "start", "year")

    def __init__(self, start: int, end: int, year: int, day: dt.date | None) -> None:
        self.start, self.end, self.year, self.day = start, end, year, day


def _value(text: str) -> int:
    text = re.sub(r"\s", "", text)
    return 1 if text == "元" else (number(text) or 0)


def find(text: str) -> list[PrintedDate]:
    """Every single day printed in `text` (as `characters.plain` gives it), in order; spans are left out."""
    found = []
    for m in _DATE.finditer(text):
        if _SPAN_AFTER.match(text, m.end()) or _SPAN_BEFORE.search(text[: m.start()]):
            continue
        year = _value(m["year"])
        month, day = _value(m["month"] or m["m"]), _value(m["day"] or m["d"])
        try:
            value = dt.date(year, month, day)
        except ValueError:
            value = None
        found.append(PrintedDate(m.start(), m.end(), year, value))
    return found


def without(text: str) -> str:
    """`text` with every date, span and bare month taken out (a wide blank stays where one stood)."""
    return _MONTH_ONLY.sub("   ", _without_days(text))


def _without_days(text: str) -> str:
    out, at = [], 0
    for m in _DATE.finditer(text):
        if m.start() < at:
            continue
        span = _SPAN_AFTER.match(text, m.end())
        out.append(text[at : m.start()])
        at = span.end() if span else m.end()
    return "   ".join([*out, text[at:]])
