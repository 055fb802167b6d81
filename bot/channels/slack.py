"""Slack incoming webhook.

Follows docs.slack.dev and two clients in use (through the wire reference, section 6). What differs from the others: the
answer is a word of plain text, `ok` for success; `text` is always sent, for notifications and old clients, beside the
blocks of a `card`.
Confidence in the block limits is low (recalled, not read again), so they are held with what is certain never passed:
50 blocks, 3,000 characters a section, 150 a header; a plain message is held to 3,000 characters, the whole to 35,000.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from bot.domain.card import Card, Message, Style, Wording
from bot.domain.channel import UNSIGNED, Mentions, Signature
from bot.domain.delivery import OutcomeClass, Reason, Replied, Verdict
from bot.domain.directory import NOBODY, Mention
from bot.domain.pacing import Pace
from bot.domain.secret import Secret

from .address import has_path
from .cutting import shorten
from .escaping import SLACK, SLACK_TEXT
from .fields import fields
from .fitting import Room, Sheet, fit, noting
from .http_status import Outcome, by_status, is_redirect, row_verdict
from .mentions import carried

NAME = "slack"
CHINESE = "Slack"
HOSTS = frozenset({"hooks.slack.com"})
STYLES = frozenset({Style.CARD, Style.TEXT})
MENTIONS = Mentions(
    everyone=True, member=re.compile(r"[UW][A-Z0-9]{2,20}"), hint="Slack 成员编号（U 或 W 开头的大写字母和数字）"
)

LIMITS: Mapping[str, int] = {
    "max_blocks": 50,  # recalled
    "max_section_chars": 3_000,  # recalled
    "max_header_chars": 150,  # recalled
    "max_text_chars": 3_000,  # ours; a client cuts at 35000
    "max_message_chars": 35_000,  # apprise
    "max_sends_per_second": 1,  # docs.slack.dev, about
}
PACE = Pace(per_window=50, window_s=60.0, gap_s=1.1)

ROOM = Room(lead_chars=300)
TEXT_ROOM = Room(lead_chars=150)

_CONFIG, _CONTENT = OutcomeClass.PERMANENT_CONFIG, OutcomeClass.PERMANENT_CONTENT

OUTCOMES: Mapping[str, Outcome] = {
    "no_service": Outcome(_CONFIG, Reason.ROBOT_REMOVED),
    "no_active_hooks": Outcome(_CONFIG, Reason.ROBOT_DISABLED),
    "channel_not_found": Outcome(_CONFIG, Reason.ROBOT_REMOVED),
    "channel_is_archived": Outcome(_CONFIG, Reason.ROBOT_REMOVED),
    "action_prohibited": Outcome(_CONFIG, Reason.NOT_PERMITTED),
    "posting_to_general_channel_denied": Outcome(_CONFIG, Reason.NOT_PERMITTED),
    "invalid_token": Outcome(_CONFIG, Reason.BAD_KEY),
    "team_disabled": Outcome(_CONFIG, Reason.ROBOT_DISABLED),
    "invalid_payload": Outcome(_CONTENT, Reason.BAD_PARAMETER),
    "no_text": Outcome(_CONTENT, Reason.EMPTY_CONTENT),
    "rate_limited": Outcome(OutcomeClass.RETRY_LATER, Reason.RATE_LIMITED, 30.0),
}
"""By the word in the body, whatever the status."""

_OK_WORD = b"ok"


def recognises(url: str) -> bool:
    """`…/services/T…/B…/…`, whatever the host."""
    return has_path(url, r".*/services/[^/]+/[^/]+/[^/]+")


def sign(secret: Secret | None, at: dt.datetime, *, message_id: str, body: bytes) -> Signature:
    """Nothing: the credential is in the URL."""
    return UNSIGNED


def read_reply(reply: Replied, at: dt.datetime) -> Verdict:
    """`ok` with a 2xx is the only success; a listed word decides; otherwise the status does, and 2xx is unknown."""
    said = reply.body.removeprefix(b"\xef\xbb\xbf").strip()
    word = said.decode("ascii", "replace") if len(said) <= 64 else ""
    if is_redirect(reply.status):
        return by_status(reply, at, otherwise=Reason.UNKNOWN_CODE)
    if said == _OK_WORD:
        accepted = Outcome(OutcomeClass.OK, Reason.ACCEPTED)
        contradiction = Outcome(OutcomeClass.UNKNOWN, Reason.CODE_CONTRADICTS_STATUS)
        return row_verdict(accepted if 200 <= reply.status < 300 else contradiction, reply, at, code=word)
    if word in OUTCOMES:
        return row_verdict(OUTCOMES[word], reply, at, code=word)
    return by_status(reply, at, otherwise=Reason.UNKNOWN_CODE)


def messages(card: Card, style: Style, wording: Wording, mention: Mention = NOBODY) -> tuple[Message, ...]:
    """`card` is Block Kit; `markdown` is that too, `text` a plain message."""
    mention, uncalled = carried(MENTIONS, mention)
    call = " ".join(["<!channel>"] * mention.everyone + [f"<@{member}>" for member in mention.members])
    if style is Style.TEXT:
        parts = fit(card, lambda sheet: {"text": _text(sheet, wording, call)}, _text_fits, TEXT_ROOM)
    else:
        parts = fit(card, lambda sheet: _blocks(sheet, wording, call), _blocks_fit, ROOM)
    return noting(parts, *uncalled)


def _text(sheet: Sheet, wording: Wording, call: str) -> str:
    text = wording(f"{NAME}/{sheet.card.kind}.text", sheet.card, escape=SLACK_TEXT, **sheet.values())
    return f"{text}\n{call}" if call and sheet.part == 1 else text


def _text_fits(payload: Mapping[str, Any]) -> bool:
    return len(payload["text"]) <= LIMITS["max_text_chars"]


def _blocks(sheet: Sheet, wording: Wording, call: str) -> Mapping[str, Any]:
    card = sheet.card
    body = wording(f"{NAME}/{card.kind}.markdown", card, escape=SLACK, **sheet.values())
    said = fields(wording(f"{NAME}/{card.kind}.card", card, escape=SLACK_TEXT, **sheet.values()))
    header = {"type": "plain_text", "text": shorten(said["title"], LIMITS["max_header_chars"])}
    blocks: list[dict[str, Any]] = [{"type": "header", "text": header}]
    blocks += [{"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in body.split("\n\n") if text]
    if call and sheet.part == 1:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": call}})
    buttons = [(said["open"], card.link), (said["sign"], card.sign_link)]
    elements = [
        {"type": "button", "text": {"type": "plain_text", "text": label}, "url": url} for label, url in buttons if url
    ]
    if elements:
        blocks.append({"type": "actions", "elements": elements})
    return {"text": said["notice"], "blocks": blocks}


def _blocks_fit(payload: Mapping[str, Any]) -> bool:
    sections = [len(block["text"]["text"]) for block in payload["blocks"] if block["type"] == "section"]
    return (
        len(payload["blocks"]) <= LIMITS["max_blocks"]
        and max(sections, default=0) <= LIMITS["max_section_chars"]
        and sum(sections) <= LIMITS["max_message_chars"]
    )
