"""Issuing bodies (编印单位): the units named on one line, without 编, 主办 and the like."""

from __future__ import annotations

import re

from bot.bulletins.characters import letter_spaced, printed
from bot.bulletins.labels import (
    COPY_NUMBER,
    UNIT_SUFFIX,
    URGENCY,
)

_ROLE_WORDS = r"编印|编制|编发|编辑|编写|编|印发|印|主办|承办|协办|合编|联合主办|联合编印|主管|发布"
BEFORE = re.compile(rf"^(?:(?:{_ROLE_WORDS})(?:单位|机关|部门)?|编印单位|单位|发文单位|报送单位)\s*[:：]\s*")
AFTER = re.compile(rf"(?<=[^\s])\s*[(（]?(?:{_ROLE_WORDS})[)）]?$")
SPLIT = re.compile(r"\s{2,}|\t+|[、，,；;/|]")


def split_units(text: str) -> list[str]:
    """The bodies named in an issuer line, without 编, 主办 and the like, layout spaces undone."""
    units: list[str] = []
    for raw in SPLIT.split(text.strip(" \t\u3000()（）.:：")):
        part = raw.strip()
        # A role word set apart (`某局  编`) says nothing of its own.
        part = AFTER.sub("", BEFORE.sub("", part)).strip(" ()（）:：")
        if not part or re.fullmatch(_ROLE_WORDS, part) or part.isdigit():
            continue
        words = part.split()
        if letter_spaced(part) or not all(len(w) >= 3 and UNIT_SUFFIX.search(AFTER.sub("", w)) for w in words):
            words = ["".join(words)]
        for word in words:
            unit = printed(AFTER.sub("", word)).replace("(", "（").replace(")", "）")
            if units and len(unit) <= 3 and UNIT_SUFFIX.search(unit):
                units[-1] += unit  # the end of a name wrapped over two lines
            elif len(unit) >= 2 and not URGENCY.match(unit) and not COPY_NUMBER.match(unit):
                units.append(unit)
    return units
