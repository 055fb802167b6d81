"""The pages' side of an installation: flows, reading, preview and robots, put together for bot/web."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import lru_cache, partial
from html import escape
from pathlib import Path

from bot.cards.cover import draw
from bot.channels import CHANNELS
from bot.domain.reader_token import read_token
from bot.flows.cover import Covers
from bot.flows.imports import Imports
from bot.flows.people import People
from bot.flows.reader import Reader
from bot.flows.roster import Roster
from bot.flows.settle import Settler
from bot.sandbox.preview import PREVIEW_CSS, render_html
from bot.settings import Settings
from bot.web import Office
from bot.web.oidc import Oidc

from .app import App
from .documents import dump_directory, option_check, read_directory, target_check
from .explaining import Explainer
from .fonts import cover_font

ANYTHING = "webhook"
"""The channel that takes any address: never recognised by itself, but for hosts the installation names."""


def make_office(app: App, *, wake: Callable[[], None]) -> Office:
    """`wake` tells the dispatcher that something may be due."""
    settings = app.settings
    check = target_check(settings)
    return Office(
        people=People(app.store, app.clock),
        publisher=app.publisher,
        roster=Roster(app.store, app.clock, recognise, check, option_check(settings), app.dated),
        dated=app.dated,
        imports=Imports(app.store, app.clock, lambda data, name: read_directory(settings, data, name)),
        settler=Settler(app.store, app.publisher, wake),
        reader=Reader(
            app.store,
            app.clock,
            partial(read_token, app.store.reader_keys()),
            dt.timedelta(days=settings.reader_link_days),
        ),
        covers=covers(app),
        store=app.store,
        channels=CHANNELS,
        preview=partial(preview, settings.public_url),
        preview_css=Path(PREVIEW_CSS),
        explain=Explainer(),
        dump_directory=lambda roster, form, mask: dump_directory(roster, form, mask=mask),
        try_target=app.try_target,
        zone=settings.zone,
        public_url=settings.public_url,
        sign_on=_sign_on(settings),
    )


def covers(app: App) -> Covers:
    """The pictures of cards. Drawn once and kept in memory; every client asks for the few newest."""
    font = cover_font(app.settings) if app.settings.public_url else None
    drawn = lru_cache(maxsize=64)(lambda text, shape: draw(text, shape, font)) if font else None
    return Covers(app.store, app.store.reader_keys(), drawn)


def preview(public_url: str | None, channel: str, payload: object) -> str:
    """As a phone shows it; our own pictures come from this very site, whatever name it is reached by."""
    shown = render_html(channel, payload)
    return shown.replace(f'src="{escape(public_url)}/', 'src="/') if public_url else shown


def recognise(url: str) -> str | None:
    """The channel of a pasted URL, by its shape; any other https address is a general webhook."""
    named = [name for name, channel in CHANNELS.items() if name != ANYTHING and channel.recognises(url)]
    if named:
        return named[0]
    return ANYTHING if ANYTHING in CHANNELS and CHANNELS[ANYTHING].recognises(url) else None


def _sign_on(settings: Settings) -> Oidc | None:
    if settings.oidc_issuer is None:
        return None
    secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else ""
    return Oidc(settings.oidc_issuer, settings.oidc_client_id, secret)
