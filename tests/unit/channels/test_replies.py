"""Replies as the vendors send them, each with the whole verdict it must become."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from bot.channels import CHANNELS
from bot.domain.delivery import OutcomeClass, Reason, Replied, Verdict

from .samples import ROOT

AT = dt.datetime(2026, 7, 29, 9, tzinfo=dt.UTC)
REPLIES = sorted((ROOT / "tests" / "replies").glob("*/*.json"))


@pytest.mark.parametrize("path", REPLIES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_captured_reply_becomes_its_verdict(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    body = case["body_text"] if "body_text" in case else json.dumps(case["body"], ensure_ascii=False)
    wanted = case["verdict"]
    assert CHANNELS[path.parent.name].read_reply(Replied(case["http"], case["headers"], body.encode()), AT) == Verdict(
        OutcomeClass(wanted["class"]),
        Reason(wanted["reason"]),
        case["http"],
        wanted["code"],
        wanted["message"],
        wanted["wait_s"],
    )


def test_every_channel_has_a_success_on_record() -> None:
    accepted = {path.parent.name for path in REPLIES if json.loads(path.read_text("utf-8"))["verdict"]["class"] == "ok"}
    assert accepted == set(CHANNELS)
