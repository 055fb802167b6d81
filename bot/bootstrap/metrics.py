"""Prometheus metrics of one process, fed by what the dispatcher settles."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bot.domain.plan import Settled


class Metrics:
    """Counters by channel, class and reason; answers' durations; the parts' restarts."""

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

    def settled(self, one: Settled) -> None:
        self._attempts.labels(one.claimed.channel, one.verdict.outcome.value, one.verdict.reason.value).inc()
        self._duration.labels(one.claimed.channel).observe((one.finished_at - one.started_at).total_seconds())
