"""What grows and is of no more use: rows of workers long gone. Deliveries, attempts and receipts are kept."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from .part import Part
from .schema import worker
from .uploads import forget_uploads

REMEMBERED = dt.timedelta(days=7)
"""How long a worker that has retired is still listed."""


class Housekeeping(Part):
    def housekeep(self, *, now: dt.datetime) -> int:
        """Forget workers that retired long ago (how many), and let SQLite refresh the statistics its plans rest on."""
        with self.db.write() as connection:
            gone = connection.execute(sa.delete(worker).where(worker.c.retired_at < now - REMEMBERED)).rowcount
            forget_uploads(connection, now=now)
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA optimize")
        return gone
