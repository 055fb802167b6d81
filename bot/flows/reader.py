"""The reader's side: what a card's link opens, that it was opened, and the sign-off (签收).

A link that was forged, belongs to nothing, or has expired answers alike: None. For all of them the same query runs,
so that the time taken tells nothing either.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.domain.errors import ConfigError, StoreError
from bot.domain.pages import Original
from bot.domain.signoff import ReaderView

from .ports import Clock

log = logging.getLogger(__name__)
NO_DELIVERY = 0
LONGEST_NAME = 30
LONGEST_OFFICE = 60


class ReaderLinks(Protocol):
    def reader_view(self, delivery_id: int) -> ReaderView | None: ...
    def mark_arrived(self, delivery_id: int, *, now: dt.datetime) -> None: ...
    def mark_opened(self, delivery_id: int, *, now: dt.datetime) -> None: ...
    def sign(self, delivery_id: int, *, name: str, office: str, now: dt.datetime) -> bool: ...
    def original(self, revision_id: int) -> Original | None: ...


@dataclass(frozen=True, slots=True)
class Reader:
    """`delivery_of`: a token to the delivery it was signed for, None for any other text. `life`: how long links
    are good after the card was sent."""

    store: ReaderLinks
    clock: Clock
    delivery_of: Callable[[str], int | None]
    life: dt.timedelta

    def view(self, token: str) -> ReaderView | None:
        """What this link opens, or None. Looking marks nothing."""
        found = self.store.reader_view(self.delivery_of(token) or NO_DELIVERY)
        return found if found is not None and self.clock() - found.sent_at <= self.life else None

    def asked(self, token: str) -> ReaderView | None:
        """The same, for whoever asks from outside. Chat clients fetch links to preview them, so it says nothing of a
        person; but nothing except the message has the link, so a delivery in doubt has arrived."""
        found = self.view(token)
        if found is not None and found.in_doubt:
            try:
                self.store.mark_arrived(found.delivery_id, now=self.clock())
            except StoreError as error:
                log.warning("delivery %s stays in doubt though its link was asked for: %s", found.delivery_id, error)
        return found

    def opened(self, token: str) -> bool:
        """A person has it before their eyes; False for a link that opens nothing."""
        found = self.view(token)
        if found is None:
            return False
        self.store.mark_opened(found.delivery_id, now=self.clock())
        return True

    def sign(self, token: str, *, name: str, office: str) -> bool | None:
        """True when this signature counts, False when somebody signed before; None for a link that opens nothing.

        Raises ConfigError with what to mend.
        """
        found = self.view(token)
        if found is None:
            return None
        name, office = _line(name, LONGEST_NAME, "姓名"), _line(office, LONGEST_OFFICE, "科室或职务")
        self.store.mark_opened(found.delivery_id, now=self.clock())
        return self.store.sign(found.delivery_id, name=name, office=office, now=self.clock())

    def original(self, token: str) -> Original | None:
        found = self.view(token)
        return self.store.original(found.revision_id) if found is not None else None


def _line(text: str, longest: int, what: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise ConfigError(f"请填写{what}。")
    if len(text) > longest or any(not c.isprintable() for c in text):
        raise ConfigError(f"{what}最多 {longest} 个字，不含特殊符号。")
    return text
