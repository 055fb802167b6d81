"""A message as a phone client shows it: vendor JSON to an HTML fragment.

Also for `jianbao render --html` and the admin pages. The fragment needs the style sheet `PREVIEW_CSS`, whose rules all
begin with `.pv`. It carries no script and no inline style; every text of the payload is escaped, and only http(s)
addresses become links.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.sandbox import dingtalk_view, feishu_view, plain_view, slack_view, teams_view, wecom_view
from bot.sandbox.exchange import mapping
from bot.sandbox.markup import MAX_CHARS
from bot.sandbox.shown import View

HERE = Path(__file__).parent
PREVIEW_CSS = HERE / "static" / "preview.css"

_VIEWS: Mapping[str, Callable[[Mapping[str, Any]], View | None]] = {
    "wecom": wecom_view.view,
    "dingtalk": dingtalk_view.view,
    "feishu": feishu_view.view,
    "lanxin": plain_view.view,
    "welink": plain_view.view,
    "teams": teams_view.view,
    "slack": slack_view.view,
}

environment = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render_html(channel: str, payload: object) -> str:
    """The HTML fragment (one `<div class="pv …">`) showing `payload` as the client of `channel` would.

    A payload the client could not show, and any payload of a channel without a picture of its own, comes as its raw
    JSON.
    """
    shown = _VIEWS[channel](mapping(payload)) if channel in _VIEWS else None
    if shown is None:
        return render_raw(channel, json.dumps(payload, ensure_ascii=False, indent=2))
    name = "plain" if _VIEWS[channel] is plain_view.view else channel
    template = environment.get_template(f"preview/{name}.html")
    return _encodable(template.render(view=shown.name, **shown.values))


def render_raw(channel: str, raw: str) -> str:
    """The fragment for something no client can show: `raw` as it is, cut visibly where it is very long."""
    left_out = max(len(raw) - MAX_CHARS, 0)
    template = environment.get_template("preview/raw.html")
    return _encodable(template.render(channel=channel, raw=raw[:MAX_CHARS], left_out=left_out))


def excerpt(channel: str, payload: object) -> str:
    """One plain line for a list of chats, empty when there is nothing to show."""
    shown = _VIEWS[channel](mapping(payload)) if channel in _VIEWS else None
    return shown.excerpt if shown is not None else ""


def _encodable(html: str) -> str:
    """`html` with half surrogate pairs, which no page can carry, replaced."""
    return html.encode(errors="replace").decode()
