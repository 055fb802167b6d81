"""The directory as resolving asks of it, read through for each answer: some 1.3 µs a unit, and no memory to speak of.

No index of words is kept: it would have to be normalised here as in the domain, and in step with every change by
whatever version of the program.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any

import sqlalchemy as sa

from .schema import recipient, recipient_group, target

AT_ONCE = 1_000
"""Rows held at a time."""

_NAMES = sa.select(recipient.c.name, recipient.c.id)
_ALIASES = sa.select(recipient.c.aliases, recipient.c.id).where(recipient.c.aliases != [])
_PHRASES = sa.select(recipient_group.c.name, recipient_group.c.phrases, recipient_group.c.id)
_UNREACHABLE = sa.select(recipient.c.id).where(
    sa.or_(
        sa.not_(recipient.c.enabled),
        ~sa.exists().where(target.c.recipient_id == recipient.c.id, target.c.removed_at.is_(None), target.c.enabled),
    )
)


class StoredDirectory:
    """As one transaction sees it. Words come in no particular order: what they stand for does not depend on it."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def names(self) -> Iterable[tuple[str, str]]:
        return self._rows(_NAMES)

    def aliases(self) -> Iterator[tuple[str, str]]:
        for aliases, id_ in self._rows(_ALIASES):
            yield from ((alias, id_) for alias in aliases)

    def phrases(self) -> Iterator[tuple[str, str]]:
        for name, phrases, id_ in self._rows(_PHRASES):
            yield from ((phrase, id_) for phrase in (name, *phrases))

    def members(self, group_id: str) -> tuple[str, ...]:
        query = sa.select(recipient_group.c.members).where(recipient_group.c.id == group_id)
        return tuple(self._connection.execute(query).scalar_one())

    def unreachable(self, ids: Collection[str]) -> tuple[str, ...]:
        found = {id_ for (id_,) in self._rows(_UNREACHABLE) if id_ in ids}
        return tuple(one for one in ids if one in found)

    def called(self, ids: Iterable[str]) -> tuple[str, ...]:
        left, found = iter(ids), []
        while some := list(islice(left, AT_ONCE)):
            names = {id_: name for name, id_ in self._rows(_NAMES.where(recipient.c.id.in_(some)))}
            found += [names[one] for one in some]
        return tuple(found)

    def _rows(self, query: sa.Select[*tuple[Any, ...]]) -> sa.Result[*tuple[Any, ...]]:
        return self._connection.execute(query, execution_options={"yield_per": AT_ONCE})
