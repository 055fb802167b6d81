"""The original after the card: one more part of a target's delivery, or a note of why there is none.

The part's message is frozen with the plan like every other, but for what the platform knows the file by: the file is
uploaded anew at each attempt (deliver.py), since that is good for a few days only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.attachment import MEDIA_TOKEN, Files
from bot.domain.plan import PlannedMessage, ReceivedFile


def with_original(
    card: Sequence[PlannedMessage], original: ReceivedFile | None, files: Files | None
) -> list[PlannedMessage]:
    """The messages of a card, followed by the file; or the same messages with a note of why it does not follow."""
    if (objection := _objection(original, files)) is not None:
        return [replace(message, notes=(*message.notes, f"原文未附上：{objection}")) for message in card]
    assert original is not None
    assert files is not None
    part = len(card) + 1
    body = files.file_message(MEDIA_TOKEN).body
    return [*card, replace(card[-1], part=part, parts=part, body=body, notes=(), original_id=original.id)]


def _objection(original: ReceivedFile | None, files: Files | None) -> str | None:
    if files is None:
        return "该平台的群机器人不能发文件"
    if original is None:
        return "没有保存原文件"
    if original.size < files.LIMITS["min_file_bytes"]:
        return f"原文件只有 {original.size} 字节，平台不收"
    if original.size > (most := files.LIMITS["max_file_bytes"]):
        return f"原文件 {original.size / 1_000_000:.1f} MB，平台最大 {most // 1_000_000} MB"
    return None
