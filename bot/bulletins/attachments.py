"""附件: the names of attachments, wherever their lines stand."""

from __future__ import annotations

import re

from bot.bulletins.characters import ends_sentence, printed
from bot.bulletins.labels import (
    ATTACHMENT,
)
from bot.bulletins.roles import Piece, Role

_ITEM_NUMBER = re.compile(r"^\s*(?:附件?\s*)?(?:[\d０-９]{1,2}|[一二三四五六七八九十]{1,2})\s*[.．、:：)）]\s*")
_ATTACHMENT_LABEL = re.compile(r"^\s*附\s*件?\s*(?:[\d０-９]{1,2}|[一二三四五六七八九十]{1,2})?\s*(?:[:：]\s*|$)")
_SEVERAL = re.compile(r"\s+(?=[\d０-９]{1,2}\s*[.．、])|[；;]\s*(?=[\d０-９]{1,2}\s*[.．、])")
_EXTENSION = re.compile(r"\.(?:docx?|xlsx?|pptx?|pdf|wps|et|zip|rar|txt|jpe?g|png|ofd|csv)$", re.IGNORECASE)


def read(sheet: list[Piece]) -> list[str]:
    """Names after 附件, wherever the line stands; numbered lines below it belong to it."""
    names: list[str] = []
    inside = pending = False
    for piece in sheet:
        if piece.role in (Role.LAYOUT, Role.PAGE_NUMBER):
            continue
        usable = piece.free and len(piece.key) <= 200
        if usable and ATTACHMENT.match(piece.key):
            rest = _ATTACHMENT_LABEL.sub("", printed(piece.text), count=1)
            piece.give(Role.ATTACHMENT, "attachment_label")
            inside, pending = True, not rest
        elif inside and usable and not ends_sentence(piece.plain) and (pending or _is_numbered(piece)):
            rest = printed(piece.text)
            piece.give(Role.ATTACHMENT, "below_attachment_label")
            pending = False
        else:
            inside = pending = False
            continue
        for part in _SEVERAL.split(rest):
            name = _EXTENSION.sub("", _ITEM_NUMBER.sub("", part).strip().rstrip("。.;；,，、")).strip("《》 ")
            if name and name not in names:
                names.append(name)
    return names


def _is_numbered(piece: Piece) -> bool:
    return len(piece.key) <= 80 and bool(_ITEM_NUMBER.match(piece.text))
