"""Prometheus metrics of one process: what it has done, and how the installation stands when it is asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot import __version__
from bot.channels import CHANNELS
from bot.domain.delivery import OutcomeClass, Reason
from bot.domain.errors import StoreError
from bot.domain.plan import Settled
from bot.store import Store

LAG_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 6 * 3600, 24 * 3600)
WAIT_S = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 600, 1800)


class Metrics:
    """docs/operations/watch.md says what each means; a test holds the two together."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._attempts = Counter(
            "jianbao_attempts",
            "Attempts by channel, outcome class and reason.",
            ("channel", "outcome", "reason"),
            registry=self.registry,
        )
        self._duration = Histogram(
            "jianbao_attempt_seconds",
            "From the start of an attempt to its verdict.",
            ("channel",),
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self.registry,
        )
        self.lag = Histogram(
            "jianbao_release_lag_seconds",
            "From the moment an issue, correction or reminder was released to a platform's yes.",
            ("channel",),
            buckets=LAG_S,
            registry=self.registry,
        )
        self.waits = Histogram(
            "jianbao_pacing_wait_seconds",
            "How long a due delivery was put off: a robot's pace, a platform's cool-down, a ceiling, a busy robot.",
            ("channel",),
            buckets=WAIT_S,
            registry=self.registry,
        )
        self.restarts = Counter(
            "jianbao_part_restarts", "Restarts of a part of the service.", ("part",), registry=self.registry
        )
        self.wake_failures = Counter(
            "jianbao_wake_failures", "Failed wakes of the scheduler.", ("wake",), registry=self.registry
        )
        self.source_failures = Counter(
            "jianbao_source_failures", "Looks at a source that failed.", ("source",), registry=self.registry
        )
        self.last_wake = Gauge(
            "jianbao_last_wake_timestamp_seconds", "When a wake last ended well.", registry=self.registry
        )
        self.read_only = Gauge(
            "jianbao_read_only", "1 while the disk is full: nothing is written or sent.", registry=self.registry
        )
        Gauge("jianbao_build_info", "The version at work.", ("version",), registry=self.registry).labels(
            __version__
        ).set(1)
        for channel in CHANNELS:
            # A series that begins at its first event has no increase over it.
            self._attempts.labels(channel, OutcomeClass.OK.value, Reason.ACCEPTED.value)
            self._duration.labels(channel)
            self.lag.labels(channel)
            self.waits.labels(channel)

    def settled(self, one: Settled) -> None:
        self._attempts.labels(one.claimed.channel, one.verdict.outcome.value, one.verdict.reason.value).inc()
        self._duration.labels(one.claimed.channel).observe((one.finished_at - one.started_at).total_seconds())

    def ask(self, store: Store, clock: Callable[[], dt.datetime]) -> None:
        """Let a scrape ask the database how things stand, and this process whether it is read-only."""
        self.read_only.set_function(lambda: store.full)
        self.registry.register(_Standing(store, clock))


class _Standing(Collector):
    """Every process of an installation says the same: take the maximum, not the sum."""

    def __init__(self, store: Store, clock: Callable[[], dt.datetime]) -> None:
        self._store = store
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry would otherwise ask the database while it is being set up."""
        return ()

    def collect(self) -> Iterable[Metric]:
        now = self._clock()
        try:
            found = self._store.standing(now=now)
        except StoreError:
            # The rest of the metrics must come through all the same; these are absent, which can be alerted on.
            return
        waited = (now - found.due_since).total_seconds() if found.due_since else 0.0
        yield GaugeMetricFamily(
            "jianbao_queue_age_seconds", "How long the delivery first in line has been due.", value=waited
        )
        deliveries = GaugeMetricFamily("jianbao_deliveries", "Deliveries on record by state.", labels=["state"])
        for state, count in found.deliveries.items():
            deliveries.add_metric([state.value], count)
        yield deliveries
        issues = GaugeMetricFamily("jianbao_issues", "Issues by state.", labels=["state"])
        for one, count in found.issues.items():
            issues.add_metric([one.value], count)
        yield issues
        yield GaugeMetricFamily("jianbao_workers", "Workers at work, by their heartbeats.", value=found.workers)
        yield GaugeMetricFamily(
            "jianbao_targets_suspended", "Robots that wait for a person to mend them.", value=found.suspended
        )
