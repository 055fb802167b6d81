"""The database as the rest of the store sees it: read and write transactions, and the schema brought up to date."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from bot.domain.errors import DiskFull, StoreError
from bot.domain.faultpoints import Hook, pass_by

from .dialect import FULL, WRITES, make_engine

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """One engine. Writers of this process queue on a lock; those of others on the database's own, for so long as
    the busy timeout. Everything raised for faults outside the program is a StoreError with what to do."""

    def __init__(self, url: str, *, busy_timeout_s: float, hook: Hook = pass_by) -> None:
        """`hook` is called at the fault points; it does nothing in service."""
        self.hook = hook
        self.engine = make_engine(url, busy_timeout_s=busy_timeout_s)
        self._writer = self.engine.execution_options(**{WRITES: True})
        self._queue = threading.Lock()
        self.full = False
        """No room was found: read-only until `room.py` finds some."""

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction: durable when the block has ended, undone when it raises. Not to be nested.

        DiskFull, and at once from then on: what would by chance still fit must not be begun, for its end would not.
        """
        if self.full:
            raise DiskFull(FULL)
        with self.try_write() as connection:
            yield connection

    @contextmanager
    def try_write(self) -> Iterator[sa.Connection]:
        """Like `write`, also while the disk is held to be full."""
        try:
            with self._queue, self._writer.begin() as connection:
                yield connection
        except DiskFull:
            self._is_full()
            raise

    def _is_full(self) -> None:
        if not self.full:
            self.full = True
            log.error("the disk is full: read-only, and nothing is sent, until there is room again")

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent look; waits for no writer."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Read for as long as it takes, all of it as it was at one moment; hinders no writer."""
        engine = self.engine
        if engine.dialect.name == "postgresql":
            # On SQLite a read transaction is that already.
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with engine.begin() as connection:
            yield connection

    def upgrade(self) -> None:
        """Bring the schema to this version's; StoreError when the database is from a newer one."""
        # The lock is taken before looking, so that two first starts do not both create the tables.
        with self.write() as connection:
            current = version(connection)
            if current == known()[-1]:
                return
            if current is not None and current not in known():
                raise StoreError(
                    f"数据库是由更新版本的程序建立的（结构版本 {current}），本程序不认识，未作任何改动。"
                    "请升级程序，或从升级前的备份恢复。"
                )
            migrate(connection)

    def close(self) -> None:
        self.engine.dispose()


def known() -> list[str]:
    """The versions this program knows, oldest first: the numbers the migration files begin with."""
    return sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found


def migrate(connection: sa.Connection, to: str = "head") -> None:
    """Run the migrations up to `to` in the caller's transaction."""
    # Alembic takes as long to import as a command to run; only an old or new database needs it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
