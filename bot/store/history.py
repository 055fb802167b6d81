"""The audit trail: who did what, when and why, with before and after. Each row carries the hash of the one before."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.domain.pages import HistoryLine

from .columns import AnyRow, canonical, to_micros
from .part import Part
from .schema import history, history_head

PAGE = 500
CUT = "history.cut"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to be put on record. `subject` is `kind:id`; `before` and `after` are JSON and hold no secrets."""

    action: str
    subject: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def record(connection: sa.Connection, entries: Iterable[Entry], *, who: str, why: str, now: dt.datetime) -> None:
    """Append in the caller's transaction. The head row's lock keeps two writers from forking the chain."""
    wanted = list(entries)
    if not wanted:
        return
    head = connection.execute(sa.select(history_head.c.rows, history_head.c.hash).with_for_update()).one()
    number, previous = head.rows, head.hash
    rows = []
    for entry in wanted:
        number += 1
        row = {
            "id": number,
            "at": now,
            "who": who,
            "action": entry.action,
            "subject": entry.subject,
            "why": why,
            "before": canonical(entry.before),
            "after": canonical(entry.after),
            "prev_hash": previous,
        }
        previous = row["hash"] = _hash(row)
        rows.append(row)
    connection.execute(sa.insert(history), rows)
    connection.execute(sa.update(history_head).values(rows=number, hash=previous))


def _hash(row: Mapping[str, Any]) -> str:
    text = canonical({**row, "at": to_micros(row["at"])})
    return hashlib.sha256(text.encode()).hexdigest()


class History(Part):
    """Reading and checking the trail."""

    def history(self, subject: str | None = None) -> Iterator[HistoryLine]:
        """The rows of one subject (`issue:1`, `target:7`, `recipient:meijiang`, …) or all, oldest first."""
        after = 0
        while True:
            query = sa.select(history).where(history.c.id > after).order_by(history.c.id).limit(PAGE)
            if subject is not None:
                query = query.where(history.c.subject == subject)
            with self.db.read() as connection:
                rows = connection.execute(query).all()
            yield from map(_line, rows)
            if len(rows) < PAGE:
                return
            after = rows[-1].id

    def history_since(self, after: int) -> Iterator[HistoryLine]:
        """The rows with an id above `after`, oldest first; one page of them at most, the rest at the next call."""
        query = sa.select(history).where(history.c.id > after).order_by(history.c.id).limit(PAGE)
        with self.db.read() as connection:
            rows = connection.execute(query).all()
        return map(_line, rows)

    def history_page(
        self, *, subjects: Sequence[str] = (), before: int | None = None, limit: int = 50
    ) -> list[HistoryLine]:
        """Newest first. `subjects`: whole ones (`issue:1`), or kinds with the colon (`recipient:`)."""
        query = sa.select(history).order_by(history.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(history.c.id < before)
        if subjects:
            query = query.where(
                sa.or_(
                    *(
                        history.c.subject.between(s, f"{s}\uffff") if s.endswith(":") else history.c.subject == s
                        for s in subjects
                    )
                )
            )
        with self.db.read() as connection:
            return [_line(row) for row in connection.execute(query)]

    def history_line(self, row_id: int) -> HistoryLine | None:
        with self.db.read() as connection:
            row = connection.execute(sa.select(history).where(history.c.id == row_id)).one_or_none()
        return None if row is None else _line(row)

    def verify_history(self) -> int | None:
        """The id of the first row that was altered or is missing; None when the chain is whole."""
        with self.db.read() as connection:
            head = connection.execute(sa.select(history_head)).one()
            previous, expected = str(head.cut_hash), int(head.cut) + 1
            if head.cut and not _is_checked(connection, head):
                return expected
            query = sa.select(history).where(history.c.id > head.cut).order_by(history.c.id)
            for row in connection.execute(query).mappings():
                fields = {name: value for name, value in row.items() if name != "hash"}
                if row["id"] != expected or row["prev_hash"] != previous or row["hash"] != _hash(fields):
                    return expected
                previous, expected = row["hash"], expected + 1
        return None if (head.rows, head.hash) == (expected - 1, previous) else expected


def cut(connection: sa.Connection, through: int, *, who: str, why: str, now: dt.datetime) -> None:
    """Let the rows up to `through` go: a checkpoint with the hash of the last of them takes their place in the chain.
    Deleting them is the caller's."""
    row = connection.execute(sa.select(history.c.hash).where(history.c.id == through)).one()
    entry = Entry(CUT, f"history:{through}", after={"through": through, "hash": row.hash})
    record(connection, [entry], who=who, why=why, now=now)
    connection.execute(sa.update(history_head).values(cut=through, cut_hash=row.hash))


def _is_checked(connection: sa.Connection, head: AnyRow) -> bool:
    """Does a row of the chain vouch for what was cut?"""
    query = sa.select(history.c.after).where(history.c.subject == f"history:{head.cut}", history.c.action == CUT)
    after = canonical({"through": head.cut, "hash": head.cut_hash})
    return after in connection.execute(query).scalars().all()


def _line(row: AnyRow) -> HistoryLine:
    return HistoryLine(
        row.id,
        row.at,
        row.who,
        row.action,
        row.subject,
        row.why,
        json.loads(row.before),
        json.loads(row.after),
        row.hash,
    )
