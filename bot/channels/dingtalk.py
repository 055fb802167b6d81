"""钉钉 DingTalk custom robot.

Follows the custom-robot pages of open.dingtalk.com (through the wire reference, section 3). What differs from the
others: the signature goes into the URL and its time is in milliseconds; the limit counts bytes of the message, not
of a field, and which bytes is not stated, so the whole request body is kept at or under it; single newlines are
swallowed, so templates separate paragraphs with a blank line; over the rate a robot is shut for ten minutes, so the
pace keeps a wider margin. `<font>` is used by some but not documented: our templates do without.
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

from .address import has_path, has_query
from .escaping import MARKDOWN, TEXT
from .fields import fields
from .fitting import Room, Sheet, fit, noting
from .http_status import Outcome, row_verdict
from .measure import body_bytes
from .mentions import MOBILE, NONE, carried
from .reply import ReplyTable

NAME = "dingtalk"
CHINESE = "钉钉"
HOSTS = frozenset({"oapi.dingtalk.com"})
STYLES = frozenset(Style)
MENTIONS = Mentions(everyone=True, member=re.compile(r"[A-Za-z0-9_-]{1,64}"), hint="手机号或钉钉 userId")

LIMITS: Mapping[str, int] = {
    "max_message_bytes": 20_000,  # seen in the vendor's own refusal 460101; what is counted is not stated
    "max_sends_per_minute": 20,  # DT-DOC, over it shut for 600 s
}
PACE = Pace(per_window=17, window_s=60.0, gap_s=1.0)

ROOM = Room(lead_chars=300)

_BUSY_S, _SHUT_S, _ADDRESS_BANNED_S = 30.0, 600.0, 300.0
_CONFIG, _CONTENT, _LATER = OutcomeClass.PERMANENT_CONFIG, OutcomeClass.PERMANENT_CONTENT, OutcomeClass.RETRY_LATER

OUTCOMES: Mapping[int, Outcome] = {
    -1: Outcome(_LATER, Reason.BUSY, _BUSY_S),
    40035: Outcome(_CONTENT, Reason.BAD_PARAMETER),
    43002: Outcome(_CONFIG, Reason.BAD_REQUEST_SHAPE),
    43004: Outcome(_CONFIG, Reason.BAD_REQUEST_SHAPE),
    90018: Outcome(_LATER, Reason.RATE_LIMITED, 1.0),
    130101: Outcome(_LATER, Reason.RATE_LIMITED, _SHUT_S),
    300001: Outcome(_CONFIG, Reason.BAD_KEY),
    300005: Outcome(_CONFIG, Reason.BAD_KEY),
    310000: Outcome(_CONFIG, Reason.NOT_PERMITTED),
    400013: Outcome(_CONFIG, Reason.ROBOT_REMOVED),
    400101: Outcome(_CONFIG, Reason.BAD_KEY),
    400102: Outcome(_CONFIG, Reason.ROBOT_DISABLED),
    400105: Outcome(_CONTENT, Reason.UNSUPPORTED_TYPE),
    400106: Outcome(_CONFIG, Reason.ROBOT_REMOVED),
    400201: Outcome(_CONTENT, Reason.BAD_PARAMETER),
    400401: Outcome(_CONTENT, Reason.BAD_PARAMETER),
    400602: Outcome(_CONTENT, Reason.BAD_PARAMETER),
    410100: Outcome(_LATER, Reason.RATE_LIMITED, _SHUT_S),
    430101: Outcome(_CONTENT, Reason.UNSAFE_CONTENT),
    430102: Outcome(_CONTENT, Reason.UNSAFE_CONTENT),
    430103: Outcome(_CONTENT, Reason.UNSAFE_CONTENT),
    430104: Outcome(_CONTENT, Reason.UNSAFE_CONTENT),
    460101: Outcome(_CONTENT, Reason.TOO_LONG),
    660026: Outcome(_LATER, Reason.RATE_LIMITED, _SHUT_S),
}


def _when(pattern: str, outcome: OutcomeClass, reason: Reason, wait_s: float = 0.0) -> tuple[re.Pattern[str], Outcome]:
    return re.compile(pattern, re.IGNORECASE), Outcome(outcome, reason, wait_s)


REPLIES = ReplyTable(
    OUTCOMES,
    code_fields=("errcode",),
    message_fields=("errmsg",),
    by_message={
        40035: (_when("access_token", _CONFIG, Reason.BAD_KEY),),
        300001: (_when("fast|frequency|限流", _LATER, Reason.RATE_LIMITED, _SHUT_S),),
        310000: (
            _when("keyword|关键词", _CONFIG, Reason.KEYWORD_MISSING),
            _when("sign|签名|timestamp|时间戳", _CONFIG, Reason.BAD_SIGNATURE),
            _when("whitelist|白名单", _CONFIG, Reason.IP_NOT_ALLOWED),
        ),
    },
)
_BANNED_PAGE = re.compile(rb'"punish"\s*:\s*"deny"')
_BANNED = Outcome(_LATER, Reason.RATE_LIMITED, _ADDRESS_BANNED_S)


def recognises(url: str) -> bool:
    """`…/robot/send?access_token=…`, whatever the host."""
    return has_path(url, r".*/robot/send") and has_query(url, "access_token")


def sign(secret: Secret | None, at: dt.datetime, *, message_id: str, body: bytes) -> Signature:
    """Two raw query values, to be percent-encoded once by whoever builds the URL. Valid for an hour either way."""
    if secret is None:
        return UNSIGNED
    timestamp = str(round(at.timestamp() * 1000))
    key = secret.reveal()
    digest = hmac.digest(key.encode(), f"{timestamp}\n{key}".encode(), "sha256")
    return Signature(query={"timestamp": timestamp, "sign": base64.b64encode(digest).decode()})


def read_reply(reply: Replied, at: dt.datetime) -> Verdict:
    """As the table says; the page that bans a whole address for five minutes has no code, or none we know."""
    verdict = REPLIES.read(reply, at)
    if verdict.outcome is OutcomeClass.UNKNOWN and _BANNED_PAGE.search(reply.body):
        return row_verdict(_BANNED, reply, at, code=verdict.vendor_code)
    return verdict


def messages(card: Card, style: Style, wording: Wording, mention: Mention = NOBODY) -> tuple[Message, ...]:
    """`text`, `markdown`, or for `card` an actionCard; without a reader link, which its button needs, markdown."""
    link = card.link if style is Style.CARD else None
    mention, uncalled = carried(NONE if link else MENTIONS, mention)
    if style is Style.TEXT:
        return noting(_text(card, wording, mention), *uncalled)
    if style is Style.CARD and link is None:
        uncalled = ("卡片改为 markdown：没有阅读链接", *uncalled)
    return noting(_marked_up(card, link, wording, mention), *uncalled)


def _fits(payload: Mapping[str, Any]) -> bool:
    return body_bytes(payload) <= LIMITS["max_message_bytes"]


def _called(mention: Mention, sheet: Sheet, text: str) -> tuple[str, dict[str, Any]]:
    """The text of a first part with its mentions, and what else of the payload names them.

    DT-DOC: a member is called only where the text shows `@` and the same id.
    """
    if mention == NOBODY or sheet.part > 1:
        return text, {}
    ids = " ".join(f"@{member}" for member in mention.members)
    at = {
        "atMobiles": [m for m in mention.members if MOBILE.fullmatch(m)],
        "atUserIds": [m for m in mention.members if not MOBILE.fullmatch(m)],
        "isAtAll": mention.everyone,
    }
    return f"{text}\n\n{ids}" if ids else text, {"at": at}


def _text(card: Card, wording: Wording, mention: Mention) -> tuple[Message, ...]:
    def build(sheet: Sheet) -> Mapping[str, Any]:
        content = wording(f"{NAME}/{card.kind}.text", sheet.card, escape=TEXT, **sheet.values())
        content, at = _called(mention, sheet, content)
        return {"msgtype": "text", "text": {"content": content}, **at}

    return fit(card, build, _fits, ROOM)


def _marked_up(card: Card, link: str | None, wording: Wording, mention: Mention) -> tuple[Message, ...]:
    """actionCard when there is a `link` for its button, else markdown; both show the same markdown."""

    def build(sheet: Sheet) -> Mapping[str, Any]:
        values = {**sheet.values(), "buttons": link is not None}
        text = wording(f"{NAME}/{card.kind}.markdown", sheet.card, escape=MARKDOWN, **values)
        said = fields(wording(f"{NAME}/{card.kind}.card", sheet.card, escape=TEXT, **values))
        if link is None:
            text, at = _called(mention, sheet, text)
            return {"msgtype": "markdown", "markdown": {"title": said["title"], "text": text}, **at}
        shown: dict[str, Any] = {"title": said["title"], "text": text}
        if card.sign_link:
            shown["btnOrientation"] = "0"
            shown["btns"] = [
                {"title": said["open"], "actionURL": link},
                {"title": said["sign"], "actionURL": card.sign_link},
            ]
        else:
            shown |= {"singleTitle": said["open"], "singleURL": link}
        return {"msgtype": "actionCard", "actionCard": shown}

    return fit(card, build, _fits, ROOM)
