"""蓝信 Lanxin webhook robot.

Follows a copy of the vendor's page (through the wire reference, section 8). What differs from the others: the gateway
is the customer's own, so no host is the vendor's and each one is allowed by setting; field names are camel case; the
signature is Feishu's but for an `@` where Feishu has a newline; a success names the message it made, and that id is
kept with the receipt.
Not found: rate, size and error codes, the fields of its cards, mentions. So: text only, kept under 2,000 bytes, that
calls nobody; the pace of the strictest vendor known; every code but 0 is unknown.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.domain.card import Card, Message, Style, Wording
from bot.domain.channel import UNSIGNED, Signature
from bot.domain.delivery import OutcomeClass, Replied, Verdict
from bot.domain.directory import NOBODY, Mention
from bot.domain.pacing import Pace
from bot.domain.secret import Secret

from .address import has_path, has_query
from .escaping import TEXT
from .fitting import Room, Sheet, fit, noting
from .http_status import Outcome
from .mentions import NONE, carried
from .reply import ReplyTable, json_object

NAME = "lanxin"
CHINESE = "蓝信"
HOSTS: frozenset[str] = frozenset()
STYLES = frozenset({Style.TEXT})
MENTIONS = NONE

LIMITS: Mapping[str, int] = {
    "max_text_bytes": 2_000,  # not found; below the smallest text limit of the other vendors
}
PACE = Pace(per_window=18, window_s=60.0, gap_s=3.2)

ROOM = Room(lead_chars=150, head_chars=60, change_chars=120)

OUTCOMES: Mapping[int, Outcome] = {}
REPLIES = ReplyTable(OUTCOMES, code_fields=("errCode",), message_fields=("errMsg",))

_MESSAGE_ID = re.compile(r"[\w-]{1,64}", re.ASCII)


def recognises(url: str) -> bool:
    """`…/v1/bot/hook/messages/create?hook_token=…`, whatever the host."""
    return has_path(url, r".*/v1/bot/hook/messages/create") and has_query(url, "hook_token")


def sign(secret: Secret | None, at: dt.datetime, *, message_id: str, body: bytes) -> Signature:
    """Two fields of the body, the time in seconds."""
    if secret is None:
        return UNSIGNED
    timestamp = str(int(at.timestamp()))
    digest = hmac.digest(f"{timestamp}@{secret.reveal()}".encode(), b"", "sha256")
    return Signature(body={"timestamp": timestamp, "sign": base64.b64encode(digest).decode()})


def read_reply(reply: Replied, at: dt.datetime) -> Verdict:
    """As the table says; of a success the message's id is kept, which the vendor can be asked about."""
    verdict = REPLIES.read(reply, at)
    if verdict.outcome is not OutcomeClass.OK:
        return verdict
    data = (json_object(reply.body) or {}).get("data")
    made = data.get("msgId") if isinstance(data, dict) else None
    if not isinstance(made, str) or not _MESSAGE_ID.fullmatch(made):
        return verdict
    return replace(verdict, vendor_message=f"msgId {made}")


def messages(card: Card, style: Style, wording: Wording, mention: Mention = NOBODY) -> tuple[Message, ...]:
    """Text, whatever the style: the only message type whose fields are known."""

    def build(sheet: Sheet) -> Mapping[str, Any]:
        content = wording(f"{NAME}/{card.kind}.text", sheet.card, escape=TEXT, **sheet.values())
        return {"msgType": "text", "msgData": {"text": {"content": content}}}

    def fits(payload: Mapping[str, Any]) -> bool:
        return len(payload["msgData"]["text"]["content"].encode()) <= LIMITS["max_text_bytes"]

    return noting(fit(card, build, fits, ROOM), *carried(MENTIONS, mention)[1])
