"""What a *channel* (vendor kind) is to the rest of the house. Each module in bot/channels is one."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote, urlsplit

from .card import Card, Message, Style, Wording
from .delivery import Replied, Verdict
from .directory import NOBODY, Mention
from .pacing import Pace
from .secret import Secret


@dataclass(frozen=True, slots=True)
class Signature:
    """What signing adds to a request: raw (not yet encoded) query values, fields of the JSON body, or headers."""

    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def signed_url(self, url: str) -> str:
        """`url` with the query values appended, each percent-encoded exactly once."""
        if not self.query:
            return url
        extra = "&".join(f"{name}={quote(value, safe='')}" for name, value in self.query.items())
        return f"{url}{'&' if urlsplit(url).query else '?'}{extra}"

    def signed_body(self, body: bytes) -> bytes:
        """The JSON object `body` with the signature's fields put in front; not parsed again."""
        if not self.body:
            return body
        head = json.dumps(dict(self.body), ensure_ascii=False, separators=(",", ":")).encode()
        return head[:-1] + b"," + body[1:]


UNSIGNED = Signature()
"""Nothing to add: the credential is in the URL, or the target has no secret."""


class UnfitSecret(ValueError):  # noqa: N818 - it states a fact
    """No signature can be made with this secret; `str()` is one Chinese sentence, which never holds the secret."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """Whom a vendor's messages can mention, so that a directory asking for more is refused. By default nobody.

    `member`: the whole of what a member's id may be, None when single members cannot be mentioned; `hint`: what such
    an id is, in Chinese. `most`: members in one message.
    """

    everyone: bool = False
    member: re.Pattern[str] | None = None
    hint: str = ""
    most: int = 20

    def objection(self, mention: Mention) -> str | None:
        """None when `mention` can be had, else one Chinese sentence: what is wrong and what to do."""
        if mention.everyone and not self.everyone:
            return "该平台的群机器人不能@所有人，请去掉"
        if mention.members and self.member is None:
            return "该平台的群机器人不能@成员，请去掉"
        if len(mention.members) > self.most:
            return f"最多@{self.most}名成员，现有{len(mention.members)}名"
        unfit = [m for m in mention.members if self.member and not self.member.fullmatch(m)]
        return f"@的成员“{unfit[0]}”不对，应填{self.hint}" if unfit else None


class Channel(Protocol):
    """A vendor kind, as a module: pure functions and data, no HTTP, no clock, no logging."""

    NAME: str
    """The word in directory files: `wecom`, `dingtalk`, `feishu`, …"""
    CHINESE: str
    """The vendor's name for people: 企业微信, 钉钉, 飞书, …"""
    HOSTS: frozenset[str]
    """The vendor's own hosts, `.suffix` for all below it; a target elsewhere needs `JIANBAO_ALLOWED_HOSTS`."""
    STYLES: frozenset[Style]
    PACE: Pace
    """The vendor's sending window, with our margin."""

    MENTIONS: Mentions
    """Whom its messages can mention; where one type of message cannot, the message's notes say so."""

    def recognises(self, url: str) -> bool:
        """Does a pasted URL look like this vendor's webhook (path and credential, not the host)?"""
        ...

    def messages(self, card: Card, style: Style, wording: Wording, mention: Mention = NOBODY) -> tuple[Message, ...]:
        """The card as the vendor's messages, in order; each within the vendor's limits, in the vendor's unit.

        The first part alone carries `mention`, so that nobody is called twice.
        """
        ...

    def sign(self, secret: Secret | None, at: dt.datetime, *, message_id: str, body: bytes) -> Signature:
        """What one attempt at `at` (aware) must carry besides `body`; asked for at every attempt.

        `secret`: None when the target has none. `message_id`: the same on every retry, another for every message,
        at most 64 of `A-Za-z0-9_-`. `body`: the bytes that go out. Raises `UnfitSecret`.
        """
        ...

    def read_reply(self, reply: Replied, at: dt.datetime) -> Verdict:
        """The vendor's answer as a verdict. Reads the body: these vendors refuse with HTTP 200."""
        ...
