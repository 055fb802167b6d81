"""Every golden case is accepted by the sandbox, and the vectors' invalid payloads are none we would send."""

from __future__ import annotations

import pytest

from bot.channels import CHANNELS
from bot.domain.card import Message, Style

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
