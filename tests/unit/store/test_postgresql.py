"""A PostgreSQL that is locked, restarted, cut off or not there: said plainly, and nothing half-written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from bot.domain.delivery import DeliveryState
from bot.domain.errors import StoreError
from bot.domain.faultpoints import Point
from bot.store import Store, open_store
from bot.store.dialect import conninfo, watchful

from .samples import FREE, KEY, NOW, OK, answer, bulletin, opened, released, take_in, turn

pytestmark = pytest.mark.slow


@pytest.fixture
def store(postgres_database: str, tmp_path: Path) -> Iterator[Store]:
    store = opened(postgres_database, tmp_path, busy_timeout_s=0.05)
    yield store
    store.close()


@pytest.fixture
def other(postgres_database: str) -> Iterator[sa.Connection]:
    """Another program, connected to the same database."""
    engine = sa.create_engine(postgres_database)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def cut_off_all_but(other: sa.Connection) -> None:
    other.exec_driver_sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def test_locked_by_another_program(store: Store, other: sa.Connection) -> None:
    stored = released(store, "meijiang")
    await store.ledger().enlist("w1", now=NOW)
    (claimed,) = (await turn(store)).claimed
    other.exec_driver_sql("LOCK TABLE delivery IN SHARE MODE")
    settled = [answer(claimed, OK, NOW)]
    with pytest.raises(StoreError, match=r"占用.*重试"):
        await turn(store, settled)
    assert store.counts(stored.id) == {DeliveryState.SENDING: 1}, "reading goes on"
    other.rollback()

    await turn(store, settled)
    assert store.counts(stored.id) == {DeliveryState.ACCEPTED: 1}


async def test_connections_that_a_restart_has_cut_are_replaced_unseen(store: Store, other: sa.Connection) -> None:
    stored = released(store, "meijiang")
    await store.ledger().enlist("w1", now=NOW)
    cut_off_all_but(other)
    assert len((await turn(store)).claimed) == 1
    assert store.counts(stored.id) == {DeliveryState.SENDING: 1}


def test_a_cut_in_the_middle_undoes_all_of_it(store: Store, other: sa.Connection) -> None:
    def use() -> None:
        with store.db.write() as connection:
            connection.exec_driver_sql("UPDATE history_head SET rows = rows + 1")
            cut_off_all_but(other)
            connection.exec_driver_sql("UPDATE history_head SET rows = rows + 1")

    with pytest.raises(StoreError, match="连接中断"):
        use()
    take_in(store, bulletin())
    assert store.verify_history() is None


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("postgresql+psycopg://office:hidden@127.0.0.1:9/jianbao", r"连接中断.*port 9"),
        ("postgresql+psycopg://office:hidden@no-such-host.invalid/jianbao", r"连接中断.*no-such-host"),
    ],
)
def test_a_database_that_is_not_there(address: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=says) as caught:
        opened(address, tmp_path)
    assert "hidden" not in str(caught.value)


def test_a_database_nobody_made(postgres_server: sa.URL, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nobody_made_it"):
        opened(postgres_server.set(database="nobody_made_it").render_as_string(hide_password=False), tmp_path)


def test_both_ends_of_a_connection_notice_within_seconds_that_the_other_is_gone(postgres_server: sa.URL) -> None:
    url = watchful(postgres_server, lock_timeout_s=5)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        waits = connection.exec_driver_sql("SHOW lock_timeout").scalar_one()
        parameters = connection.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
    engine.dispose()
    assert (waits, parameters["connect_timeout"]) == ("5s", "10")
    dead_after_s = int(parameters["keepalives_idle"]) + 2 * int(parameters["keepalives_interval"])
    assert dead_after_s == int(parameters["tcp_user_timeout"]) / 1000 == 10
    for name in ("tcp_keepalives_idle=4", "tcp_keepalives_interval=3", "tcp_keepalives_count=2", "tcp_user_timeout="):
        assert f"-c {name}" in parameters["options"], "the server is told the same"


def test_what_the_address_says_itself_is_kept(postgres_server: sa.URL) -> None:
    url = watchful(postgres_server.update_query_dict({"keepalives_idle": "60", "options": "-c lock_timeout=7s"}))
    with psycopg.connect(conninfo(url)) as connection:
        assert connection.info.get_parameters()["keepalives_idle"] == "60"
        assert connection.execute("SHOW lock_timeout").fetchall() == [("7s",)]


async def test_what_a_turn_claimed_is_handed_out_when_what_is_through_cannot_be_asked_after_it(
    postgres_database: str, other: sa.Connection, tmp_path: Path
) -> None:
    def lock(point: Point) -> None:
        if point is Point.CLAIM_COMMITTED:
            other.exec_driver_sql("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE")

    store = open_store(postgres_database, secret_key=KEY, data_dir=tmp_path, busy_timeout_s=0.05, hook=lock)
    stored = released(store, "meijiang")
    ledger = store.batch_ledger()
    await ledger.enlist("w1", now=NOW)
    ledger.hold(0)
    idle = ledger.hold(7)
    first = await ledger.turn([], worker="w1", now=NOW, limit=10, paces=FREE)
    other.rollback()
    assert len(first.claimed) == 1
    assert not idle.done()
    await ledger.turn([answer(first.claimed[0], OK, NOW)], worker="w1", now=NOW, limit=10, paces=FREE)
    assert idle.done()
    assert store.counts(stored.id) == {DeliveryState.ACCEPTED: 1}
    ledger.close()
    store.close()
