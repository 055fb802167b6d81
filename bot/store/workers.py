"""Who is at work, and who has died: a lock file tells at once on the same host, a heartbeat elsewhere."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import socket
from pathlib import Path

import sqlalchemy as sa

from bot.domain.errors import StoreError, os_reason

from .columns import AnyRow
from .schema import worker

SILENCE = dt.timedelta(seconds=15)
"""A worker out of sight whose heartbeat is older than this is dead."""

_BEAT = (
    sa.update(worker)
    .where(worker.c.id == sa.bindparam("the_worker"))
    .values(heartbeat_at=sa.bindparam("now"), retired_at=None)
)


class Locks:
    """The lock files of this process's workers, below `folder`. The system lets go of them when it dies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._held: dict[str, int] = {}

    def path(self, worker_id: str) -> Path:
        return self.folder / f"{worker_id}.lock"

    def take(self, worker_id: str) -> bool:
        """True when it was not ours yet, so that an earlier worker of this name is dead. StoreError when one lives."""
        if worker_id in self._held:
            return False
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path(worker_id), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(
                f"建不了工作进程的锁文件 {self.path(worker_id)}：{os_reason(error)}。请检查权限和磁盘。"
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise StoreError(f"名为 {worker_id} 的工作进程已在运行。请先停止它，或换一个名字。") from error
        self._held[worker_id] = handle
        return True

    def drop(self, worker_id: str) -> None:
        handle = self._held.pop(worker_id, None)
        if handle is not None:
            self.path(worker_id).unlink(missing_ok=True)
            os.close(handle)

    def sweep(self, worker_id: str) -> None:
        """Remove what a dead worker of this host left behind."""
        if worker_id not in self._held:
            self.path(worker_id).unlink(missing_ok=True)

    def drop_all(self) -> None:
        for worker_id in list(self._held):
            self.drop(worker_id)


def lives(row: AnyRow, now: dt.datetime) -> bool:
    """`row`: host, lock, heartbeat_at. A stopped process that still holds its lock lives: it may yet go on."""
    silence: dt.timedelta = now - row.heartbeat_at
    if row.host == socket.gethostname():
        try:
            handle = os.open(row.lock, os.O_RDWR)
        except OSError:
            # No such file, or not ours to open: another container of the same name. Its heartbeat tells.
            return silence <= SILENCE
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False
    return silence <= SILENCE


def enlist(connection: sa.Connection, worker_id: str, lock: Path, *, now: dt.datetime) -> None:
    values = {"host": socket.gethostname(), "lock": str(lock), "started_at": now, "heartbeat_at": now}
    found = connection.execute(sa.update(worker).where(worker.c.id == worker_id).values(**values, retired_at=None))
    if found.rowcount == 0:
        connection.execute(sa.insert(worker).values(id=worker_id, **values))


def beat(connection: sa.Connection, worker_id: str, *, now: dt.datetime) -> None:
    """Also brings back a worker that others had given up: it is plainly alive. StoreError if it never enlisted."""
    if connection.execute(_BEAT, {"the_worker": worker_id, "now": now}).rowcount == 0:
        raise StoreError(f"工作进程 {worker_id} 没有登记，不能领取任务。这是程序的错误，请报告开发者。")


def retire(connection: sa.Connection, worker_id: str) -> None:
    """From now on it claims nothing; what it should have left `sending` is recovered by whoever looks next."""
    connection.execute(sa.update(worker).where(worker.c.id == worker_id).values(retired_at=worker.c.heartbeat_at))


def living(connection: sa.Connection, *, now: dt.datetime) -> tuple[list[str], list[str]]:
    """(ids of the living, ids of those found dead just now)."""
    rows = connection.execute(
        sa.select(worker.c.id, worker.c.host, worker.c.lock, worker.c.heartbeat_at)
        .where(worker.c.retired_at.is_(None))
        .with_for_update()
    ).all()
    alive: list[str] = []
    dead: list[str] = []
    for row in rows:
        (alive if lives(row, now) else dead).append(row.id)
    return alive, dead
