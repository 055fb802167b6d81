"""Text from a document, made harmless for each vendor's markup.

None of the chat vendors documents a working escape character: a backslash shows as a backslash in some clients and
vanishes in others. So a character that would act is replaced by its full-width twin, which every client shows as
that character and none obeys. Only characters that can act where they stand are touched; ordinary titles, with
their brackets, quotes, dashes and `3#楼`, pass unchanged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

_LINE_BREAK = re.compile(r"[\r\n\t\v\f\x1c-\x1e\x85\u2028\u2029]+")
_EMOJI = "[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]"
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0001\U000e0020-\U000e007f]"
    f"|(?<!{_EMOJI})\u200d|\u200d(?!{_EMOJI})"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def plain(text: str) -> str:
    """`text` on one line, without controls, zero-width and direction-changing characters.

    The joiner inside a composed emoji stays: without it one family becomes three people. A lone surrogate, which
    has no UTF-8, becomes U+FFFD.
    """
    return _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", _LINE_BREAK.sub(" ", text)))


@dataclass(frozen=True, slots=True)
class Escape:
    """A vendor's escape. `anywhere`: characters that act wherever they stand; `leading`: at a line's start only;
    `opening`: matches a single character that acts because of what follows it.

    Bare addresses are made unclickable (`：//`) and entities kept from being decoded (`＆lt;`) on every channel:
    a link on a card is ours or it is not there.
    """

    anywhere: str
    leading: str = ""
    opening: re.Pattern[str] | None = None

    def __call__(self, text: str) -> str:
        text = plain(text).replace("://", "：//").replace("~~", "～～")
        text = _acting(self.anywhere).sub(lambda found: _twin(found[0]), _ENTITY.sub("＆", text))
        if self.opening:
            text = self.opening.sub(lambda found: _twin(found[0]), text)
        body = text.lstrip()
        if body and body[0] in self.leading:
            text = text[: len(text) - len(body)] + _twin(body[0]) + body[1:]
        return text


_ENTITY = re.compile(r"&(?=#?[A-Za-z0-9]{1,31};)")


@cache
def _acting(characters: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(characters)}]")


def _twin(character: str) -> str:
    """The full-width form: U+FF01 to U+FF5E mirror ASCII 0x21 to 0x7E."""
    return chr(ord(character) + 0xFEE0)


TEXT = Escape("<>@")
"""Plain text messages: no markup, but `<at …>`, `<@x>` and `@all` are obeyed there by one vendor or another."""

MARKDOWN = Escape("<>@[]*_`\\|", leading="#-+=")
"""Markdown of WeCom, DingTalk and Feishu: links, mentions, font tags, emphasis, code, tables, headings."""

TEAMS = replace(MARKDOWN, opening=re.compile(r"\{(?=\{)"))
"""Markdown of an Adaptive Card, which also puts a date in place of `{{DATE(…)}}`."""

_EMOJI_CODE = re.compile(r"(?<!\d):(?=[\w+'-]{1,100}:)")
"""`:tada:` is a picture in Slack; `12:30:45` is a time."""

SLACK = Escape("&<>@[]*_`~\\|", leading="#-+=", opening=_EMOJI_CODE)
"""Slack's mrkdwn: markdown's characters, `&`, which begins its entities, and a single `~`, which strikes out."""

SLACK_TEXT = Escape("&<>@*_`~", opening=_EMOJI_CODE)
"""Slack reads even a plain message as mrkdwn."""
