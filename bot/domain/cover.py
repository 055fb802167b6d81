"""The two pictures of an issue: what is written on them, and addresses that nobody can guess or make up."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from .card import Pictures
from .issue import Issue
from .reader_token import cover_token


class Shape(StrEnum):
    """The wide picture over a card, and the square one for small places. The word is also the path it is served at."""

    COVER = "cover"
    EMBLEM = "emblem"


@dataclass(frozen=True, slots=True)
class CoverText:
    """What stands on a picture, and nothing else of the issue."""

    masthead: str
    label: str
    issuer: tuple[str, ...]
    date: dt.date | None

    @classmethod
    def of(cls, issue: Issue) -> CoverText:
        return cls(issue.masthead, issue.label, issue.issuer, issue.date)


def pictures(public_url: str, key: bytes, revision_id: int) -> Pictures:
    """The public addresses of a revision's pictures."""
    token = cover_token(key, revision_id)
    cover, emblem = (f"{public_url}/{shape}/{token}.png" for shape in (Shape.COVER, Shape.EMBLEM))
    return Pictures(cover, emblem)
