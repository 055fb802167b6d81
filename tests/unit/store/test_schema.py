"""Migrations make the schema that the code describes; the database itself guards what must not change."""

from __future__ import annotations

import importlib
import io
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations

from bot.domain.errors import StoreError
from bot.store import Store
from bot.store.claiming import _CANDIDATES
from bot.store.columns import Instant, from_micros, to_micros
from bot.store.database import MIGRATIONS, Database
from bot.store.schema import APPEND_ONLY, metadata

from .samples import NOW, OK, answer, opened, released, turn

POSTGRESQL = sa.make_url("postgresql+psycopg://").get_dialect()()


def test_the_migrated_schema_is_the_one_the_code_describes(store: Store) -> None:
    with store.db.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_on_sqlite_the_two_are_the_same_to_the_letter(tmp_path: Path) -> None:
    def statements(db: Database) -> dict[str, str]:
        query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'trigger'"
        with db.read() as connection:
            found = {row[0]: " ".join(row[1].split()) for row in connection.exec_driver_sql(query)}
        db.close()
        found.pop("alembic_version", None)
        return found

    migrated = Database(f"sqlite:///{tmp_path / 'migrated.db'}", busy_timeout_s=1)
    migrated.upgrade()
    described = Database(f"sqlite:///{tmp_path / 'described.db'}", busy_timeout_s=1)
    with described.write() as connection:
        metadata.create_all(connection)

    assert statements(migrated) == statements(described)


def test_the_same_migrations_speak_postgresql() -> None:
    text = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": text})
    with Operations.context(context):
        for file in sorted((MIGRATIONS / "versions").glob("[0-9]*.py")):
            importlib.import_module(f"bot.store.migrations.versions.{file.stem}").upgrade()
    sql = text.getvalue()
    assert "BIGSERIAL" in sql
    assert all(f"'{table} is append-only'" in sql for table in APPEND_ONLY)
    assert "WHERE next_try_at IS NOT NULL" in sql
    assert "WITHOUT ROWID" not in sql


def test_two_workers_do_not_judge_one_target_at_once_on_postgresql() -> None:
    sql = str(_CANDIDATES.compile(dialect=POSTGRESQL))
    assert sql.endswith("FOR NO KEY UPDATE OF delivery, target SKIP LOCKED")


def test_opening_again_changes_nothing(store: Store, url: str, tmp_path: Path) -> None:
    stored = released(store, "meijiang")
    again = opened(url, tmp_path)
    assert again.issue(stored.id) == stored
    again.close()


def test_a_database_from_a_newer_version_is_refused_and_left_alone(store: Store, url: str, tmp_path: Path) -> None:
    with store.db.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"更新版本.*9999.*升级程序"):
        opened(url, tmp_path)


@pytest.mark.parametrize("table", ["attempt", "receipt", "history"])
@pytest.mark.parametrize("act", ["UPDATE {} SET {}", "DELETE FROM {}"])
async def test_what_is_on_record_can_be_neither_changed_nor_removed(store: Store, table: str, act: str) -> None:
    released(store, "meijiang")
    await store.ledger().enlist("w1", now=NOW)
    claimed = (await turn(store)).claimed
    await turn(store, [answer(c, OK, NOW) for c in claimed])
    store.mark_opened(claimed[0].delivery_id, now=NOW)
    change = {
        "attempt": "worker = 'x'",
        "receipt": "http_status = 1",
        "history": "who = 'x'",
        "reader_event": "name = 'x'",
    }[table]

    def tamper() -> None:
        with store.db.write() as connection:
            connection.exec_driver_sql(act.format(table, change))

    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        tamper()


def test_a_delivery_cannot_point_to_what_is_not_there(store: Store) -> None:
    released(store, "meijiang")

    def tamper() -> None:
        with store.db.write() as connection:
            connection.exec_driver_sql("UPDATE delivery SET target_id = 99")

    with pytest.raises(sa.exc.IntegrityError):
        tamper()


def test_sqlite_is_set_to_survive_a_power_cut(tmp_path: Path) -> None:
    store = opened(f"sqlite:///{tmp_path / 'jianbao.db'}", tmp_path)
    with store.db.read() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    store.close()
    assert found == ["wal", 2]


def test_instants_are_aware_exact_and_counted_in_microseconds() -> None:
    at = NOW.replace(microsecond=123_457)
    assert from_micros(to_micros(at)) == at
    assert to_micros(at) % 1_000_000 == 123_457
    with pytest.raises(ValueError, match="naive"):
        Instant().process_bind_param(at.replace(tzinfo=None), POSTGRESQL)
