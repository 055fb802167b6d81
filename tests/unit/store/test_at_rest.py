"""No URL and no secret can be read from the database files, whatever has happened to them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from bot.domain.directory import Directory

from .samples import BAD_KEY, NOW, answer, directory, import_all, opened, planned, take_in, target, turn, unit

TOKENS = ("693a91f6", "key-old", "key-new", "SEC-old", "SEC-new")


def everything_in(folder: Path, *, but_at_least: set[str]) -> bytes:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= but_at_least
    return b"".join(path.read_bytes() for path in files)


async def test_no_credential_is_in_any_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'jianbao.db'}"
    store = opened(url, tmp_path)
    import_all(store, directory(unit("meijiang", target("key-old", secret="SEC-old"))))
    import_all(store, directory(unit("meijiang", target("key-old", secret="SEC-new"))))
    roster = directory(unit("meijiang", target("key-new", secret="SEC-new", label="")))
    import_all(store, roster)
    stored = take_in(store)
    store.release(planned(store, stored, roster), who="a", why="", now=NOW, expected_revision=stored.revision_id)
    await store.ledger().enlist("w1", now=NOW)
    (claimed,) = (await turn(store)).claimed
    assert claimed.secret is not None
    assert claimed.secret.reveal() == "SEC-new"
    await turn(store, [answer(claimed, BAD_KEY, NOW)])
    import_all(store, Directory())

    data = everything_in(tmp_path, but_at_least={"jianbao.db", "jianbao.db-wal"})
    assert "政务公开群".encode() in data, "the search itself finds what is there"
    for token in TOKENS:
        assert token.encode() not in data, token
    store.close()
    data = everything_in(tmp_path, but_at_least={"jianbao.db"})
    assert not any(token.encode() in data for token in TOKENS)


def test_nobody_else_reads_the_files(tmp_path: Path) -> None:
    usual = os.umask(0o022)
    try:
        store = opened(f"sqlite:///{tmp_path / 'jianbao.db'}", tmp_path)
        take_in(store)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("jianbao.db*")}
        store.close()
    finally:
        os.umask(usual)
    assert modes == dict.fromkeys(("jianbao.db", "jianbao.db-wal", "jianbao.db-shm"), 0o600)
