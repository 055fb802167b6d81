"""Statements for hundreds of rows at a time, compiled once: the part of the store where microseconds count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

Row = tuple[Any, ...]


class Bulk:
    """`statement` with its parameters' names in the order rows will give them (two at least).

    Rows are tuples of what the driver takes: instants as microseconds, enum members as their plain words. Constants
    in the statement must be literals, for every parameter is a row's.
    """

    def __init__(self, statement: sa.Insert | sa.Update, *names: str) -> None:
        self._statement = statement
        self._names = names
        self._ready: dict[str, tuple[str, Callable[[Sequence[Row]], Any]]] = {}

    def run(self, connection: sa.Connection, rows: Sequence[Row]) -> int:
        """One executemany; how many rows it touched."""
        if not rows:
            return 0
        dialect = connection.dialect
        if dialect.name not in self._ready:
            self._ready[dialect.name] = self._compile(dialect)
        text, arrange = self._ready[dialect.name]
        return connection.exec_driver_sql(text, arrange(rows)).rowcount

    def _compile(self, dialect: Dialect) -> tuple[str, Callable[[Sequence[Row]], Any]]:
        keys = list(self._names) if isinstance(self._statement, sa.Insert) else None
        compiled = self._statement.compile(dialect=dialect, column_keys=keys)
        names, order = self._names, getattr(compiled, "positiontup", None)
        if order is None:
            return str(compiled), lambda rows: [dict(zip(names, row, strict=True)) for row in rows]
        pick = itemgetter(*(names.index(name) for name in order))
        return str(compiled), lambda rows: list(map(pick, rows))
