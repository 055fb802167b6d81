"""Freezes a database as this version of the program writes it, for the test that upgrades it ever after.

`python -m tests.unit.store.snapshot` writes `released/NNNN.json`, NNNN being the newest migration: every table as a
list of rows, bytes in base64. It is run once for each migration, by whoever adds it; a file of a released version is
never written again, for it stands for the databases that are out there. A table that the story below does not fill is
an error: tell it there. Secrets in it are sealed with the key of samples.py.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.domain.card import CardKind, Style
from bot.domain.delivery import DeliveryState, OutcomeClass, Reason
from bot.domain.directory import RecipientKind
from bot.domain.issue import ListKind
from bot.domain.people import Role
from bot.domain.release import Hold, IssueState
from bot.domain.secret import Secret
from bot.store import Store
from bot.store.database import known

from .samples import (
    BAD_KEY,
    LIMITED,
    LOST,
    NOW,
    OK,
    answer,
    bulletin,
    directory,
    import_all,
    opened,
    planned,
    released,
    take_in,
    target,
    turn,
    unit,
)

RELEASED = Path(__file__).parent / "released"
DAY = dt.timedelta(days=1)
UNITS = ("meijiang", "meixian", "wuhua", "dapu", "fengshun", "jiaoling")


def freeze(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Tell the story into a new database in `folder`; every row of it."""
    store = opened(f"sqlite:///{folder / 'jianbao.db'}", folder)
    try:
        asyncio.run(_deliveries(store))
        _issues(store)
        _readers(store)
        _people(store)
        asyncio.run(_later(store))
        with store.db.write() as connection:
            _every_word(connection)
        with store.db.read() as connection:
            return _rows(connection)
    finally:
        store.close()


async def _deliveries(store: Store) -> None:
    """A release that went every way, with a worker still at it; and a correction of it."""
    stored = released(store, *UNITS, parts=2)
    await store.ledger().enlist("w1", now=NOW)
    claimed = (await turn(store)).claimed
    verdicts = (OK, OK, LIMITED, BAD_KEY, LOST)
    await turn(store, [answer(c, v, NOW) for c, v in zip(claimed, verdicts, strict=False)], limit=1)
    revised = take_in(store, bulletin(title="旧院落换上新模样（更正）"), now=NOW + DAY)
    again = planned(store, revised, store.directory(), kind=CardKind.CORRECTION)
    store.release(again, who="王五", why="更正", now=NOW + DAY, expected_revision=revised.revision_id)
    assert revised.id == stored.id


def _issues(store: Store) -> None:
    held = take_in(store, bulletin(number=2), holds=(Hold("no_list", "没有名单"),))
    take_in(store, bulletin(number=3))
    take_in(store, bulletin(number=4))
    # A unit that left, a robot with a secret of its own, and one that is off.
    changed = [unit(name) for name in UNITS[:-1]]
    changed[0] = unit(UNITS[0], target(UNITS[0], secret="SEC-1"), target("second", enabled=False))
    import_all(store, directory(*changed), now=NOW + DAY)
    if hasattr(store, "approve"):
        holds = (Hold("no_list", "没有名单"),)
        content = held.issue.content_hash
        store.approve(held.id, content_hash=content, holds=holds, who="赵六", why="看过", now=NOW)
        store.withdraw_approvals(held.id, now=NOW + DAY)
        store.approve(held.id, content_hash=content, holds=holds, who="赵六", why="再看过", now=NOW + DAY)


def _readers(store: Store) -> None:
    if hasattr(store, "mark_opened"):
        store.mark_opened(1, now=NOW + DAY)
        store.sign(1, name="李四", office="办公室", now=NOW + DAY)
        store.source_good("site", {"seen": ["https://www.example.gov.cn/1.html"]}, now=NOW)
        store.source_failed("inbox", "打不开目录", now=NOW, alert_after=1)


def _people(store: Store) -> None:
    if not hasattr(store, "add_account"):
        return
    ids = [
        store.add_account(f"user-{role.value}", role.value, role, password_hash="argon2", first=False, who="-", now=NOW)
        for role in Role
    ]
    one = ids[0]
    assert one is not None
    store.set_totp(one, Secret("JBSWY3DPEHPK3PXP"), who="-", now=NOW)
    store.add_invitation("1" * 64, one, expires_at=NOW + DAY, who="-", now=NOW)
    store.add_session("2" * 64, one, expires_at=NOW + DAY, now=NOW)
    store.add_token("3" * 64, one, "接口", ["read"], expires_at=None, who="-", now=NOW)
    store.note_failure("4" * 64, lock_for=lambda _failures: DAY, now=NOW)
    store.begin_answer("5" * 64, "6" * 64, "7" * 64, now=NOW)
    store.keep_answer("5" * 64, "6" * 64, 200, "{}")


async def _later(store: Store) -> None:
    """What later migrations brought."""
    if hasattr(store, "batch_ledger"):
        await store.batch_ledger().begin(7, now=NOW)
    if hasattr(store, "add_dated"):
        from bot.domain.dated import steps_between  # noqa: PLC0415 - not there in earlier versions
        from bot.domain.pages import Upload  # noqa: PLC0415

        before = store.directory()
        wanted = directory(*before.recipients[:-1])
        store.add_dated(steps_between(before, wanted), NOW.date() + 30 * DAY, {}, who="张三", why="改革", now=NOW)
        account = store.accounts()[0].id
        store.keep_upload("8" * 64, account, Upload("名录.xlsx", before, (), "9" * 64), now=NOW)
    with store.db.write() as connection:
        found = sa.inspect(connection).get_table_names()
        if "ceiling" in found:
            connection.execute(sa.text("INSERT INTO ceiling (name, free_at) VALUES ('wecom', 1646096400000000)"))
        if "totp_enrolment" in found:
            from bot.store.vault import ENROLLED_TOTP  # noqa: PLC0415

            seed = store.vault.seal(Secret("JBSWY3DPEHPK3PXQ"), column=ENROLLED_TOTP)
            query = sa.text(
                "INSERT INTO totp_enrolment (account_id, seed, created_at) SELECT min(id), :seed, 1 FROM account"
            )
            connection.execute(query, {"seed": seed})


def _every_word(connection: sa.Connection) -> None:
    """Rows for the words of the enums that the story has not used: they must be read back too."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    delivery, attempt, receipt, tally = (metadata.tables[n] for n in ("delivery", "attempt", "receipt", "tally"))
    model = connection.execute(sa.select(delivery).where(delivery.c.state == "accepted").limit(1)).mappings().one()
    plain = {name: value for name, value in model.items() if name != "id"}
    more: Counter[str] = Counter()
    states = list(DeliveryState)
    for number, reason in enumerate(Reason):
        # The open and the one in flight stand in the story, where their dates and workers belong to them.
        state = states[number % len(states)]
        if state.value in ("pending", "sending", "retrying"):
            state = DeliveryState.CANCELLED
        outcome = list(OutcomeClass)[number % len(OutcomeClass)]
        row = plain | {"round": 100 + number, "state": state.value, "reason": reason.value, "attempts": 1}
        row |= {"list_kind": list(ListKind)[number % len(ListKind)].value}
        row |= {"kind": list(CardKind)[number % len(CardKind)].value}
        key = connection.execute(sa.insert(delivery).values(row)).inserted_primary_key[0]  # type: ignore[index]
        connection.execute(
            sa.insert(attempt).values(delivery_id=key, number=1, target_id=row["target_id"], worker="w1", started_at=1)
        )
        connection.execute(
            sa.insert(receipt).values(
                delivery_id=key, number=1, finished_at=2, outcome=outcome.value, reason=reason.value, duration_ms=3
            )
        )
        more[state.value] += 1
    for slot, count in more.items():
        change = sa.update(tally).where(tally.c.issue_id == plain["issue_id"], tally.c.slot == slot)
        connection.execute(change.values(count=tally.c.count + count))
    message = metadata.tables["message"]
    (first,) = connection.execute(sa.select(message).order_by(message.c.id).limit(1)).mappings()
    copies = [{**first, "style": style.value} for style in Style]
    connection.execute(sa.insert(message), [{k: v for k, v in copy.items() if k != "id"} for copy in copies])
    issue, recipient = metadata.tables["issue"], metadata.tables["recipient"]
    cancelled = sa.update(issue).where(issue.c.id == sa.select(sa.func.max(issue.c.id)).scalar_subquery())
    connection.execute(cancelled.values(state=IssueState.CANCELLED.value, release_at=None))
    for key, kind in zip(UNITS, RecipientKind, strict=False):
        connection.execute(sa.update(recipient).where(recipient.c.id == key).values(kind=kind.value))


def _rows(connection: sa.Connection) -> dict[str, list[dict[str, Any]]]:
    metadata = sa.MetaData()
    metadata.reflect(connection)
    found = {}
    for table in metadata.sorted_tables:
        if table.name != "alembic_version":
            order = sa.select(table).order_by(*table.primary_key.columns)
            found[table.name] = [dict(row) for row in connection.execute(order).mappings()]
    empty = [name for name, rows in found.items() if not rows]
    if empty:
        raise SystemExit(
            f"the story of tests/unit/store/snapshot.py fills nothing into {', '.join(empty)}: tell it there"
        )
    return found


def plain(value: Any) -> Any:
    """A value as JSON keeps it."""
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        tables = freeze(Path(folder))
    target_file = RELEASED / f"{known()[-1]}.json"
    lines = (
        f"{json.dumps(name)}: [\n"
        + ",\n".join(json.dumps({k: plain(v) for k, v in row.items()}, ensure_ascii=False) for row in rows)
        + "\n]"
        for name, rows in tables.items()
    )
    target_file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
