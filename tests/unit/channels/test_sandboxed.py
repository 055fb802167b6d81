"""What we send is accepted by the sandbox: every golden case, and as fast as we send it."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.channels import CHANNELS
from bot.domain.card import Message, Style
from bot.sandbox.platforms import PLATFORMS
from bot.sandbox.robots import RateWindow

from . import sandboxed
from .samples import CASES, WORDING

STYLED = [(name, style) for name in sandboxed.JUDGED for style in sorted(CHANNELS[name].STYLES)]


@pytest.mark.parametrize(("name", "style"), STYLED)
@pytest.mark.parametrize("case", CASES)
def test_the_sandbox_accepts_it(name: str, style: Style, case: str) -> None:
    for message in CHANNELS[name].messages(CASES[case], style, WORDING):
        verdict = sandboxed.verdict(name, message)
        assert verdict.accepted, verdict.message


@pytest.mark.parametrize("name", sandboxed.JUDGED)
def test_the_sandbox_would_have_said_no(name: str) -> None:
    """The check above means something: an empty message is refused."""
    assert not sandboxed.verdict(name, Message(1, 1, {})).accepted


@pytest.mark.parametrize("name", ["wecom", "dingtalk", "feishu"])
def test_our_pace_is_never_turned_away_and_a_burst_is(name: str) -> None:
    window, pace, now = RateWindow(PLATFORMS[name].RATE), CHANNELS[name].PACE, sandboxed.AT
    starts: list[dt.datetime] = []
    for _ in range(300):
        now = pace.earliest([at for at in starts if at > now - dt.timedelta(seconds=pace.window_s)], now)
        assert window.admit(now.timestamp())
        starts.append(now)
    assert not all(window.admit(now.timestamp()) for _ in range(PLATFORMS[name].RATE.per_minute or 0))
