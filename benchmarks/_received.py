"""The ledger beside what the vendors really received."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from bot.domain.card import LINK_TOKEN

from ._postgres import Watch

_TOKEN = re.compile(rf"/r/([A-Za-z0-9_-]{{{len(LINK_TOKEN)}}})")


@dataclass(frozen=True, slots=True)
class Received:
    """Numbers of deliveries, of refusals the last."""

    accepted: int
    in_doubt: int
    in_doubt_because: dict[str, int]
    lost: int
    received_twice: int
    received_and_not_recorded: int
    rate_refusals: int


def compare(watch: Watch, sandbox: str, planned: int) -> Received:
    """`planned`: deliveries there have to be. RuntimeError where the ledger's own counts are wrong."""
    received: Counter[int] = Counter()
    refused = 0
    for message in _messages(sandbox):
        refused += message["verdict"] == "refused"
        if message["verdict"] == "accepted":
            received[_delivery_of(message["body"])] += 1
    rows = watch.rows("SELECT id, state, attempts FROM delivery")
    states = Counter(state for _, state, _ in rows)
    told = watch.rows("SELECT slot, sum(count)::bigint FROM tally GROUP BY slot")
    if states != Counter({state: n for state, n in told if n}):
        raise RuntimeError(f"the counts kept are wrong: {told}, counted {states}")
    attempts = {key: n for key, _, n in rows}
    unsettled = sum(n for state, n in states.items() if state not in ("accepted", "in_doubt"))
    never_there = sum(1 for key, state, _ in rows if state == "accepted" and not received[key])
    why = "SELECT receipt.reason, count(*) FROM receipt JOIN delivery ON id = delivery_id AND attempts = number"
    because = dict(watch.rows(f"{why} WHERE state = 'in_doubt' GROUP BY receipt.reason"))
    limited = watch.rows("SELECT count(*) FROM receipt WHERE reason = 'rate_limited'")[0][0]
    return Received(
        accepted=states["accepted"],
        in_doubt=states["in_doubt"],
        in_doubt_because=because,
        lost=planned - len(rows) + unsettled + never_there,
        received_twice=sum(n - 1 for n in received.values() if n > 1),
        received_and_not_recorded=sum(max(0, n - attempts.get(key, 0)) for key, n in received.items()),
        rate_refusals=max(refused, int(limited)),
    )


def _messages(base: str) -> Iterator[dict[str, Any]]:
    since = 0
    with httpx.Client(base_url=base, trust_env=False, timeout=300) as client:
        while True:
            page = client.get("/_sandbox/messages", params={"since": since, "limit": 5000}).json()
            yield from page["messages"]
            since = page["next_since"]
            if not page["more"]:
                return


def _delivery_of(body: str) -> int:
    """A delivery's id is in the token of its reader link."""
    found = _TOKEN.search(body)
    assert found is not None, body
    return int.from_bytes(base64.urlsafe_b64decode(found[1])[:8], "big")
