"""The workbook's layout, shared by reader and writer: sheets, columns, and the Chinese words in its cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.directory import RecipientKind

from .keys import GROUP, RECIPIENT, STYLES, TARGET, Key


@dataclass(frozen=True, slots=True)
class Sheet:
    title: str
    keys: tuple[Key, ...]
    lists: frozenset[str] = frozenset()
    """Keys whose cell holds several values, one a line."""


UNIT = Key("recipient", "单位编号", "机器人所属单位的编号，须在“单位”工作表中。", required=True)

RECIPIENTS = Sheet("单位", tuple(k for k in RECIPIENT if k.name != "targets"), frozenset({"aliases"}))
TARGETS = Sheet("群机器人", (UNIT, *TARGET), frozenset({"mention"}))
GROUPS = Sheet("分组", GROUP, frozenset({"phrases", "members"}))
SHEETS = (RECIPIENTS, TARGETS, GROUPS)
NOTES = "说明"
"""The sheet that explains the columns; the reader passes over it."""

KINDS = {k.chinese: k.value for k in RecipientKind}
STYLE_WORDS = {chinese: style.value for style, chinese in STYLES.items()}
FLAGS = {"是": True, "否": False}


def words(channels: Mapping[str, str]) -> dict[str, Mapping[str, str | bool]]:
    """By key: the Chinese words a cell may hold and what they mean. The YAML word is understood as well."""
    return {
        "kind": KINDS,
        "style": STYLE_WORDS,
        "enabled": FLAGS,
        "attach_original": FLAGS,
        "channel": {chinese: name for name, chinese in channels.items()},
    }
