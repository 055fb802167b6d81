"""The instants at which a crash matters, each named once; the crash matrix is generated from this list.

The code passes by them with `hook(Point.X)`, which does nothing in service. A test gives a hook that kills the
process, and fails when a point is passed in no scenario.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Point(StrEnum):
    """`…_written`: inside the transaction, not yet durable. `…_committed`: durable, nothing done about it yet."""

    PLAN_WRITTEN = "plan_written"
    PLAN_COMMITTED = "plan_committed"
    CLAIM_WRITTEN = "claim_written"
    CLAIM_COMMITTED = "claim_committed"
    SENDING = "sending"
    """The request is on its way; nothing is known of it yet."""
    ANSWERED = "answered"
    """The answer is in memory only."""
    UPLOAD_BEGUN = "upload_begun"
    """It is durable that the original is on its way: nothing of the attempt can have been shown."""
    UPLOAD_ENDED = "upload_ended"
    """It is durable that the message which shows it may leave; it has not."""
    RECEIPTS_WRITTEN = "receipts_written"
    RECEIPTS_COMMITTED = "receipts_committed"
    PART_ARMED = "part_armed"
    """One part is on record as accepted, the next has become due; not yet durable."""
    RECOVERY_WRITTEN = "recovery_written"
    RECOVERY_COMMITTED = "recovery_committed"


Hook = Callable[[Point], None]


def pass_by(point: Point) -> None:
    """The hook in service."""
