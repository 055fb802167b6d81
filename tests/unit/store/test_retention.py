"""What has been kept for its days goes, in small steps and on record; what is to be kept for good cannot be touched."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from bot.domain.retention import Kept, Retention
from bot.store import Store, housekeeping
from bot.store.history import CUT
from bot.store.schema import history, message, original, reader_event, receipt
from bot.store.transfer import _tables

from .samples import BAD_KEY, LOST, NOW, OK, answer, bulletin, import_all, released, take_in, turn, unit
from .samples import directory as roster_of

pytestmark = pytest.mark.slow

DAY = dt.timedelta(days=1)
LATER = NOW + 100 * DAY
ALL = Retention(tuple((kept, 90) for kept in Kept))


async def sent(store: Store, *names: str, verdicts: Sequence[object] = ()) -> int:
    """An issue released to these units, each with its verdict; accepted where none is named."""
    stored = released(store, *names)
    await store.ledger().enlist("w1", now=NOW)
    claimed = (await turn(store)).claimed
    given = [*verdicts, *[OK] * (len(claimed) - len(verdicts))]
    await turn(store, [answer(c, v, NOW) for c, v in zip(claimed, given, strict=True)], limit=0)  # type: ignore[arg-type]
    await store.ledger().retire("w1")
    return stored.id


def rows(store: Store, table: sa.Table) -> list[tuple[object, ...]]:
    with store.db.read() as connection:
        return [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]


def values(store: Store, column: sa.Column[object]) -> list[object]:
    with store.db.read() as connection:
        return list(connection.execute(sa.select(column)).scalars())


async def test_nothing_goes_where_no_days_are_set(store: Store) -> None:
    await sent(store, "meijiang")
    with store.db.snapshot() as connection:
        before = {table: list(found) for table, _, found in _tables(connection)}
    assert store.clear(Retention(), now=LATER) == {}
    with store.db.snapshot() as connection:
        assert {table: list(found) for table, _, found in _tables(connection)} == before


async def test_what_is_old_enough_goes_and_the_receipts_stay(store: Store) -> None:
    issue_id = await sent(store, "meijiang", "meixian")
    store.sign(1, name="李四", office="办公室", now=NOW)
    before = list(store.receipts(issue_id))
    assert store.clear(ALL, now=NOW + 89 * DAY) == {}

    cleared = store.clear(ALL, now=LATER)
    assert {kept: cleared[kept] for kept in Kept if kept is not Kept.AUDIT} == {
        Kept.MESSAGES: 1,
        Kept.VENDOR_TEXTS: 2,
        Kept.ORIGINALS: 1,
        Kept.READER_NAMES: 1,
    }
    assert values(store, message.c.body) == values(store, original.c.content) == [b""]
    assert values(store, receipt.c.vendor_message) == [None, None]
    assert set(values(store, reader_event.c.name)) == {""}
    after = list(store.receipts(issue_id))
    assert [(r.id, r.state, r.vendor_code, r.accepted_at) for r in after] == [
        (r.id, r.state, r.vendor_code, r.accepted_at) for r in before
    ]
    assert [line.signed_at for line in store.signoffs(issue_id) if line.signed_at] == [NOW]
    assert store.original(1) is None
    assert store.clear(ALL, now=LATER) == {}
    on_record = [row.subject for row in store.history() if row.action == "retention.cleared"]
    assert on_record == [f"retention:{kept}" for kept in Kept if kept is not Kept.AUDIT]


@pytest.mark.parametrize("verdict", [BAD_KEY, LOST])
async def test_an_issue_that_may_have_to_be_sent_again_keeps_its_messages_and_file(
    store: Store, verdict: object
) -> None:
    await sent(store, "meijiang", "meixian", verdicts=[verdict])
    cleared = store.clear(ALL, now=LATER)
    assert Kept.MESSAGES not in cleared
    assert Kept.ORIGINALS not in cleared


async def test_an_issue_that_waits_keeps_its_file(store: Store) -> None:
    import_all(store, roster_of(unit("meijiang")))
    take_in(store, bulletin())
    assert Kept.ORIGINALS not in store.clear(ALL, now=LATER)


async def test_it_works_in_small_transactions(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await sent(store, *(f"u{n:02d}" for n in range(20)))
    monkeypatch.setattr(housekeeping, "CHUNK", 3)
    most = []

    def count(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("UPDATE receipt"):
            most.append(len(parameters) if isinstance(parameters, list) else 1)

    sa.event.listen(store.db.engine, "after_cursor_execute", count)
    assert store.clear(ALL, now=LATER)[Kept.VENDOR_TEXTS] == 20
    assert max(most) <= 3


# --- the audit trail --------------------------------------------------------------------------------------------------


def cut_once(store: Store) -> int:
    """Two acts long ago, one of today, and the trail cut; how many rows that took."""
    released(store, "meijiang", "meixian")
    import_all(store, roster_of(unit("meijiang"), unit("xingning")), now=LATER)
    return store.clear(Retention(((Kept.AUDIT, 90),)), now=LATER)[Kept.AUDIT]


def test_the_trail_is_cut_behind_a_checkpoint_and_still_verifies(store: Store) -> None:
    gone = cut_once(store)
    left = list(store.history())
    assert left[0].id == gone + 1
    (checkpoint,) = (row for row in left if row.action == CUT)
    assert checkpoint.after is not None
    assert checkpoint.after["through"] == gone
    assert store.verify_history() is None
    import_all(store, roster_of(unit("pingyuan")), now=LATER)
    assert store.verify_history() is None


def test_the_trail_is_cut_again_and_the_newest_checkpoint_counts(store: Store) -> None:
    cut_once(store)
    assert store.clear(ALL, now=LATER) == {}, "not every hour: each cut adds a row"
    import_all(store, roster_of(unit("pingyuan")), now=LATER + 100 * DAY)
    assert store.clear(ALL, now=LATER + 100 * DAY)[Kept.AUDIT] > 0
    assert store.verify_history() is None


def test_a_cut_that_was_broken_off_is_ended_by_the_next(store: Store) -> None:
    def crash(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("DELETE FROM history"):
            raise KeyboardInterrupt

    sa.event.listen(store.db.engine, "before_cursor_execute", crash)
    with pytest.raises(KeyboardInterrupt):
        cut_once(store)
    sa.event.remove(store.db.engine, "before_cursor_execute", crash)
    assert store.verify_history() is None
    assert store.clear(ALL, now=LATER)[Kept.AUDIT] > 0
    assert store.verify_history() is None


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("DELETE FROM history WHERE id > 0", "more was deleted than was cut"),
        ("UPDATE history_head SET cut = cut + 1", "another cut than the checkpoint says"),
        ("UPDATE history_head SET cut_hash = ''", "another hash"),
    ],
)
def test_tampering_shows_after_a_cut_too(store: Store, statement: str, why: str) -> None:
    cut_once(store)
    with store.db.write() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER history_no_delete")
        else:
            connection.exec_driver_sql("ALTER TABLE history DISABLE TRIGGER USER")
        connection.exec_driver_sql(statement)
    assert store.verify_history() is not None, why


def test_what_was_cut_without_a_checkpoint_shows(store: Store) -> None:
    released(store, "meijiang")
    with store.db.write() as connection:
        (found,) = connection.execute(sa.select(history.c.hash).where(history.c.id == 1)).scalars()
        connection.exec_driver_sql(f"UPDATE history_head SET cut = 1, cut_hash = '{found}'")
        connection.exec_driver_sql("DELETE FROM history WHERE id = 1")
    assert store.verify_history() == 2


# --- what the database itself refuses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [
        "UPDATE receipt SET vendor_message = 'other'",
        "UPDATE receipt SET vendor_message = NULL, vendor_code = '1'",
        "UPDATE receipt SET vendor_message = NULL, outcome = 'retry_later'",
        "DELETE FROM receipt",
        "UPDATE attempt SET worker = ''",
        "DELETE FROM attempt",
        "UPDATE reader_event SET name = '王五'",
        "UPDATE reader_event SET name = '', office = '', at = 0",
        "DELETE FROM reader_event",
        "DELETE FROM history",
        "UPDATE history SET who = ''",
    ],
)
async def test_only_the_clearing_itself_is_let_through(store: Store, act: str) -> None:
    await sent(store, "meijiang")
    store.sign(1, name="李四", office="办公室", now=NOW)

    def tamper() -> None:
        with store.db.write() as connection:
            connection.exec_driver_sql(act)

    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        tamper()


async def test_what_will_go_and_when_can_be_told(store: Store) -> None:
    await sent(store, "meijiang", "meixian")
    half = Retention(((Kept.MESSAGES, 90), (Kept.VENDOR_TEXTS, 200)))
    told = {due.kept: (due.now, due.next_at) for due in store.due(half, now=LATER)}
    assert told == {Kept.MESSAGES: (1, None), Kept.VENDOR_TEXTS: (0, NOW + 200 * DAY)}
