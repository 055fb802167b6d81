"""What an operator sees of a running service: metrics, traces, a log that tells the story of each issue by its id."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence

from bot.domain.delivery import DeliveryState, OutcomeClass
from bot.domain.errors import DocumentRefused, StoreError
from bot.domain.plan import Plan, Settled, StoredIssue, Turn
from bot.domain.release import Hold, IssueState
from bot.flows.observer import Observer
from bot.store import Store

from .metrics import Metrics
from .tracing import Tracer

log = logging.getLogger("jianbao")

KEPT = 1024
"""Messages whose plan's moment is remembered."""


class Watch(Observer):
    """Hears of everything that happens; what it does about it never stands in the way of a delivery."""

    def __init__(self, store: Store, metrics: Metrics, tracer: Tracer, clock: Callable[[], dt.datetime]) -> None:
        self.metrics = metrics
        self.tracer = tracer
        self._store = store
        self._clock = clock
        self._planned_at: dict[int, dt.datetime] = {}
        self._stirred: set[int] = set()

    def settled(self, one: Settled) -> None:
        """One attempt has ended."""
        claimed, verdict, state = one.claimed, one.verdict, one.settlement.state
        self.metrics.settled(one)
        if verdict.outcome is OutcomeClass.OK and (planned := self._planned(claimed.message_id)) is not None:
            self.metrics.lag.labels(claimed.channel).observe(max(0.0, (one.finished_at - planned).total_seconds()))
        self.tracer.record(
            "attempt",
            one.started_at,
            one.finished_at,
            issue=claimed.issue_id,
            delivery=claimed.delivery_id,
            attempt=claimed.number,
            channel=claimed.channel,
            outcome=verdict.outcome.value,
            reason=verdict.reason.value,
            state=state.value,
        )
        self._stirred.add(claimed.issue_id)
        level = logging.DEBUG if state is DeliveryState.ACCEPTED else logging.WARNING
        if log.isEnabledFor(level):
            log.log(
                level,
                "delivery %s",
                state.value,
                extra={
                    "issue": claimed.issue_id,
                    "delivery": claimed.delivery_id,
                    "attempt": claimed.number,
                    "recipient": claimed.recipient_id,
                    "channel": claimed.channel,
                    "reason": verdict.reason.value,
                    "vendor_code": verdict.vendor_code,
                    "next_try_at": one.settlement.next_try_at and one.settlement.next_try_at.isoformat(),
                },
            )

    def turn(self, turn: Turn, written: int, began: dt.datetime) -> None:
        """A ledger transaction that did something."""
        for channel, seconds in turn.waits:
            self.metrics.waits.labels(channel).observe(seconds)
        if turn.claimed or written:
            self.tracer.record("turn", began, self._clock(), claimed=len(turn.claimed), receipts=written)

    def taken_in(self, stored: StoredIssue, holds: Sequence[Hold], began: dt.datetime) -> None:
        self.tracer.record(
            "take in", began, self._clock(), issue=stored.id, revision=stored.revision, state=stored.state.value
        )
        log.info(
            "taken in, %s",
            stored.state.value,
            extra={
                "issue": stored.id,
                "revision": stored.revision,
                "label": stored.issue.issue.label,
                "release_at": stored.release_at and stored.release_at.isoformat(),
                "holds": [hold.code for hold in holds],
            },
        )

    def refused(self, name: str, error: DocumentRefused) -> None:
        log.warning("document refused", extra={"file": name, "code": error.code})

    def amended(self, issue_id: int, action: str, state: IssueState, who: str, holds: Sequence[Hold]) -> None:
        log.info(
            "%s, %s", action, state.value, extra={"issue": issue_id, "by": who, "holds": [one.code for one in holds]}
        )

    def planned(self, issue_id: int, plan: Plan, began: dt.datetime) -> None:
        self.tracer.record("plan", began, self._clock(), issue=issue_id, kind=plan.kind.value)

    def released(self, stored: StoredIssue, new_deliveries: int, who: str, began: dt.datetime) -> None:
        self.tracer.record(
            "release", began, self._clock(), issue=stored.id, deliveries=new_deliveries, state=stored.state.value
        )
        if new_deliveries:
            self._stirred.add(stored.id)
            log.info("%s", stored.state.value, extra={"issue": stored.id, "by": who, "deliveries": new_deliveries})

    def tell(self) -> None:
        """Say of each issue that stirred, and has no delivery left that is to be tried now, how it stands. Blocking."""
        for issue_id in list(self._stirred):
            try:
                counts = self._store.counts(issue_id)
            except StoreError:
                return
            if counts.get(DeliveryState.PENDING) or counts.get(DeliveryState.SENDING):
                continue
            self._stirred.discard(issue_id)
            told = {state.value: count for state, count in counts.items() if count}
            log.info("every delivery has a verdict", extra={"issue": issue_id, **told})

    def _planned(self, message_id: int) -> dt.datetime | None:
        if message_id not in self._planned_at:
            try:
                found = self._store.planned_at(message_id)
            except StoreError:
                return None
            if len(self._planned_at) >= KEPT:
                self._planned_at.clear()
            self._planned_at[message_id] = found
        return self._planned_at[message_id]
