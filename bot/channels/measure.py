"""The size of what goes out, in the units vendors count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.domain.card import Message


def body_bytes(payload: Mapping[str, Any]) -> int:
    """Length of the request body as `Message.body` encodes it, without what a signature adds."""
    return len(Message(1, 1, payload).body)


def utf16_units(text: str) -> int:
    """Characters as Java and JavaScript count them: never fewer than code points."""
    return len(text.encode("utf-16-le")) // 2
