"""Jinja2 templates as a `Wording`: looks and words live in templates, safety does not.

Whatever a template prints is escaped with the channel's own escape, given by the channel at each call. There is
no autoescape to forget and no `|safe` to misuse: the only text that passes as it stands is the template's own,
and what the filters below return after making it harmless themselves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast
from urllib.parse import quote

from jinja2 import FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.domain.card import Card

_URL_KEPT = ":/?#@!$&'*+,;=%~-._"


class _Safe(str):
    """Text a filter has already made harmless; not escaped again. Templates cannot make one."""

    __slots__ = ()


class TemplateWording:
    """Fills `<directory>/<template>.j2`, taking each file from the first of `directories` that has it.

    A directory of one's own in front overrides single files of the built-in ones. Every call must bring
    `escape`: a function str -> str for the markup the template writes. An unknown name in a template raises
    `jinja2.UndefinedError`, a missing file `jinja2.TemplateNotFound`: both are mistakes of the template author.
    """

    def __init__(self, directories: Sequence[Path]) -> None:
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader([str(d) for d in directories]),
            undefined=StrictUndefined,
            finalize=_escaped,
            autoescape=False,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(day=_day, url=_url)

    def __call__(self, template: str, card: Card, **values: object) -> str:
        if not callable(values.get("escape")):
            raise TypeError(f"{template}: the channel must pass its escape function")
        return self._environment.get_template(f"{template}.j2").render(card=card, **values).strip()


@pass_context
def _escaped(context: Context, value: object) -> object:
    if isinstance(value, _Safe) or value is None:
        return value or ""
    escape = cast(Callable[[str], str], context["escape"])
    return escape(str(value))


def _day(date: dt.date | None) -> str:
    """A date as it is printed on a bulletin: 2022年1月29日; "" for None."""
    return f"{date.year}年{date.month}月{date.day}日" if date else ""


def _url(address: str) -> str:
    """An address of our own, with everything that could end it early (space, bracket, quote) percent-encoded."""
    return _Safe(quote(address, safe=_URL_KEPT))
