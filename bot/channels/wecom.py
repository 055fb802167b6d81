"""企业微信 WeCom group robot (消息推送).

Follows developer.work.weixin.qq.com/document/path/99110 and /91770 (read 2025-08-07, through the wire reference,
section 2). What differs from the others: no signature at all, the key in the URL is the only credential; lengths are
UTF-8 bytes of the decoded field, not of the body; a template card needs an address to open, so without a reader
link it becomes markdown; text advice inside a card is in characters and beyond it the client cuts, so a card whose
titles would be cut becomes markdown too. Members who read through the WeChat plug-in see only `text`.
Conservative where sources differ: text is kept to the documented 2048 bytes although servers took 5120.
Not found: any code for a malformed template card, so none of its rules is left to the server.
markdown_v2 has no colours and no mentions, and is plain text in clients before 4.1.36.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.domain.card import Card, Message, Style, Wording
from bot.domain.channel import UNSIGNED, Mentions, Signature
from bot.domain.delivery import OutcomeClass, Reason, Replied, Verdict
from bot.domain.directory import NOBODY, Mention
from bot.domain.pacing import Pace
from bot.domain.secret import Secret

from . import wecom_cards
from .address import has_path, has_query
from .escaping import MARKDOWN, TEXT
from .fitting import Fits, Room, Sheet, fit, noting
from .http_status import Outcome
from .mentions import MOBILE, NONE, carried
from .reply import ReplyTable, json_object

NAME = "wecom"
CHINESE = "企业微信"
HOSTS = frozenset({"qyapi.weixin.qq.com"})
STYLES = frozenset(Style) - {Style.LINK, Style.POST}
_USER_ID = r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}"
MENTIONS = Mentions(everyone=True, member=re.compile(_USER_ID), hint="成员 userid 或手机号")
MARKDOWN_MENTIONS = Mentions(member=re.compile(f"(?!{MOBILE.pattern}$){_USER_ID}"))
"""WC-DOC: markdown names members by userid only, and has nothing for everyone."""

LIMITS: Mapping[str, int] = {
    "max_text_bytes": 2048,  # WC-DOC; 5120 observed
    "max_markdown_bytes": 4096,  # WC-DOC
    **wecom_cards.LIMITS,
    "max_sends_per_minute": 20,  # WC-DOC, over it 45009
    "min_file_bytes": 6,  # WC-DOC: larger than 5 bytes
    "max_file_bytes": 20_000_000,  # WC-DOC: 20 MB, which of the two is not stated
    "max_file_days": 3,  # WC-DOC: a media_id is good for as long, for the same key only
}
PACE = Pace(per_window=18, window_s=60.0, gap_s=3.2)

MARKDOWN_ROOM = Room(lead_chars=300)
TEXT_ROOM = Room(lead_chars=150, head_chars=60, change_chars=120)

_BUSY_S, _CONCURRENT_S, _RATE_S = 5.0, 5.0, 60.0
_CONFIG, _CONTENT, _LATER = OutcomeClass.PERMANENT_CONFIG, OutcomeClass.PERMANENT_CONTENT, OutcomeClass.RETRY_LATER

OUTCOMES: Mapping[int, Outcome] = {
    -1: Outcome(_LATER, Reason.BUSY, _BUSY_S),
    40001: Outcome(_CONFIG, Reason.BAD_KEY),
    40004: Outcome(_CONTENT, Reason.BAD_MEDIA),
    40006: Outcome(_CONTENT, Reason.BAD_MEDIA),
    40007: Outcome(_CONTENT, Reason.BAD_MEDIA),
    40008: Outcome(_CONTENT, Reason.UNSUPPORTED_TYPE),
    40009: Outcome(_CONTENT, Reason.BAD_MEDIA),
    40033: Outcome(_CONTENT, Reason.BAD_PARAMETER),
    40035: Outcome(_CONTENT, Reason.BAD_PARAMETER),
    40058: Outcome(_CONTENT, Reason.BAD_PARAMETER),
    40063: Outcome(_CONTENT, Reason.BAD_PARAMETER),
    41006: Outcome(_CONTENT, Reason.BAD_MEDIA),
    41016: Outcome(_CONTENT, Reason.BAD_CARD),
    44001: Outcome(_CONTENT, Reason.BAD_MEDIA),
    44004: Outcome(_CONTENT, Reason.EMPTY_CONTENT),
    45001: Outcome(_CONTENT, Reason.BAD_MEDIA),
    45002: Outcome(_CONTENT, Reason.TOO_LONG),
    45007: Outcome(_CONTENT, Reason.BAD_MEDIA),
    45008: Outcome(_CONTENT, Reason.BAD_CARD),
    45009: Outcome(_LATER, Reason.RATE_LIMITED, _RATE_S),
    45033: Outcome(_LATER, Reason.BUSY, _CONCURRENT_S),
    45034: Outcome(_CONTENT, Reason.BAD_PARAMETER),
    48002: Outcome(_CONFIG, Reason.NOT_PERMITTED),
    93000: Outcome(_CONFIG, Reason.BAD_KEY),
    93004: Outcome(_CONFIG, Reason.ROBOT_DISABLED),
    93008: Outcome(_CONFIG, Reason.ROBOT_REMOVED),
}
_TOO_LONG = (re.compile("exceed max length", re.IGNORECASE), Outcome(_CONTENT, Reason.TOO_LONG))

REPLIES = ReplyTable(
    OUTCOMES,
    code_fields=("errcode",),
    message_fields=("errmsg",),
    by_message={40058: (_TOO_LONG,), 93000: (_TOO_LONG,)},
    ok_message="ok",
)


def recognises(url: str) -> bool:
    """`…/cgi-bin/webhook/send?key=…`, whatever the host."""
    return has_path(url, r".*/cgi-bin/webhook/send") and has_query(url, "key")


def upload_url(url: str) -> str:
    """Where a file for the robot at `url` is uploaded: multipart, the part `media` with a file name. A credential."""
    place, key = url.split("?", 1)
    return f"{place.removesuffix('/send')}/upload_media?{key}&type=file"


def uploaded(reply: Replied) -> str | None:
    """The `media_id` an accepted upload was answered with; whether it was accepted `read_reply` says."""
    media_id = (json_object(reply.body) or {}).get("media_id")
    return media_id if isinstance(media_id, str) and media_id else None


def file_message(media_id: str) -> Message:
    """The message that shows an uploaded file."""
    return Message(1, 1, {"msgtype": "file", "file": {"media_id": media_id}})


def sign(secret: Secret | None, at: dt.datetime, *, message_id: str, body: bytes) -> Signature:
    """Nothing: this robot type has no signature."""
    return UNSIGNED


def read_reply(reply: Replied, at: dt.datetime) -> Verdict:
    """The verdict by `OUTCOMES` and the rules of `ReplyTable`."""
    return REPLIES.read(reply, at)


_STRUCTURED: Mapping[Style, tuple[Callable[[Card, Wording], Message | str], Style]] = {
    Style.CARD: (wecom_cards.text_notice, Style.MARKDOWN),
    Style.NEWS_CARD: (wecom_cards.news_notice, Style.CARD),
    Style.NEWS: (wecom_cards.news, Style.TEXT),
}
"""How a style is made and what it falls back to: news to text, which people who read through WeChat see as well."""


def messages(card: Card, style: Style, wording: Wording, mention: Mention = NOBODY) -> tuple[Message, ...]:
    """The message type each style stands for, where the module's docstring does not say otherwise."""
    if style is Style.TEXT:
        return _text(card, wording, mention)
    if style in (Style.MARKDOWN, Style.MARKDOWN_V2):
        return _markdown(card, style, wording, mention)
    make, otherwise = _STRUCTURED.get(style, _STRUCTURED[Style.CARD])
    made = make(card, wording)
    if isinstance(made, Message):
        return noting((made,), *carried(NONE, mention)[1])
    return noting(messages(card, otherwise, wording, mention), f"{style.chinese}改为{otherwise.chinese}：{made}")


def _text(card: Card, wording: Wording, mention: Mention) -> tuple[Message, ...]:
    mention, uncalled = carried(MENTIONS, mention)
    mobiles = [m for m in mention.members if MOBILE.fullmatch(m)]
    users = [m for m in mention.members if not MOBILE.fullmatch(m)] + ["@all"] * mention.everyone
    called = {"mentioned_list": users, "mentioned_mobile_list": mobiles}

    def build(sheet: Sheet) -> Mapping[str, Any]:
        content = wording(f"{NAME}/{card.kind}.text", sheet.card, escape=TEXT, **sheet.values())
        first = {name: who for name, who in called.items() if who and sheet.part == 1}
        return {"msgtype": "text", "text": {"content": content, **first}}

    return noting(fit(card, build, _within("text", LIMITS["max_text_bytes"]), TEXT_ROOM), *uncalled)


def _markdown(card: Card, style: Style, wording: Wording, mention: Mention) -> tuple[Message, ...]:
    """markdown, or markdown_v2, whose msgtype is the style's own word and which calls nobody."""
    mention, uncalled = carried(MARKDOWN_MENTIONS if style is Style.MARKDOWN else NONE, mention)
    call = "".join(f"<@{member}>" for member in mention.members)

    def build(sheet: Sheet) -> Mapping[str, Any]:
        content = wording(f"{NAME}/{card.kind}.{style}", sheet.card, escape=MARKDOWN, **sheet.values())
        if call and sheet.part == 1:
            content += f"\n{call}"
        return {"msgtype": style.value, style.value: {"content": content}}

    return noting(fit(card, build, _within(style, LIMITS["max_markdown_bytes"]), MARKDOWN_ROOM), *uncalled)


def _within(msgtype: str, max_bytes: int) -> Fits:
    """Is the one field of text within its own UTF-8 bytes?"""
    return lambda payload: len(payload[msgtype]["content"].encode()) <= max_bytes
