"""Microsoft Teams, through a Workflows webhook.

Follows learn.microsoft.com and two clients in use (through the wire reference, section 5). What differs from the
others: one Adaptive Card and nothing else, so every style is that card; no code in the answer, the status is the
verdict, and 202 means only that a flow was started; the `sig` value in the URL is the credential, and hosts are per
customer, below `.logic.azure.com` or `.environment.api.powerplatform.com`.
Conservative: the limit is "about 28 KB", so 28,000 bytes; Workflows' own rate was not found, so half of what the
retired connectors allowed; a card can mention by a member's directory id, but whether a flow obeys it was not found,
so nobody is mentioned. A page of HTML is never an acceptance, whatever its status.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from bot.domain.card import Card, Message, Style, Wording
from bot.domain.channel import UNSIGNED, Signature
from bot.domain.delivery import OutcomeClass, Reason, Replied, Verdict
from bot.domain.directory import NOBODY, Mention
from bot.domain.pacing import Pace
from bot.domain.secret import Secret

from .address import has_path, has_query
from .escaping import TEAMS
from .fields import Fields, fields
from .fitting import Room, Sheet, fit, noting
from .http_status import BY_STATUS, Outcome, by_status, row_verdict
from .measure import body_bytes
from .mentions import NONE, carried

NAME = "teams"
CHINESE = "Teams"
HOSTS = frozenset({".logic.azure.com", ".environment.api.powerplatform.com"})
STYLES = frozenset({Style.CARD})
MENTIONS = NONE

LIMITS: Mapping[str, int] = {
    "max_message_bytes": 28_000,  # learn.microsoft.com: about 28 KB
    "max_sends_per_second": 4,  # old connectors; Workflows: not found
}
PACE = Pace(per_window=60, window_s=60.0, gap_s=0.5)

ROOM = Room(lead_chars=300)

OUTCOMES: Mapping[int, Outcome] = {
    status: BY_STATUS[status] for status in (400, 401, 403, 404, 413, 429, 500, 502, 503)
}
"""By HTTP status: there is no other code."""

_ACCEPTED = Outcome(OutcomeClass.OK, Reason.ACCEPTED)


def recognises(url: str) -> bool:
    """`…/triggers/manual/paths/invoke?…sig=…`, whatever the host."""
    return has_path(url, r".*/triggers/[^/]+/paths/invoke") and has_query(url, "sig")


def sign(secret: Secret | None, at: dt.datetime, *, message_id: str, body: bytes) -> Signature:
    """Nothing: the credential is in the URL."""
    return UNSIGNED


def read_reply(reply: Replied, at: dt.datetime) -> Verdict:
    if reply.status in (200, 202) and not reply.body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return row_verdict(_ACCEPTED, reply, at)
    return by_status(reply, at, otherwise=Reason.NOT_JSON if reply.status < 300 else Reason.UNKNOWN_CODE)


def messages(card: Card, style: Style, wording: Wording, mention: Mention = NOBODY) -> tuple[Message, ...]:
    """An Adaptive Card, whatever the style."""

    def build(sheet: Sheet) -> Mapping[str, Any]:
        body = wording(f"{NAME}/{card.kind}.markdown", sheet.card, escape=TEAMS, **sheet.values())
        said = fields(wording(f"{NAME}/{card.kind}.card", sheet.card, escape=TEAMS, **sheet.values()))
        return {
            "type": "message",
            "attachments": [
                {
                    "contentType": "application/vnd.microsoft.card.adaptive",
                    "contentUrl": None,
                    "content": _adaptive(card, said, body),
                }
            ],
        }

    parts = fit(card, build, lambda payload: body_bytes(payload) <= LIMITS["max_message_bytes"], ROOM)
    return noting(parts, *carried(MENTIONS, mention)[1])


def _adaptive(card: Card, said: Fields, body: str) -> dict[str, Any]:
    title = {"type": "TextBlock", "text": said["title"], "weight": "Bolder", "size": "Large", "wrap": True}
    paragraphs = [{"type": "TextBlock", "text": text, "wrap": True} for text in body.split("\n\n")]
    buttons = [(said["open"], card.link), (said["sign"], card.sign_link)]
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [title, *paragraphs],
        "actions": [{"type": "Action.OpenUrl", "title": label, "url": url} for label, url in buttons if url],
    }
