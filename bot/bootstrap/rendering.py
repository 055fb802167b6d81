"""What `jianbao render` shows: the messages of one document, and a page of them as a phone would show them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape

from bot import sandbox
from bot.cards.cover import draw
from bot.channels import CHANNELS
from bot.domain.card import Message, Style
from bot.domain.cover import CoverText, Shape
from bot.domain.errors import ConfigError
from bot.domain.issue import ListKind
from bot.domain.plan import StoredIssue
from bot.domain.release import IssueState
from bot.settings import Settings

from .app import utc_now
from .documents import read_document, renderer
from .fonts import cover_font

PAGE = (
    "body{margin:0 auto;padding:16px;max-width:420px;background:#ededed;"
    "font-family:-apple-system,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif}"
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """`pictures`: what would be found at the addresses of the issue's pictures, as PNG; empty where it has none."""

    messages: tuple[Message, ...]
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def render_document(
    settings: Settings, data: bytes, name: str, channel: str, style: Style, list_kind: ListKind
) -> Rendered:
    """The messages of one channel and style, as they would go out. Raises ConfigError for an unknown channel."""
    if channel not in CHANNELS:
        raise ConfigError(f"没有平台 {channel}；可用：{'、'.join(sorted(CHANNELS))}")
    issue = read_document(data, name)
    stored = StoredIssue(0, 0, 1, issue, IssueState.HELD, None)
    made = renderer(settings)
    messages = tuple(
        _as_sent(message, channel)
        for message in made.messages(stored, channel=channel, style=style, list_kind=list_kind)
    )
    addresses, font = made.pictures(stored.revision_id), cover_font(settings)
    if addresses is None or font is None:
        return Rendered(messages)
    text = CoverText.of(issue)
    return Rendered(
        messages,
        {addresses.cover: draw(text, Shape.COVER, font), addresses.emblem: draw(text, Shape.EMBLEM, font)},
    )


def _as_sent(message: Message, channel: str) -> Message:
    """With what its platform wants in the body of every call, secret or not. To the minute, so that the same document
    shown twice is the same."""
    at = utc_now().replace(second=0, microsecond=0)
    name = hashlib.sha256(message.body).hexdigest()
    signature = CHANNELS[channel].sign(None, at, message_id=name, body=message.body)
    return replace(message, payload={**signature.body, **message.payload})


def preview_page(title: str, channel: str, rendered: Rendered) -> str:
    """A web page, complete in itself, that shows the messages as the chat's phone client would."""
    bubbles = "\n".join(sandbox.render_html(channel, dict(message.payload)) for message in rendered.messages)
    for address, data in rendered.pictures.items():
        embedded = f"data:image/png;base64,{base64.b64encode(data).decode()}"
        bubbles = bubbles.replace(f'src="{escape(address)}"', f'src="{embedded}"')
    css = PAGE + sandbox.PREVIEW_CSS.read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{css}</style></head><body>{bubbles}</body></html>\n"
    )
