"""What `jianbao parse --explain` shows; apart, so that asking for it loads no reader."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explained:
    """One row: the block, its place, its role, and the rule that gave it."""

    where: str
    role: str
    rule: str
    text: str
