"""Read-only while the disk is full, and back by itself."""

from __future__ import annotations

import datetime as dt
import logging
import os

import sqlalchemy as sa

from bot.domain.errors import DiskFull

from .part import Part
from .schema import answered

log = logging.getLogger(__name__)

ENOUGH_BYTES = 512 * 1024
"""More than a group of receipts takes, on disk and in the log before it."""

_PROBE = "room"


class Room(Part):
    @property
    def full(self) -> bool:
        """Is it read-only, as this process has found by a write that did not fit?"""
        return self.db.full

    def look_for_room(self, *, now: dt.datetime) -> bool:
        """Where it is full: write ENOUGH_BYTES, and take them away again. True when everything can be written."""
        if not self.db.full:
            return True
        mine = sa.delete(answered).where(answered.c.owner == _PROBE)
        # Random, lest a database or file system packs it into nothing.
        row = {"owner": _PROBE, "key_hash": "", "fingerprint": "", "status": 0, "created_at": now}
        try:
            with self.db.try_write() as connection:
                connection.execute(mine)
                connection.execute(sa.insert(answered).values(row | {"body": os.urandom(ENOUGH_BYTES // 2).hex()}))
            with self.db.try_write() as connection:
                connection.execute(mine)
        except DiskFull:
            return False
        self.db.full = False
        log.warning("there is room on the disk again: everything goes on")
        return True
