"""When failed deliveries are news: once when an issue's first sending is over, and once when nothing is retried."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from bot.domain.delivery import DeliveryState

RECENT = dt.timedelta(days=7)
"""What was released longer ago is no news: the last retry is over after two days, and the pages show the rest."""

FAILED = (DeliveryState.IN_DOUBT, DeliveryState.REFUSED, DeliveryState.EXHAUSTED)

Counts = Mapping[DeliveryState, int]
Told = Mapping[str, int]
"""By issue, how many failures those in charge know of. Kept as JSON, whose keys are text."""


def news(counts: Mapping[int, Counts], told: Told) -> tuple[list[int], dict[str, int]]:
    """The issues to tell of now, and what is known then.

    Retries end one by one over hours; were each told of by itself, a wave would be many messages. What people have put
    right is forgotten, so that it is told of when it fails again.
    """
    found: list[int] = []
    known: dict[str, int] = {}
    for issue_id, states in counts.items():
        failed = sum(states.get(state, 0) for state in FAILED)
        before = min(told.get(str(issue_id), 0), failed)
        sending = DeliveryState.PENDING in states or DeliveryState.SENDING in states
        if failed > before and not sending and not (before and DeliveryState.RETRYING in states):
            found.append(issue_id)
            before = failed
        if before:
            known[str(issue_id)] = before
    return found, known


def summary(name: str, states: Counts) -> str:
    """For a person: what became of the issue called `name`."""
    failed = "、".join(f"{states[state]} 条{state.chinese}" for state in FAILED if state in states)
    return f"{name} 有投递没有办成：{failed}，请在回执页面处理。"
