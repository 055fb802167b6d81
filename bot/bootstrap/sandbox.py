"""The simulated platforms, for the command line and the demo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from bot import sandbox
from bot.domain.card import Message


def run_sandbox(
    host: str, port: int, *, open_mode: bool, rate_limits: bool, on_ready: Callable[[str], None] | None = None
) -> None:
    """Serve until stopped. Raises OSError when the address cannot be bound."""
    sandbox.run(host, port, open_mode=open_mode, rate_limits=rate_limits, on_ready=on_ready)


def preview_page(title: str, channel: str, messages: Sequence[Message]) -> str:
    """A web page, complete in itself, that shows the messages as the chat's phone client would."""
    bubbles = "\n".join(sandbox.render_html(channel, dict(message.payload)) for message in messages)
    page = "body{margin:0 auto;padding:16px;max-width:420px;background:#ededed}"
    css = page + sandbox.PREVIEW_CSS.read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{css}</style></head><body>{bubbles}</body></html>\n"
    )


def sandbox_server(*, port: int = 0) -> sandbox.SandboxServer:
    """A sandbox in a thread of this process, as a context manager with `url`."""
    return sandbox.SandboxServer(port=port)
