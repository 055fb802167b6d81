"""Credentials in files: in clear text for moving an installation, or masked for a copy to look at."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.domain.secret import Secret, mask_url

_MASKS = ("…", "•")
_NUMBER = re.compile(r"\d{7,}")


def shown_url(url: Secret, *, mask: bool) -> str:
    return mask_url(url.reveal()) if mask else url.reveal()


def shown_secret(secret: Secret | None, *, mask: bool) -> str | None:
    if secret is None:
        return None
    return str(secret) if mask else secret.reveal()


def shown_words(words: Iterable[str], *, mask: bool) -> list[str]:
    """Whom a target mentions. A telephone number is a person's own, and no reader of a masked copy needs it."""
    return [f"{w[:3]}…{w[-2:]}" if mask and _NUMBER.fullmatch(w) else w for w in words]


def is_masked(text: str) -> bool:
    """Does it come from a masked copy? Neither mark can stand in a real URL or secret."""
    return any(mark in text for mark in _MASKS)
