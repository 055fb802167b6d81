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
from collections.abc import Callable, Mapping
from typing import Any

from bot.domain.card import Card, Message, Style, Wording
from bot.domain.channel import UNSIGNED, Mentions, Signature
from bot.domain.delivery import OutcomeClass, Reason, Replied, Verdict
from bot.domain.directory import NOBODY, Mention
from bot.domain.pacing import Pace
from bot.domain.secret import Secret

from .address import has_path, has_query
from .escaping import MARKDOWN, TEXT
from .fields import Fields, fields
from .fitting import Room, Sheet, fit, fit_one, noting, titles_only
from .http_status import Outcome, row_verdict
from .measure import body_bytes
from .mentions import MOBILE, NONE, carried
from .reply import ReplyTable

NAME = "dingtalk"
CHINESE = "钉钉"
HOSTS = frozenset({"oapi.dingtalk.com"})
STYLES = frozenset({Style.CARD, Style.MARKDOWN, Style.TEXT, Style.LINK, Style.NEWS})
MENTIONS = Mentions(everyone=True, member=re.compile(r"[A-Za-z0-9_-]{1,64}"), hint="手机号或钉钉 userId")

LIMITS: Mapping[str, int] = {
    "max_message_bytes": 20_000,  # seen in the vendor's own refusal 460101; what is counted is not stated
    "max_link_text_chars": 200,  # ours: a link's text is cut in display, where is not stated
    "max_feed_links": 10,  # ours: a phone's screen; no maximum is documented
    "max_sends_per_minute": 20,  # DT-DOC, over it shut for 600 s
}
PACE = Pace(per_window=17, window_s=60.0, gap_s=1.0)

ROOM = Room(lead_chars=300)
BARE_ROOM = titles_only(head_chars=40, change_chars=60)

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
    """`text` and `markdown`; `card` as an actionCard, `link`, `news` as a feedCard, where they can be had."""
    if style is Style.TEXT:
        return _text(card, wording, mention)
    if style is Style.MARKDOWN:
        return _markdown(card, wording, mention)
    make, otherwise = _STRUCTURED.get(style, _STRUCTURED[Style.CARD])
    made = make(card, wording)
    if isinstance(made, str):
        return noting(messages(card, otherwise, wording, mention), f"{style.chinese}改为{otherwise.chinese}：{made}")
    return noting(made, *carried(NONE, mention)[1])


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
    mention, uncalled = carried(MENTIONS, mention)

    def build(sheet: Sheet) -> Mapping[str, Any]:
        content = wording(f"{NAME}/{card.kind}.text", sheet.card, escape=TEXT, **sheet.values())
        content, at = _called(mention, sheet, content)
        return {"msgtype": "text", "text": {"content": content}, **at}

    return noting(fit(card, build, _fits, ROOM), *uncalled)


def _markdown(card: Card, wording: Wording, mention: Mention) -> tuple[Message, ...]:
    mention, uncalled = carried(MENTIONS, mention)

    def build(sheet: Sheet) -> Mapping[str, Any]:
        text, said = _marked_up(sheet, wording, buttons=False)
        text, at = _called(mention, sheet, text)
        return {"msgtype": "markdown", "markdown": {"title": said["title"], "text": text}, **at}

    return noting(fit(card, build, _fits, ROOM), *uncalled)


def _marked_up(sheet: Sheet, wording: Wording, *, buttons: bool) -> tuple[str, Fields]:
    """The markdown of a markdown message or an actionCard, and its short words. `buttons`: the links stand there."""
    values = {**sheet.values(), "buttons": buttons}
    text = wording(f"{NAME}/{sheet.card.kind}.markdown", sheet.card, escape=MARKDOWN, **values)
    return text, fields(wording(f"{NAME}/{sheet.card.kind}.card", sheet.card, escape=TEXT, **values))


def _action_card(card: Card, wording: Wording) -> tuple[Message, ...] | str:
    """The single form, or with a second button for signing the multi form."""
    link = card.link
    if link is None:
        return _NO_LINK

    def build(sheet: Sheet) -> Mapping[str, Any]:
        text, said = _marked_up(sheet, wording, buttons=True)
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


def _link(card: Card, wording: Wording) -> tuple[Message, ...] | str:
    """Titles in a few lines beside the emblem. Its one address is that for signing, where one is to sign."""
    if card.link is None:
        return _NO_LINK
    picture = {"picUrl": card.pictures.emblem} if card.pictures else {}

    def build(sheet: Sheet) -> Mapping[str, Any]:
        said = fields(wording(f"{NAME}/{card.kind}.card", sheet.card, escape=TEXT, **sheet.values()))
        text = wording(f"{NAME}/{card.kind}.link", sheet.card, escape=TEXT, **sheet.values())
        url = card.sign_link or card.link
        return {"msgtype": "link", "link": {"title": said["title"], "text": text, "messageUrl": url, **picture}}

    def fits(payload: Mapping[str, Any]) -> bool:
        return 0 < len(payload["link"]["text"]) <= LIMITS["max_link_text_chars"] and _fits(payload)

    made = fit_one(card, build, fits, BARE_ROOM)
    return (made,) if made else _NO_ROOM


def _feed_card(card: Card, wording: Wording) -> tuple[Message, ...] | str:
    """A list of titles below the cover. It has no text of its own, so its last line says the rest and where to sign."""
    link, pictures = card.link, card.pictures
    if link is None:
        return _NO_LINK
    if pictures is None:
        return _NO_COVER

    def build(sheet: Sheet) -> Mapping[str, Any]:
        said = fields(wording(f"{NAME}/{card.kind}.news", sheet.card, escape=TEXT, **sheet.values()))
        titles = [f"{label}：{value}" for label, value in said.rows]
        titles += [f"{item.number}. {TEXT(item.title)}" for item in sheet.items]
        links = [{"title": said["title"], "messageURL": link, "picURL": pictures.cover}]
        links += [{"title": title, "messageURL": link, "picURL": pictures.emblem} for title in titles]
        if said["foot"]:
            links.append({"title": said["foot"], "messageURL": card.sign_link or link, "picURL": pictures.emblem})
        return {"msgtype": "feedCard", "feedCard": {"links": links}}

    def fits(payload: Mapping[str, Any]) -> bool:
        return len(payload["feedCard"]["links"]) <= LIMITS["max_feed_links"] and _fits(payload)

    made = fit_one(card, build, fits, BARE_ROOM)
    return (made,) if made else _NO_ROOM


_NO_LINK, _NO_COVER, _NO_ROOM = "没有阅读链接", "没有封面图", "标题放不下"
_STRUCTURED: Mapping[Style, tuple[Callable[[Card, Wording], tuple[Message, ...] | str], Style]] = {
    Style.CARD: (_action_card, Style.MARKDOWN),
    Style.LINK: (_link, Style.CARD),
    Style.NEWS: (_feed_card, Style.CARD),
}
"""How a style is made, or the reason why it cannot be, and what it falls back to."""
