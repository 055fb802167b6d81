"""华为云 WeLink group robot.

Follows a copy of the vendor's page (through the wire reference, section 7). What differs from the others: text only, of
at most 500 characters; no secret but an IP list; every call carries its time in milliseconds, valid for ten minutes,
and an id that may not be used twice; the code in the answer is a string.
Not known: whether the vendor counts code points or UTF-16 units, so the larger of the two is held to the limit. Not
found: the rate, so the pace is that of the strictest vendor known.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Mapping
from typing import Any

from bot.domain.card import Card, Message, Style, Wording
from bot.domain.channel import Mentions, Signature
from bot.domain.delivery import OutcomeClass, Reason, Replied, Verdict
from bot.domain.directory import NOBODY, Mention
from bot.domain.pacing import Pace
from bot.domain.secret import Secret

from .address import has_path, has_query
from .escaping import TEXT
from .fitting import Room, Sheet, fit, noting
from .http_status import Outcome
from .measure import utf16_units
from .mentions import carried
from .reply import ReplyTable

NAME = "welink"
CHINESE = "WeLink"
HOSTS = frozenset({"open.welink.huaweicloud.com"})
STYLES = frozenset({Style.TEXT})
MENTIONS = Mentions(
    everyone=True,
    member=re.compile(r"[A-Za-z0-9._@-]{1,64}"),
    hint="WeLink 帐号",
    most=10,  # copy of the vendor page
)

LIMITS: Mapping[str, int] = {
    "max_text_chars": 500,  # copy of the vendor page; unit not stated
}
PACE = Pace(per_window=18, window_s=60.0, gap_s=3.2)

ROOM = Room(lead_chars=80, head_chars=40, change_chars=60)

OUTCOMES: Mapping[int, Outcome] = {
    58404: Outcome(OutcomeClass.PERMANENT_CONFIG, Reason.BAD_KEY),
    58500: Outcome(OutcomeClass.RETRY_LATER, Reason.SERVER_ERROR),
    58601: Outcome(OutcomeClass.PERMANENT_CONTENT, Reason.BAD_PARAMETER),
    58602: Outcome(OutcomeClass.PERMANENT_CONFIG, Reason.ROBOT_DISABLED),
}
REPLIES = ReplyTable(OUTCOMES, code_fields=("code",), message_fields=("message",))


def recognises(url: str) -> bool:
    """`…/api/werobot/v1/webhook/send?token=…`, whatever the host."""
    return has_path(url, r".*/api/werobot/v1/webhook/send") and has_query(url, "token")


def sign(secret: Secret | None, at: dt.datetime, *, message_id: str, body: bytes) -> Signature:
    """Not a signature but what must be new on every call: its time, and an id made of message and time."""
    call = uuid.uuid5(uuid.NAMESPACE_OID, f"{message_id}/{at.isoformat()}").hex
    return Signature(body={"timeStamp": round(at.timestamp() * 1000), "uuid": call})


def read_reply(reply: Replied, at: dt.datetime) -> Verdict:
    """The verdict by `OUTCOMES` and the rules of `ReplyTable`."""
    return REPLIES.read(reply, at)


def messages(card: Card, style: Style, wording: Wording, mention: Mention = NOBODY) -> tuple[Message, ...]:
    """Text, whatever the style."""
    mention, uncalled = carried(MENTIONS, mention)

    def build(sheet: Sheet) -> Mapping[str, Any]:
        text = wording(f"{NAME}/{card.kind}.text", sheet.card, escape=TEXT, **sheet.values())
        called = mention if sheet.part == 1 else NOBODY
        payload = {"messageType": "text", "content": {"text": text}, "isAt": False, "isAtAll": called.everyone}
        return payload | ({"isAt": True, "atAccounts": list(called.members)} if called.members else {})

    def fits(payload: Mapping[str, Any]) -> bool:
        return utf16_units(payload["content"]["text"]) <= LIMITS["max_text_chars"]

    return noting(fit(card, build, fits, ROOM), *uncalled)
