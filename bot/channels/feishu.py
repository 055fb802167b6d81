"""飞书 Feishu / Lark custom bot.

Follows open.feishu.cn/document/client-docs/bot-v3/add-custom-bot and the card pages (through the wire reference,
section 4). What differs from the others: the signature is two fields of the JSON body, in seconds, and the secret is
part of the HMAC key while the message is empty; the limit is on the whole body, signature included, and is stated as
"20 KB" only, so 20000 bytes; a webhook has no markdown type.
Style `card` is card JSON 2.0: the vendor's present format, in which an unknown property is refused rather than
ignored, so a mistake shows at once. Style `markdown` is the same card in JSON 1.0, for groups whose clients are older
than 7.20 and would see only a header and a notice to upgrade. Both use only tags and properties that were seen
accepted, and only the markdown both formats render: no headings, quotes or tables.
Conservative: inner card codes are not told apart, and `11220` stays unknown.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
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
from .escaping import MARKDOWN, TEXT
from .fields import Fields, fields
from .fitting import Room, Sheet, fit, noting
from .http_status import Outcome
from .measure import body_bytes
from .mentions import carried
from .reply import ReplyTable

NAME = "feishu"
CHINESE = "飞书"
HOSTS = frozenset({"open.feishu.cn", "open.larksuite.com"})
STYLES = frozenset({Style.CARD, Style.MARKDOWN, Style.TEXT, Style.POST})
MENTIONS = Mentions(everyone=True, member=re.compile(r"[A-Za-z0-9_-]{1,64}"), hint="飞书成员的 open_id（ou_ 开头）")

LIMITS: Mapping[str, int] = {
    "max_body_bytes": 20_000,  # FS-DOC: 20 KB, signature included
    "max_sends_per_minute": 100,  # FS-DOC, over it 11232
    "max_sends_per_second": 5,  # FS-DOC
}
# FS-DOC, "peak": at full and half hours 11232 can come although one is within the limits.
PACE = Pace(per_window=90, window_s=60.0, gap_s=0.25, busy_s=10.0)

ROOM = Room(lead_chars=300)
SIGNATURE_BYTES = len(b'"timestamp":"1700000000","sign":"",') + 44
"""What signing adds to the body: a base64 SHA-256 is 44 characters, a time in seconds 10 until the year 2286."""

_RATE_S = 60.0
_CONFIG, _CONTENT, _LATER = OutcomeClass.PERMANENT_CONFIG, OutcomeClass.PERMANENT_CONTENT, OutcomeClass.RETRY_LATER

OUTCOMES: Mapping[int, Outcome] = {
    9499: Outcome(_CONTENT, Reason.BAD_PARAMETER),
    10002: Outcome(_CONTENT, Reason.EMPTY_CONTENT),
    11220: Outcome(OutcomeClass.UNKNOWN, Reason.UNKNOWN_CODE),
    11232: Outcome(_LATER, Reason.RATE_LIMITED, _RATE_S),
    11246: Outcome(_CONTENT, Reason.BAD_CARD),
    19001: Outcome(_CONFIG, Reason.BAD_KEY),
    19002: Outcome(_CONTENT, Reason.UNSUPPORTED_TYPE),
    19007: Outcome(_CONFIG, Reason.ROBOT_DISABLED),
    19021: Outcome(_CONFIG, Reason.BAD_SIGNATURE),
    19022: Outcome(_CONFIG, Reason.IP_NOT_ALLOWED),
    19024: Outcome(_CONFIG, Reason.KEYWORD_MISSING),
    99991201: Outcome(_CONFIG, Reason.BAD_KEY),
    99991400: Outcome(_LATER, Reason.RATE_LIMITED, _RATE_S),
}
_THROTTLED = (
    re.compile("too many|frequency|limit", re.IGNORECASE),
    Outcome(_LATER, Reason.RATE_LIMITED, _RATE_S),
)
REPLIES = ReplyTable(
    OUTCOMES,
    code_fields=("code", "StatusCode"),
    message_fields=("msg", "StatusMessage"),
    by_message={9499: (_THROTTLED,)},
)


def recognises(url: str) -> bool:
    """`…/open-apis/bot/v2/hook/…` without a slash at the end, whatever the host."""
    return has_path(url, r".*/open-apis/bot/v2/hook/[^/]+")


def sign(secret: Secret | None, at: dt.datetime, *, message_id: str, body: bytes) -> Signature:
    """Two fields of the body. Valid for an hour either way."""
    if secret is None:
        return UNSIGNED
    timestamp = str(int(at.timestamp()))
    digest = hmac.digest(f"{timestamp}\n{secret.reveal()}".encode(), b"", "sha256")
    return Signature(body={"timestamp": timestamp, "sign": base64.b64encode(digest).decode()})


def read_reply(reply: Replied, at: dt.datetime) -> Verdict:
    """The verdict by `OUTCOMES` and the rules of `ReplyTable`."""
    return REPLIES.read(reply, at)


def messages(card: Card, style: Style, wording: Wording, mention: Mention = NOBODY) -> tuple[Message, ...]:
    """`text`, `post`, or a card in JSON 2.0 (`card`) or 1.0 (`markdown`); without a reader link it has no button."""
    mention, uncalled = carried(MENTIONS, mention)
    called = ["all"] * mention.everyone + list(mention.members)

    def text(sheet: Sheet) -> Mapping[str, Any]:
        content = wording(f"{NAME}/{card.kind}.text", sheet.card, escape=TEXT, **sheet.values())
        if called and sheet.part == 1:
            content += "\n\n" + " ".join(f'<at user_id="{member}"></at>' for member in called)
        return {"msg_type": "text", "content": {"text": content}}

    def interactive(sheet: Sheet) -> Mapping[str, Any]:
        body = wording(f"{NAME}/{card.kind}.markdown", sheet.card, escape=MARKDOWN, **sheet.values())
        if called and sheet.part == 1:
            body += "\n\n" + " ".join(f"<at id={member}></at>" for member in called)
        said = fields(wording(f"{NAME}/{card.kind}.card", sheet.card, escape=TEXT, **sheet.values()))
        shape = _json_1 if style is Style.MARKDOWN else _json_2
        return {"msg_type": "interactive", "card": shape(said, body, _buttons(card, said))}

    def post(sheet: Sheet) -> Mapping[str, Any]:
        said = fields(wording(f"{NAME}/{card.kind}.card", sheet.card, escape=TEXT, **sheet.values()))
        lines = wording(f"{NAME}/{card.kind}.post", sheet.card, escape=TEXT, **sheet.values()).split("\n")
        content: list[list[dict[str, str]]] = [[{"tag": "text", "text": line}] for line in lines]
        if buttons := _buttons(card, said):
            links = [[{"tag": "a", "text": label, "href": address}] for label, _, address in buttons]
            content.append([{"tag": "text", "text": ""}])
            content.append([node for link in links for node in (*link, {"tag": "text", "text": "　"})][:-1])
        if called and sheet.part == 1:
            content.append([{"tag": "at", "user_id": member} for member in called])
        return {"msg_type": "post", "content": {"post": {"zh_cn": {"title": said["title"], "content": content}}}}

    build = {Style.TEXT: text, Style.POST: post}.get(style, interactive)
    return noting(fit(card, build, _fits, ROOM), *uncalled)


def _fits(payload: Mapping[str, Any]) -> bool:
    return body_bytes(payload) + SIGNATURE_BYTES <= LIMITS["max_body_bytes"]


def _buttons(card: Card, said: Fields) -> list[tuple[str, str, str]]:
    """(label, type, address) of each button there is an address for."""
    buttons = [(said["open"], "primary", card.link), (said["sign"], "default", card.sign_link)]
    return [(label, look, address) for label, look, address in buttons if address]


def _header(said: Fields) -> dict[str, Any]:
    return {"title": {"tag": "plain_text", "content": said["title"]}, "template": said["colour"]}


def _json_2(said: Fields, body: str, buttons: list[tuple[str, str, str]]) -> dict[str, Any]:
    elements: list[dict[str, Any]] = [{"tag": "markdown", "content": body}]
    if buttons:
        elements.append({"tag": "hr"})
    elements += [
        {
            "tag": "button",
            "text": {"tag": "plain_text", "content": label},
            "type": look,
            "behaviors": [{"type": "open_url", "default_url": address}],
        }
        for label, look, address in buttons
    ]
    return {
        "schema": "2.0",
        "config": {"update_multi": True},
        "header": _header(said),
        "body": {"direction": "vertical", "elements": elements},
    }


def _json_1(said: Fields, body: str, buttons: list[tuple[str, str, str]]) -> dict[str, Any]:
    elements: list[dict[str, Any]] = [{"tag": "markdown", "content": body}]
    if buttons:
        actions = [
            {"tag": "button", "text": {"tag": "plain_text", "content": label}, "type": look, "url": address}
            for label, look, address in buttons
        ]
        elements += [{"tag": "hr"}, {"tag": "action", "actions": actions}]
    return {"config": {"wide_screen_mode": True}, "header": _header(said), "elements": elements}
