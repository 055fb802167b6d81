"""A channel made up for the tests: the contract suite must hold for one it has never seen, with this module and a line.

A telex of 600 characters that answers `{"done": 0}`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from bot.channels.address import has_path, has_query
from bot.channels.escaping import TEXT
from bot.channels.fitting import Room, Sheet, fit, noting
from bot.channels.http_status import Outcome
from bot.channels.mentions import NONE, carried
from bot.channels.reply import ReplyTable
from bot.domain.card import Card, Message, Style, Wording
from bot.domain.channel import UNSIGNED, Signature
from bot.domain.delivery import OutcomeClass, Reason, Replied, Verdict
from bot.domain.directory import NOBODY, Mention
from bot.domain.pacing import Pace
from bot.domain.secret import Secret

NAME = "paper"
CHINESE = "电传"
HOSTS = frozenset({"telex.example.com"})
STYLES = frozenset({Style.TEXT})
MENTIONS = NONE
PACE = Pace(per_window=1)
OUTCOMES: Mapping[int, Outcome] = {7: Outcome(OutcomeClass.RETRY_LATER, Reason.BUSY, 9.0)}

_WORDS = {"issue": "", "correction": "更正：", "reminder": "催办："}


def recognises(url: str) -> bool:
    return has_path(url, "/telex") and has_query(url, "line")


def sign(secret: Secret | None, at: dt.datetime, *, message_id: str, body: bytes) -> Signature:
    return UNSIGNED


def read_reply(reply: Replied, at: dt.datetime) -> Verdict:
    return ReplyTable(OUTCOMES, code_fields=("done",), message_fields=()).read(reply, at)


def messages(card: Card, style: Style, wording: Wording, mention: Mention = NOBODY) -> tuple[Message, ...]:
    parts = fit(card, _telex, lambda payload: len(payload["telex"]) <= 600, Room(lead_chars=60, head_chars=40))
    return noting(parts, *carried(MENTIONS, mention)[1])


def _telex(sheet: Sheet) -> Mapping[str, Any]:
    card, values = sheet.card, sheet.values()
    day = f"{card.date.year}年{card.date.month}月{card.date.day}日" if card.date else ""
    changes = card.changes if card.kind == "correction" else ()
    lines = [_WORDS[card.kind] + card.masthead, card.label, day, str(values["list"]), *changes]
    lines += [f"{i.number}. {'（接上一部分）' if i.continued else ''}{i.title} {i.lead}" for i in sheet.items]
    lines += [str(values["mark"]), card.link or "", card.sign_link or ""]
    return {"telex": "\n".join(line if "://" in line else TEXT(line) for line in lines if line)}
