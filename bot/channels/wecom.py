"""企业微信 WeCom group robot (消息推送).

Follows developer.work.weixin.qq.com/document/path/99110 and /91770 (read 2025-08-07, through the wire reference,
section 2). What differs from the others: no signature at all, the key in the URL is the only credential; lengths are
UTF-8 bytes of the decoded field, not of the body; a template card needs an address to open, so without a reader
link it becomes markdown; text advice inside a card is in characters and beyond it the client cuts, so a card whose
titles would be cut becomes markdown too. Members who read through the WeChat plug-in see only `text`.
Conservative where sources differ: text is kept to the documented 2048 bytes although servers took 5120.
Not found: any code for a malformed template card, so none of its rules is left to the server.
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

from .address import has_path, has_query
from .cutting import shorten
from .escaping import MARKDOWN, TEXT
from .fields import fields
from .fitting import Fits, Room, Sheet, fit, fit_one, noting
from .http_status import Outcome
from .mentions import MOBILE, NONE, carried
from .reply import ReplyTable, json_object

NAME = "wecom"
CHINESE = "企业微信"
HOSTS = frozenset({"qyapi.weixin.qq.com"})
STYLES = frozenset(Style)
_USER_ID = r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}"
MENTIONS = Mentions(everyone=True, member=re.compile(_USER_ID), hint="成员 userid 或手机号")
MARKDOWN_MENTIONS = Mentions(member=re.compile(f"(?!{MOBILE.pattern}$){_USER_ID}"))
"""WC-DOC: markdown names members by userid only, and has nothing for everyone."""

LIMITS: Mapping[str, int] = {
    "max_text_bytes": 2048,  # WC-DOC; 5120 observed
    "max_markdown_bytes": 4096,  # WC-DOC
    "max_card_title_chars": 26,  # WC-DOC, advice: the client cuts beyond
    "max_card_desc_chars": 30,  # WC-DOC, advice
    "max_card_body_chars": 112,  # WC-DOC, advice, sub_title_text
    "max_card_source_chars": 13,  # WC-DOC, advice
    "max_card_rows": 6,  # WC-DOC
    "max_card_row_value_chars": 26,  # WC-DOC, advice
    "max_card_jumps": 3,  # WC-DOC
    "max_sends_per_minute": 20,  # WC-DOC, over it 45009
    "min_file_bytes": 6,  # WC-DOC: larger than 5 bytes
    "max_file_bytes": 20_000_000,  # WC-DOC: 20 MB, which of the two is not stated
    "max_file_days": 3,  # WC-DOC: a media_id is good for as long, for the same key only
}
PACE = Pace(per_window=18, window_s=60.0, gap_s=3.2)

CARD_ROOM = Room(lead_chars=100, head_chars=LIMITS["max_card_title_chars"], change_chars=60)
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


def messages(card: Card, style: Style, wording: Wording, mention: Mention = NOBODY) -> tuple[Message, ...]:
    """`text`, `markdown`, or for `card` a template card, where the module's docstring does not say otherwise."""
    if style is Style.TEXT:
        return _text(card, wording, mention)
    if style is Style.CARD:
        if card.link is not None and (message := _template_card(card, card.link, wording)):
            return noting((message,), *carried(NONE, mention)[1])
        reason = "没有阅读链接" if card.link is None else "标题放不下"
        return noting(_markdown(card, wording, mention), f"卡片改为 markdown：{reason}")
    return _markdown(card, wording, mention)


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


def _markdown(card: Card, wording: Wording, mention: Mention) -> tuple[Message, ...]:
    mention, uncalled = carried(MARKDOWN_MENTIONS, mention)
    call = "".join(f"<@{member}>" for member in mention.members)

    def build(sheet: Sheet) -> Mapping[str, Any]:
        content = wording(f"{NAME}/{card.kind}.markdown", sheet.card, escape=MARKDOWN, **sheet.values())
        return {
            "msgtype": "markdown",
            "markdown": {"content": f"{content}\n{call}" if call and sheet.part == 1 else content},
        }

    return noting(fit(card, build, _within("markdown", LIMITS["max_markdown_bytes"]), MARKDOWN_ROOM), *uncalled)


def _within(msgtype: str, max_bytes: int) -> Fits:
    """Is the one field of text within its own UTF-8 bytes?"""
    return lambda payload: len(payload[msgtype]["content"].encode()) <= max_bytes


def _template_card(card: Card, link: str, wording: Wording) -> Message | None:
    """text_notice, or None when the titles do not stand in its body whole."""

    def build(sheet: Sheet) -> Mapping[str, Any]:
        said = fields(wording(f"{NAME}/{card.kind}.card", sheet.card, escape=TEXT, **sheet.values()))
        body = wording(f"{NAME}/{card.kind}.card-body", sheet.card, escape=TEXT, **sheet.values())
        rows = [
            {"keyname": key, "value": shorten(value, LIMITS["max_card_row_value_chars"])} for key, value in said.rows
        ]
        jumps = [{"type": 1, "title": said["open"], "url": link}]
        if card.sign_link:
            jumps.append({"type": 1, "title": said["sign"], "url": card.sign_link})
        return {
            "msgtype": "template_card",
            "template_card": {
                "card_type": "text_notice",
                "source": {"desc": shorten(said["source"], LIMITS["max_card_source_chars"]), "desc_color": 2},
                "main_title": {
                    "title": shorten(said["title"], LIMITS["max_card_title_chars"]),
                    "desc": shorten(said["desc"], LIMITS["max_card_desc_chars"]),
                },
                "sub_title_text": body,
                "horizontal_content_list": rows[: LIMITS["max_card_rows"]],
                "jump_list": jumps[: LIMITS["max_card_jumps"]],
                "card_action": {"type": 1, "url": link},
            },
        }

    def fits(payload: Mapping[str, Any]) -> bool:
        return len(payload["template_card"]["sub_title_text"]) <= LIMITS["max_card_body_chars"]

    return fit_one(card, build, fits, CARD_ROOM)
