"""Names taken out of a list, in every wording: （不发湖寮镇）, （湖寮镇除外）, 除湖寮镇外, 湖寮镇不发."""

from __future__ import annotations

import re

_NOT = r"不(?:发送|发|送|含|包括|包含|印发|抄送|报送|报|再发|另发)"
_SEPARATORS = re.compile(r"[、，,；;]|(?<=[镇乡县区市局办委部厅院馆站所队处科室府校司团道])(?:和|及|与)")
_IN_BRACKETS = re.compile(
    r"[(（〔\[【]([^()（）〔〕\[\]【】]*(?:[(（][^()（）]*[)）])?[^()（）〔〕\[\]【】]*)[)）〕\]】]"
)
_BRACKET_WORDINGS = (
    re.compile(rf"^(?:其中)?[,，]?{_NOT}[:：]?(.+)$"),
    re.compile(r"^除(?:了)?(.+?)(?:(?:之|以)?外(?:的)?(?:均发|全发)?)?$"),
    re.compile(rf"^(.+?)(?:除外|{_NOT}|免发)$"),
)
# 除…外 before the group or after it; the names in between may be separated by 、.
_EXCEPT = re.compile(
    r"(?:^|(?<=[、，,；;:：]))除(?:了)?([^。；;()（）]{1,60}?)(?:之外|以外|外)(?:的其他|的其它|的|其他|其它)?[、，,]?"
)
_TRAILING = re.compile(rf"[，,；;]\s*(?:其中|但)?([^，,；;。()（）]{{2,60}}?)(?:除外|{_NOT})(?=[，,；;。]|$)")
_TRAILING_NOT = re.compile(rf"[，,；;]\s*(?:其中|但)?(?:{_NOT})[:：]?([^，,；;。()（）]{{2,60}})(?=[，,；;。]|$)")


def take_out(text: str) -> tuple[str, list[str]]:
    """`text` of one list without its exclusion wordings, and the names they exclude, in printed order."""
    found: list[tuple[int, list[str]]] = []

    def bracket(match: re.Match[str]) -> str:
        for wording in _BRACKET_WORDINGS:
            if inner := wording.match(match[1].strip()):
                found.append((match.start(), names(inner[1])))
                return ""
        return match[0]

    def wording(match: re.Match[str]) -> str:
        found.append((match.start(), names(match[1])))
        return ""

    text = _IN_BRACKETS.sub(bracket, text)
    for pattern in (_EXCEPT, _TRAILING_NOT, _TRAILING):
        text = pattern.sub(wording, text)
    return text, [name for _, group in sorted(found, key=lambda f: f[0]) for name in group]


def names(text: str) -> list[str]:
    """The names in an exclusion: split at list punctuation and at 和/及 after a unit's last character."""
    return [n for part in _SEPARATORS.split(text) if (n := part.strip(" \u3000等。."))]
