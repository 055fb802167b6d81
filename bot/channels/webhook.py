"""Any endpoint that takes Standard Webhooks: an office system, a portal, a bridge to a platform not known here.

Follows standard-webhooks/spec at b2fa7b87 (through the wire reference, section 10). What differs from the chats: the
message is data, nothing is marked up or escaped; it carries an id that is the same on every retry, so a receiver can
tell a repetition and 504 may be retried; any 2xx, 204 too, is an acceptance; the host may be any that a setting allows.
The event's own time is not in the body: the body is frozen at release, and `webhook-timestamp` has the attempt's.
The advised size is "under 20 KB": 20,000 bytes.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
from collections.abc import Mapping
from typing import Any

from bot.domain.card import Card, CardKind, Message, Style, Wording
from bot.domain.channel import Signature, UnfitSecret
from bot.domain.delivery import OutcomeClass, Reason, Replied, Verdict
from bot.domain.directory import NOBODY, Mention
from bot.domain.pacing import Pace
from bot.domain.secret import Secret

from .address import has_path
from .fitting import Room, Sheet, fit, noting
from .http_status import BY_STATUS, Outcome, by_status, row_verdict
from .measure import body_bytes
from .mentions import NONE, carried

NAME = "webhook"
CHINESE = "通用网络回调"
HOSTS: frozenset[str] = frozenset()
STYLES = frozenset({Style.CARD})
MENTIONS = NONE

LIMITS: Mapping[str, int] = {
    "max_body_bytes": 20_000,  # SW: advised under 20 KB
}
PACE = Pace(per_window=120, window_s=60.0)

ROOM = Room(lead_chars=2_000, leads_chars=20_000, head_chars=200, change_chars=2_000)

OUTCOMES: Mapping[int, Outcome] = {
    **{status: BY_STATUS[status] for status in (400, 401, 403, 404, 405, 410, 413, 415, 422, 429)},
    **dict.fromkeys((500, 501, 502, 503, 504), Outcome(OutcomeClass.RETRY_LATER, Reason.SERVER_ERROR)),
}
"""By HTTP status: there is no other code. The rest of 5xx is read like 500, the rest of 4xx is unknown."""

_EVENTS = {
    CardKind.ISSUE: "bulletin.published",
    CardKind.CORRECTION: "bulletin.corrected",
    CardKind.REMINDER: "bulletin.reminded",
}
_PREFIX = "whsec_"
_KEY_BYTES = (24, 64)


def recognises(url: str) -> bool:
    """Any http(s) address: such endpoints have nothing in common."""
    return has_path(url, r".*")


def sign(secret: Secret | None, at: dt.datetime, *, message_id: str, body: bytes) -> Signature:
    """The three headers for one attempt; without a secret the first two.

    Two secrets separated by a comma sign twice, for the time of a change of keys. Raises UnfitSecret for one that is
    not 24 to 64 bytes in base64, with or without `whsec_`.
    """
    headers = {"webhook-id": message_id, "webhook-timestamp": str(int(at.timestamp()))}
    if secret is not None:
        signed = f"{message_id}.{headers['webhook-timestamp']}.".encode() + body
        macs = [hmac.digest(_key(text), signed, "sha256") for text in secret.reveal().split(",")]
        headers["webhook-signature"] = " ".join(f"v1,{base64.b64encode(mac).decode()}" for mac in macs)
    return Signature(headers=headers)


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except ValueError:
        raise UnfitSecret(f"不是 Standard Webhooks 的密钥：应为 {_PREFIX} 加 base64，请从对方系统重新复制") from None
    if not _KEY_BYTES[0] <= len(key) <= _KEY_BYTES[1]:
        raise UnfitSecret(f"密钥解码后是 {len(key)} 字节，Standard Webhooks 要求 24 至 64 字节，请从对方系统重新复制")
    return key


def read_reply(reply: Replied, at: dt.datetime) -> Verdict:
    """The status is the verdict; the body is not read."""
    if 200 <= reply.status < 300:
        return row_verdict(Outcome(OutcomeClass.OK, Reason.ACCEPTED), reply, at)
    if reply.status >= 500:
        return row_verdict(OUTCOMES.get(reply.status, OUTCOMES[500]), reply, at)
    return by_status(reply, at, otherwise=Reason.UNKNOWN_CODE)


def messages(card: Card, style: Style, wording: Wording, mention: Mention = NOBODY) -> tuple[Message, ...]:
    """The card as data, whatever the style; no wording is needed."""
    parts = fit(card, _event, lambda payload: body_bytes(payload) <= LIMITS["max_body_bytes"], ROOM)
    return noting(parts, *carried(MENTIONS, mention)[1])


def _event(sheet: Sheet) -> Mapping[str, Any]:
    card = sheet.card
    return {
        "type": _EVENTS[card.kind],
        "data": {
            "masthead": card.masthead,
            "label": card.label,
            "issuer": list(card.issuer),
            "date": card.date.isoformat() if card.date else None,
            "list": card.list_kind,
            "part": sheet.part,
            "parts": sheet.parts,
            "articles": [
                {"number": item.number, "title": item.title, "continued": item.continued, "lead": item.lead}
                for item in sheet.items
            ],
            "changes": list(card.changes),
            "changes_left_out": sheet.changes_left_out,
            "shortened": sheet.shortened,
            "url": card.link,
            "sign_url": card.sign_link,
        },
    }
