"""Ceilings on what all workers send together: one row each, changed in the transaction that claims."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping

import sqlalchemy as sa

from bot.domain.pacing import ALL_CHANNELS as ALL
from bot.domain.pacing import Ceiling

from .schema import ceiling

LOOK_AGAIN = dt.timedelta(seconds=60)
"""The longest that a delivery is put off at a time, for the queue before it may be called off."""

_ROWS = (
    sa.select(ceiling.c.name, ceiling.c.free_at)
    .where(ceiling.c.name.in_(sa.bindparam("names", expanding=True)))
    .order_by(ceiling.c.name)
    .with_for_update()
)
_NEW = sa.text("INSERT INTO ceiling (name, free_at) VALUES (:name, 0) ON CONFLICT DO NOTHING")
_SPENT = (
    sa.update(ceiling)
    .where(ceiling.c.name == sa.bindparam("the_name"))
    .values(free_at=sa.bindparam("until", type_=ceiling.c.free_at.type))
)


class Room:
    """What the ceilings leave, for one turn. Their rows stay locked until its end, so that no two workers take the same
    room."""

    def __init__(self, connection: sa.Connection, ceilings: Mapping[str, Ceiling], now: dt.datetime) -> None:
        """`ceilings`: by channel, and by ALL_CHANNELS for all together; a channel without one is not limited."""
        self._connection = connection
        self._ceilings = ceilings
        self._now = now
        self._free_at = self._read() if ceilings else {}
        self._left = {name: one.room(self._free_at[name], now) for name, one in ceilings.items()}
        self._taken: Counter[str] = Counter()
        self._put_off: Counter[str] = Counter()

    def _read(self) -> dict[str, dt.datetime]:
        names = sorted(self._ceilings)
        rows = {row.name: row.free_at for row in self._connection.execute(_ROWS, {"names": names})}
        if missing := [{"name": name} for name in names if name not in rows]:
            self._connection.execute(_NEW, missing)
            return self._read()
        return rows

    def left(self, limit: int) -> int:
        """How many of `limit` may go, whatever their channels."""
        return min(limit, self._left.get(ALL, limit))

    def free_at(self) -> dt.datetime | None:
        """When something may go again; None when something may go now."""
        return self._after(ALL) if self._left.get(ALL, 1) <= 0 else None

    def take(self, channel: str) -> dt.datetime:
        """`now`, and one send less is left; or the moment to ask again. Those put off get moments of their own."""
        if self._left.get(channel, 1) > 0:
            for name in (channel, ALL):
                if name in self._left:
                    self._left[name] -= 1
                    self._taken[name] += 1
            return self._now
        first, own = self._after(channel), self._after(channel, self._put_off[channel])
        self._put_off[channel] += 1
        return first + (own - first) % LOOK_AGAIN

    def save(self) -> None:
        spent = [{"the_name": name, "until": self._after(name)} for name in sorted(self._taken)]
        if spent:
            self._connection.execute(_SPENT, spent)

    def _after(self, name: str, further: int = 0) -> dt.datetime:
        return self._ceilings[name].after(self._free_at[name], self._now, self._taken[name] + further)
