"""All rows of an installation, from one database to a file or to another database, and proof that they arrived.

A backup is gzipped lines of JSON: a header, then for each table a line naming its columns and one line a row, then an
end mark. It is the same whichever database it came from, and can be restored into either. Credentials in it are sealed
as they are in the database; the key is not in it.
"""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, TypeAlias

import sqlalchemy as sa

from bot.domain.errors import ConfigError, StoreError, os_reason

from . import workers
from .columns import Instant, JsonText, MentionText
from .database import Database, known, migrate, version
from .schema import history_head, key_generation, metadata

_OWN = (history_head, key_generation)
"""Tables that have a row in an empty database too."""

FORMAT = 1
CHUNK = 1000

Row: TypeAlias = list[Any]
Tables: TypeAlias = Iterator[tuple[str, Sequence[str], Iterator[Row]]]
"""(table, its columns, its rows in the order of the key), referred tables before those that refer to them."""


@dataclass(frozen=True, slots=True)
class Header:
    """`schema`: the version of the tables. `key_id`: names the key the credentials are sealed with (vault.py)."""

    schema: str
    key_id: str
    made_at: str


def write_backup(db: Database, path: Path, *, key_id: bytes, now: dt.datetime) -> dict[str, int]:
    """Everything as it is at one moment, while the service runs; rows by table. The file appears when it is whole,
    readable by its owner only. StoreError when it cannot be written."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=5) as file, db.snapshot() as connection:
                header = Header(version(connection) or "", key_id.hex(), now.isoformat())
                counts = _dump(file.write, header, _tables(connection))
            raw.flush()
            os.fsync(raw.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(f"备份写不进 {path}：{os_reason(error)}。请检查路径、权限和磁盘空间。") from error
    return counts


def read_header(path: Path) -> Header:
    with _opened(path) as (header, _):
        return header


def restore_backup(db: Database, path: Path) -> dict[str, int]:
    """Into a database with nothing in it, in one transaction; rows by table, each compared with the file afterwards.

    A backup of an older version is loaded into the tables of that version, which are then brought up to date.
    ConfigError when the database is in use. StoreError when the file is damaged or from a newer version.
    """
    with _opened(path) as (header, tables):
        if header.schema not in known():
            raise StoreError(f"备份 {path} 是由更新版本的程序做的（结构版本 {header.schema}），请升级程序后再恢复。")
        # Read to the end before anything is touched.
        for _, _, rows in tables:
            for _ in rows:
                pass
    with db.write() as connection:
        _prepare(connection, header.schema)
        with _opened(path) as (_, tables):
            counts = _load(connection, tables)
        with _opened(path) as (_, tables):
            _compare(connection, tables)
        migrate(connection)
    return counts


def copy(source: Database, destination: Database, *, now: dt.datetime) -> dict[str, int]:
    """From one database to another with nothing in it, each row compared afterwards; rows by table. The source is
    left as it is. ConfigError when a worker still runs on the source, or the destination is in use."""
    with source.write() as connection:
        if workers.living(connection, now=now)[0]:
            raise ConfigError("服务还在运行：请先停止所有 jianbao 进程，再搬迁数据库。")
    with source.snapshot() as origin, destination.write() as connection:
        _prepare(connection, known()[-1])
        counts = _load(connection, _tables(origin))
        _compare(connection, _tables(origin))
    return counts


def _prepare(connection: sa.Connection, schema: str) -> None:
    """The tables of that version, empty."""
    found = version(connection)
    if found is None:
        migrate(connection, schema)
    elif found != schema:
        raise ConfigError(f"目标数据库已有结构版本 {found} 的表，与备份的 {schema} 不同：请换一个空的数据库。")
    for table in metadata.sorted_tables:
        if table in _OWN or not sa.inspect(connection).has_table(table.name):
            continue
        if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None:
            raise ConfigError(f"目标数据库里已有数据（{table.name}），没有作任何改动：请换一个空的数据库。")
    for table in _OWN:
        if sa.inspect(connection).has_table(table.name):
            connection.execute(sa.delete(table))


def _tables(connection: sa.Connection) -> Tables:
    for table in metadata.sorted_tables:
        names = [column.name for column in table.columns]
        yield table.name, names, _rows(connection, table.name, names)


def _rows(connection: sa.Connection, table: str, names: Sequence[str]) -> Iterator[Row]:
    """As the database keeps them, not as the program sees them: what is copied must not be interpreted."""
    described = metadata.tables[table]
    # A column that a later version has dropped is described nowhere.
    columns = [sa.column(name, _plain(described.c[name].type) if name in described.c else None) for name in names]
    query = sa.select(*columns).select_from(sa.table(table)).order_by(*map(_ordered(connection), _key(described)))
    for row in connection.execution_options(yield_per=CHUNK).execute(query):
        yield list(row)


def _key(table: sa.Table) -> list[sa.ColumnClause[Any]]:
    return [sa.column(column.name, _plain(column.type)) for column in table.primary_key]


def _ordered(connection: sa.Connection) -> Callable[[sa.ColumnClause[Any]], sa.ColumnElement[Any]]:
    """By bytes on both databases: PostgreSQL would sort texts as its locale does."""

    def order(column: sa.ColumnClause[Any]) -> sa.ColumnElement[Any]:
        text = isinstance(column.type, sa.String) and connection.dialect.name == "postgresql"
        return sa.collate(column, "C") if text else column

    return order


def _plain(kind: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    if isinstance(kind, Instant):
        return sa.BigInteger()
    if isinstance(kind, JsonText | MentionText | sa.Enum):
        return sa.Text()
    return kind


def _load(connection: sa.Connection, tables: Tables) -> dict[str, int]:
    counts: dict[str, int] = {}
    for table, names, rows in tables:
        insert = sa.insert(sa.table(table, *map(sa.column, names)))
        counts[table] = 0
        while chunk := list(islice(rows, CHUNK)):
            connection.execute(insert, [dict(zip(names, row, strict=True)) for row in chunk])
            counts[table] += len(chunk)
        _number_on(connection, table, names)
    return counts


def _number_on(connection: sa.Connection, table: str, names: Sequence[str]) -> None:
    """PostgreSQL numbers new rows from a counter of its own, which rows that bring their number leave behind."""
    if connection.dialect.name != "postgresql" or "id" not in names:
        return
    counter = connection.execute(sa.select(sa.func.pg_get_serial_sequence(table, "id"))).scalar_one()
    if counter is not None:
        last = sa.select(sa.func.max(sa.column("id", sa.BigInteger))).select_from(sa.table(table)).scalar_subquery()
        connection.execute(sa.select(sa.func.setval(counter, sa.func.coalesce(last, 1), last.is_not(None))))


def _compare(connection: sa.Connection, tables: Tables) -> None:
    """StoreError at the first row that is not the same on both sides."""
    for table, names, rows in tables:
        for number, (wanted, found) in enumerate(zip_longest(rows, _rows(connection, table, names)), 1):
            if wanted != found:
                raise StoreError(f"核对不符：表 {table} 第 {number} 行与来源不同；没有写入任何内容，请报告开发者。")


def _dump(write: Callable[[bytes], object], header: Header, tables: Tables) -> dict[str, int]:
    def line(value: object) -> None:
        write(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_encode).encode() + b"\n")

    counts: dict[str, int] = {}
    line({"jianbao": FORMAT, "schema": header.schema, "key_id": header.key_id, "made_at": header.made_at})
    for table, names, rows in tables:
        line({"table": table, "columns": names})
        counts[table] = 0
        for row in rows:
            line(row)
            counts[table] += 1
    line({"end": sum(counts.values())})
    return counts


def _encode(value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return {"b64": base64.b64encode(value).decode()}
    raise TypeError(f"a backup has no form for {type(value).__name__}")


def _decode(value: Any) -> Any:
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Header, Tables]]:
    """StoreError, at whatever line it shows, for a file that is not a whole backup."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            lines = map(json.loads, file)
            head = next(lines, None)
            if not isinstance(head, dict) or head.get("jianbao") != FORMAT:
                raise StoreError(f"{path} 不是简报的备份文件。")
            yield Header(head["schema"], head["key_id"], head["made_at"]), _parsed(lines, path)
    except (zlib.error, EOFError, gzip.BadGzipFile, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise StoreError(f"备份文件 {path} 不完整或已损坏，没有写入任何内容：请换一份备份。") from error
    except OSError as error:
        raise StoreError(f"备份文件打不开：{path}（{os_reason(error)}）。") from error


def _parsed(lines: Iterator[Any], path: Path) -> Tables:
    head: dict[str, Any] | None = next(lines, None)
    while head is not None and "table" in head:
        following: list[dict[str, Any]] = []
        yield head["table"], head["columns"], _until_object(lines, following)
        head = following[0] if following else None
    # Nothing may follow; to look for it also makes gzip compare its check sum.
    if head is None or "end" not in head or next(lines, None) is not None:
        raise StoreError(f"备份文件 {path} 没有写完，没有写入任何内容：请换一份备份。")


def _until_object(lines: Iterable[Any], following: list[dict[str, Any]]) -> Iterator[Row]:
    for line in lines:
        if isinstance(line, dict):
            following.append(line)
            return
        yield list(map(_decode, line))
