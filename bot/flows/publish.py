"""From a document to its release, all of it in one object. What is sent, and to whom, is fixed here; sending is
deliver.py's.

An issue is `scheduled` when nothing stands in its way and `held` when a person must look. People act on it (approve,
hold, reschedule, release now, cancel) and the clock acts on it (release what is due); every act is one conditional
update with its line in the history, so that two people, two schedulers or a restart cannot publish twice.
"""

from __future__ import annotations

from .assess import Parse, Policy, Published, Store
from .decide import Decider
from .intake import Intake
from .release import SCHEDULER

__all__ = ["SCHEDULER", "Parse", "Policy", "Published", "Publisher", "Store"]


class Publisher(Intake, Decider):
    """The use cases, over the ports they need."""
