"""What differs between SQLite and PostgreSQL, and nothing else does: set-up, transactions, triggers, faults."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from bot.domain.errors import ConfigError, DiskFull, StoreError, os_reason

WRITES = "jianbao_writes"
"""Execution option of connections that are going to write."""


def make_engine(url: str, *, busy_timeout_s: float) -> sa.Engine:
    """An engine for `url`; nothing is opened yet. ConfigError for an address that cannot serve."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise ConfigError(
            "数据库地址 JIANBAO_DATABASE_URL 写法不对：应为 sqlite:///路径 或 postgresql+psycopg://…"
        ) from error
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed, busy_timeout_s)
        case "postgresql":
            return _postgresql(parsed, busy_timeout_s)
    raise ConfigError(f"数据库 {parsed.get_backend_name()} 不受支持：请用 sqlite 或 postgresql+psycopg。")


def _sqlite(url: sa.URL, busy_timeout_s: float) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        raise ConfigError("数据库必须是文件：内存库重启即失，不能保证不漏不重。请写成 sqlite:///路径。")
    folder = Path(url.database).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"建不了数据库所在的目录 {folder}：{os_reason(error)}。请检查路径和权限。") from error
    engine = sa.create_engine(url, connect_args={"timeout": busy_timeout_s})

    @event.listens_for(engine, "do_connect")
    def make_private(dialect: object, record: object, arguments: list[Any], options: dict[str, Any]) -> None:
        # Whose it is alone to read; SQLite's own files beside it take after it. What stands in the way shows when it
        # is opened.
        with contextlib.suppress(OSError):
            os.close(os.open(arguments[0], os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, record: object) -> None:
        # The driver must not begin transactions by itself: `begin` below says which kind.
        connection.isolation_level = None
        try:
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "temp_store=MEMORY",
                "cache_size=-32768",
            ):
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            raise StoreError(explain(error) or f"打不开数据库 {url.database}：{error}") from error

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # A reader that turns writer halfway fails at once when another has written; taking the lock first waits.
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "handle_error", _translate)
    return engine


_CALLS = {"keepalives_idle": 4, "keepalives_interval": 3, "keepalives_count": 2, "tcp_user_timeout": 10_000}
"""An end of a connection that has not been heard of for 10 s is gone. Unnoticed, a worker would wait for the answer of
a host that is no more for as long as TCP does, a quarter of an hour; and the server would keep the locks of a worker
that was cut off in the middle of a transaction, to the cost of all the others."""


def watchful(url: sa.URL, *, lock_timeout_s: float = 0) -> sa.URL:
    """`url` of a PostgreSQL with both ends made to notice when the other is gone; what the URL itself says is kept.
    `lock_timeout_s`: the longest wait for a lock; 0: for ever."""
    server = {f"tcp_{name.removeprefix('tcp_')}": value for name, value in _CALLS.items()}
    options = {**server, "lock_timeout": int(lock_timeout_s * 1000)}
    wanted = {name: str(value) for name, value in _CALLS.items()} | {
        "connect_timeout": "10",
        "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
    }
    return url.update_query_dict({name: text for name, text in wanted.items() if name not in url.query})


def conninfo(url: sa.URL) -> str:
    """The address of a PostgreSQL as its own programs take it; a URL rendered by SQLAlchemy is another dialect."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - not needed on SQLite

    _, parameters = url.get_dialect()().create_connect_args(url)
    return make_conninfo(**parameters)


def _postgresql(url: sa.URL, busy_timeout_s: float) -> sa.Engine:
    try:
        engine = sa.create_engine(watchful(url, lock_timeout_s=busy_timeout_s), pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise ConfigError(
            "使用 PostgreSQL 需要驱动 psycopg：请安装，并把数据库地址写成 postgresql+psycopg://…"
        ) from error
    event.listen(engine, "handle_error", _translate)
    return engine


def _translate(context: sa.engine.ExceptionContext) -> None:
    if context.is_pre_ping:
        # The pool has found a connection dead before anyone used it, and opens another.
        return
    sentence = explain(context.original_exception)
    if sentence is not None:
        raise (DiskFull if sentence == FULL else StoreError)(sentence) from context.original_exception


FULL = "磁盘已满，数据库写不进去。请清理磁盘空间；已写入的内容没有受损，腾出空间后自动恢复。"

_SQLITE_FAULTS: dict[int, str] = {
    sqlite3.SQLITE_BUSY: "数据库正被另一个程序占用，等待超时。请关闭占用它的程序后重试；本次没有写入任何内容。",
    sqlite3.SQLITE_LOCKED: "数据库正被另一个程序占用，等待超时。请关闭占用它的程序后重试；本次没有写入任何内容。",
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: "数据库是只读的，写不进去。请检查文件和目录的权限，以及磁盘是否被挂成只读。",
    sqlite3.SQLITE_CANTOPEN: "数据库文件打不开。请检查路径是否存在、程序是否有权读写。",
    sqlite3.SQLITE_IOERR: "读写数据库时磁盘出错。请检查磁盘；必要时从备份恢复。",
    sqlite3.SQLITE_CORRUPT: "数据库文件已损坏。请停止程序，保留该文件，从备份恢复。",
    sqlite3.SQLITE_NOTADB: "该文件不是简报的数据库，或已损坏。请核对数据库路径；确属损坏时从备份恢复。",
}

_POSTGRESQL_FAULTS: dict[str, str] = {
    "55P03": _SQLITE_FAULTS[sqlite3.SQLITE_BUSY],
    "53100": FULL,
    "25006": _SQLITE_FAULTS[sqlite3.SQLITE_READONLY],
    "XX001": _SQLITE_FAULTS[sqlite3.SQLITE_CORRUPT],
    "XX002": _SQLITE_FAULTS[sqlite3.SQLITE_CORRUPT],
    "40P01": "与另一个程序互相等待，数据库撤销了本次操作；没有写入任何内容，请重试。",
}

_CUT = "与数据库的连接中断。请检查数据库是否在运行、网络是否通畅。"


def explain(error: BaseException) -> str | None:
    """What happened and what to do, for faults that lie outside the program; None for all others."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        # The low byte is the kind; the rest says where (SQLITE_READONLY_DIRECTORY, SQLITE_IOERR_WRITE, …).
        return None if code is None else _SQLITE_FAULTS.get(code & 0xFF)
    state: Any = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return _CUT if state[:2] in ("08", "57") else _POSTGRESQL_FAULTS.get(state)
    # Without a state the server has said nothing: no connection came about, or it broke.
    if type(error).__module__.startswith("psycopg") and type(error).__name__ == "OperationalError":
        return f"{_CUT}（{' '.join(str(error).split())}）"
    return None


def append_only(dialect: str, table: str) -> list[str]:
    """The statements that make UPDATE and DELETE on `table` fail, whoever asks."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for verb in ("UPDATE", "DELETE")
        ]
    function = (
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    trigger = (
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    )
    return [function, trigger]


def clearable(dialect: str, table: str, *, update: str = "", kept: Sequence[str] = (), delete: str = "") -> list[str]:
    """The statements that let an append-only table be cleared in one way: an UPDATE that leaves the columns `kept` as
    they are and makes the condition `update` true, or a DELETE of rows for which `delete` is true."""
    same = "IS" if dialect == "sqlite" else "IS NOT DISTINCT FROM"
    changes = " AND ".join((update, *(f"NEW.{name} {same} OLD.{name}" for name in kept)))
    verb, allowed = ("UPDATE", changes) if update else ("DELETE", delete)
    if dialect == "sqlite":
        trigger = f"{table}_no_{verb.lower()}"
        guard = (
            f"CREATE TRIGGER {trigger} BEFORE {verb} ON {table} WHEN NOT ({allowed}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        return [f"DROP TRIGGER {trigger}", guard]
    # A trigger for a whole statement sees no rows, so the one verb that may pass gets one for each row.
    other = "DELETE" if verb == "UPDATE" else "UPDATE"
    function = (
        f"CREATE FUNCTION {table}_clearable() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF NOT ({allowed}) THEN RAISE EXCEPTION '{table} is append-only'; END IF; "
        f"IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
    )
    refuse = f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    return [
        f"DROP TRIGGER {table}_append_only ON {table}",
        f"CREATE TRIGGER {table}_append_only BEFORE {other} OR TRUNCATE ON {table} {refuse}",
        function,
        f"CREATE TRIGGER {table}_clearable BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_clearable()",
    ]
