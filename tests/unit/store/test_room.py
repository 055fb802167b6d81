"""A PostgreSQL whose disk is really full: a tablespace on a file system of a few megabytes."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.errors import DiskFull
from bot.store.database import Database
from tests.conftest import address_of, embedded_server

from .samples import NOW, bulletin, opened, released, take_in, turn

pytestmark = pytest.mark.slow


@pytest.fixture
def small() -> Iterator[tuple[str, Path]]:
    """(address of a database, folder of the file system it is on).

    Its server is its own: a server whose one tablespace is full fails the checkpoints of all its databases."""
    if os.geteuid():
        pytest.skip("needs to mount a small file system, which only root may")
    name = f"jianbao_small_{secrets.token_hex(4)}"
    with embedded_server(name) as server:
        address = address_of(server)
        account = server.pgdata.stat()
        folder = Path(server.pgdata).with_name(f"{name}_disk")
        folder.mkdir()
        options = f"size=48m,mode=0700,uid={account.st_uid},gid={account.st_gid}"
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True)
        if mounted.returncode:
            folder.rmdir()
            pytest.skip(f"needs to mount a small file system: {mounted.stderr.decode().strip()}")
        try:
            inner = folder / "space"
            inner.mkdir(mode=0o700)
            os.chown(inner, account.st_uid, account.st_gid)
            engine = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
            with engine.connect() as connection:
                connection.exec_driver_sql(f"CREATE TABLESPACE {name} LOCATION '{inner}'")
                connection.exec_driver_sql(f"CREATE DATABASE {name} TABLESPACE {name}")
            url = address.set(database=name).render_as_string(hide_password=False)
            database = Database(url, busy_timeout_s=5)
            database.upgrade()
            database.close()
            yield url, folder
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
            folder.rmdir()


async def test_it_is_read_only_until_there_is_room(small: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = small
    store = opened(url, tmp_path)
    stored = released(store, *(f"u{n:03d}" for n in range(300)))
    await store.ledger().enlist("w1", now=NOW)
    with (folder / "ballast").open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass
    with pytest.raises(DiskFull, match="磁盘已满"):
        take_in(store, bulletin(number=2), original=os.urandom(1_000_000))
    assert store.full
    with pytest.raises(DiskFull):
        await turn(store, limit=300)
    assert not store.look_for_room(now=NOW)
    assert [found.id for found in store.issues()] == [stored.id]

    (folder / "ballast").unlink()
    assert store.look_for_room(now=NOW)
    assert len((await turn(store, limit=300)).claimed) == 300
    store.close()
