"""How long what grows is kept. Deliveries, attempts, receipts, issues and their texts are kept for good."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Kept(StrEnum):
    """What may be cleared after its days; the word of its setting is `keep_<word>_days`."""

    MESSAGES = "messages"
    VENDOR_TEXTS = "vendor_texts"
    ORIGINALS = "originals"
    READER_NAMES = "reader_names"
    AUDIT = "audit"

    @property
    def chinese(self) -> str:
        return _WORDS[self]


_WORDS = {
    Kept.MESSAGES: "发出的消息原文",
    Kept.VENDOR_TEXTS: "平台答复的文字",
    Kept.ORIGINALS: "收到的原文件",
    Kept.READER_NAMES: "签收人的姓名和职务",
    Kept.AUDIT: "审计记录",
}


@dataclass(frozen=True, slots=True)
class Retention:
    """Days by kind; 0, as for one that is not named: for ever."""

    days: tuple[tuple[Kept, int], ...] = ()

    def before(self, kept: Kept, now: dt.datetime) -> dt.datetime | None:
        """What is older than this may go; None when nothing may."""
        days = dict(self.days).get(kept, 0)
        return now - dt.timedelta(days=days) if days else None

    def goes_at(self, kept: Kept, born: dt.datetime) -> dt.datetime | None:
        """When what came to be at `born` may go; None: never."""
        days = dict(self.days).get(kept, 0)
        return born + dt.timedelta(days=days) if days else None
