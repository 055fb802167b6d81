"""What a *source* gives: documents found, and the state it wants to find again next time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import JianbaoError


class SourceFailed(JianbaoError):  # noqa: N818 - said of the source
    """A source could not be asked or understood; the message is Chinese and says what to look at."""


@dataclass(frozen=True, slots=True)
class Found:
    """One document. `origin` is where it lies (path or URL) and `token` what the source needs to settle it."""

    name: str
    data: bytes
    origin: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class Poll:
    """What one look gave. `state` is plain JSON data, kept by the store and handed back at the next look.

    It is stored only after every found document has been taken in, so a crash in between finds them again.
    """

    found: tuple[Found, ...]
    state: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What a person should know though nothing failed: a half-copied file waited for, an entry without a document."""
