"""The pictures of an issue for those who ask at its public address: chat clients and their servers.

An address that was forged or belongs to nothing answers like one whose picture cannot be drawn: None. Keys that have
been replaced are good only for issues that had been sent while they were in force.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.domain.cover import CoverText, Shape
from bot.domain.issue import Issue
from bot.domain.reader_token import ReaderKey, read_cover_token

NO_REVISION = 0


class CoverStore(Protocol):
    def cover(self, revision_id: int) -> tuple[Issue, int | None] | None: ...


@dataclass(frozen=True, slots=True)
class Covers:
    """`draw`: the words as a picture in PNG; None where there is no font to draw with."""

    store: CoverStore
    keys: Sequence[ReaderKey]
    draw: Callable[[CoverText, Shape], bytes] | None

    def picture(self, token: str, shape: Shape) -> bytes | None:
        revision_id, signers = read_cover_token(self.keys, token)
        found = self.store.cover(revision_id if signers else NO_REVISION)
        if found is None or self.draw is None:
            return None
        issue, first_delivery = found
        if not any(key.up_to is None or (first_delivery and key.covers(first_delivery)) for key in signers):
            return None
        return self.draw(CoverText.of(issue), shape)
