"""A database of every version, with data as that version wrote it, comes up to date whole and goes on working."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.domain.delivery import DeliveryState
from bot.store import Store
from bot.store.database import Database, known, migrate
from bot.store.schema import APPEND_ONLY, metadata
from tests.conftest import database_on

from .samples import KEY, NOW, OK, SECOND, answer, bulletin, opened, planned, take_in, turn, url_of
from .snapshot import DAY, RELEASED, UNITS

pytestmark = pytest.mark.slow

Tables = dict[str, list[dict[str, Any]]]
LATER = NOW + 40 * DAY
MAKE = "run `python -m tests.unit.store.snapshot` at the commit with that migration, and commit the file with it"


def written_by(revision: str) -> Tables:
    file = RELEASED / f"{revision}.json"
    if not file.exists():
        pytest.fail(f"no data stand for migration {revision}: {MAKE}")

    def value(found: dict[str, Any]) -> Any:
        return base64.b64decode(found["base64"]) if found.keys() == {"base64"} else found

    tables: Tables = json.loads(file.read_text(encoding="utf-8"), object_hook=value)
    return tables


def reflected(connection: sa.Connection) -> sa.MetaData:
    found = sa.MetaData()
    found.reflect(connection)
    return found


def load(connection: sa.Connection, tables: Tables) -> None:
    """Put the rows into the schema they are of."""
    for table in reflected(connection).sorted_tables:
        if rows := tables.get(table.name):
            if table.name == "history_head":
                connection.execute(sa.delete(table))
            connection.execute(sa.insert(table), rows)
            numbered = connection.dialect.name == "postgresql" and "id" in table.c and table.c.id.server_default
            if numbered:
                last = f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM {table.name}"
                connection.exec_driver_sql(last)


def rows_of(connection: sa.Connection) -> Tables:
    return {
        table.name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
        for table in reflected(connection).sorted_tables
    }


@dataclass(frozen=True, slots=True)
class Upgraded:
    revision: str
    url: str
    folder: Path
    before: Tables
    after: Tables
    """Right after the migrations, before the program has done anything."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=known())
def upgraded(request: pytest.FixtureRequest, kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    revision = request.param
    folder = tmp_path_factory.mktemp(f"from-{revision}")
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'jianbao.db'}"
        if kind == "postgresql":
            server = request.getfixturevalue("postgres_server")
            url = stack.enter_context(database_on(server, f"jianbao_from_{revision}_{id(folder)}"))
        database = Database(url, busy_timeout_s=5)
        with database.write() as connection:
            migrate(connection, revision)
            load(connection, written_by(revision))
        database.upgrade()
        with database.read() as connection:
            after = rows_of(connection)
        database.close()
        yield Upgraded(revision, url, folder, written_by(revision), after)


@pytest.fixture
def store(upgraded: Upgraded) -> Iterator[Store]:
    store = opened(upgraded.url, upgraded.folder)
    yield store
    store.close()


def test_data_stand_for_every_migration_and_fill_every_table_of_it(tmp_path: Path) -> None:
    assert [file.stem for file in sorted(RELEASED.glob("*.json"))] == known(), MAKE
    database = Database(f"sqlite:///{tmp_path / 'jianbao.db'}", busy_timeout_s=5)
    for revision in known():
        with database.write() as connection:
            migrate(connection, revision)
            tables = set(reflected(connection).tables) - {"alembic_version"}
        assert {name for name, rows in written_by(revision).items() if rows} == tables, f"{revision}: {MAKE}"
    database.close()


def test_every_row_survives_with_its_values(upgraded: Upgraded) -> None:
    for name, rows in upgraded.before.items():
        kept = [{column: row[column] for column in rows[0]} for row in upgraded.after[name]]
        assert sorted(kept, key=repr) == sorted(rows, key=repr), name


def test_what_is_new_begins_as_the_schema_says(upgraded: Upgraded) -> None:
    for name, rows in upgraded.before.items():
        for column in metadata.tables[name].columns:
            if column.name not in rows[0]:
                assert {row[column.name] for row in upgraded.after[name]} == {default_of(column)}, column


def default_of(column: sa.Column[Any]) -> Any:
    if not isinstance(column.server_default, sa.DefaultClause):
        return None
    text = str(column.server_default.arg)
    if isinstance(column.type, sa.Boolean):
        return text == "true"
    return int(text) if isinstance(column.type, sa.BigInteger | sa.Integer) else text


def test_the_schema_is_the_one_the_code_describes(store: Store) -> None:
    with store.db.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_chain_of_the_history_holds_and_what_is_on_record_stays(store: Store) -> None:
    assert store.verify_history() is None

    def tamper(table: str, act: str) -> None:
        with store.db.write() as connection:
            connection.exec_driver_sql(act.format(table))

    for table in APPEND_ONLY:
        with store.db.read() as connection:
            column = sa.inspect(connection).get_columns(table)[-1]["name"]
            count = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
        if count:
            for act in (f"UPDATE {{}} SET {column} = {column}", "DELETE FROM {}"):
                with pytest.raises(sa.exc.DBAPIError, match="append-only"):
                    tamper(table, act)


async def test_the_service_goes_on_with_it(store: Store, upgraded: Upgraded) -> None:
    secrets = {t.target.secret.reveal() for t in store.targets([UNITS[0]]) if t.target.secret}
    assert secrets == {"SEC-1"}, "what was sealed is opened"
    assert url_of(UNITS[1]) in [t.target.url for t in store.targets(list(UNITS[1:2]))]

    ledger = store.ledger()
    await ledger.enlist("new", now=LATER)
    assert await ledger.recover(now=LATER) == sum(row["state"] == "sending" for row in upgraded.before["delivery"])
    claimed = (await turn(store, now=LATER, worker="new")).claimed
    assert claimed, "what was due is sent"
    await turn(store, [answer(one, OK, LATER) for one in claimed], now=LATER, worker="new")

    fresh = take_in(store, bulletin(number=9), now=LATER)
    plan = planned(store, fresh, store.directory())
    store.release(plan, who="王五", why="", now=LATER, expected_revision=fresh.revision_id)
    later = LATER + 60 * SECOND
    sent = (await turn(store, now=later, worker="new")).claimed
    await turn(store, [answer(one, OK, later) for one in sent], now=later, worker="new")
    states = {row.state for row in store.receipts(fresh.id)}
    assert DeliveryState.ACCEPTED in states <= {DeliveryState.ACCEPTED, DeliveryState.PENDING}
    assert store.verify_history() is None
    assert KEY.reveal() not in repr(store.receipts(fresh.id))
