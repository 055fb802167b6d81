"""The database as the rest of the store sees it: read and write transactions, and the schema brought up to date."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.domain.errors import StoreError

from .dialect import WRITES, make_engine

MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """One engine. Writers of this process queue on a lock; those of others on the database's own, for so long as
    the busy timeout. Everything raised for faults outside the program is a StoreError with what to do."""

    def __init__(self, url: str, *, busy_timeout_s: float) -> None:
        self.engine = make_engine(url, busy_timeout_s=busy_timeout_s)
        self._writer = self.engine.execution_options(**{WRITES: True})
        self._queue = threading.Lock()

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction: durable when the block has ended, undone when it raises. Not to be nested."""
        with self._queue, self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent look; waits for no writer."""
        with self.engine.begin() as connection:
            yield connection

    def upgrade(self) -> None:
        """Bring the schema to this version's; StoreError when the database is from a newer one."""
        scripts = self.scripts()
        known = {script.revision for script in scripts.walk_revisions()}
        # The lock is taken before looking, so that two first starts do not both create the tables.
        with self.write() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
            if current == scripts.get_current_head():
                return
            if current is not None and current not in known:
                raise StoreError(
                    f"数据库是由更新版本的程序建立的（结构版本 {current}），本程序不认识，未作任何改动。"
                    "请升级程序，或从升级前的备份恢复。"
                )
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @staticmethod
    def scripts() -> ScriptDirectory:
        """The migrations this version knows."""
        return ScriptDirectory.from_config(_config())

    def close(self) -> None:
        self.engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
