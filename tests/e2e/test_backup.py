"""Backup, restore and move as an operator does them: by command, with the key kept apart."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Installation, directory_file, register, units

pytestmark = pytest.mark.slow

Everyone = Callable[[int], list[dict[str, Any]]]


def published(installation: Installation, issue_file: Path, everyone: Everyone) -> Any:
    recipients = units(installation.sandbox, 9)
    register(installation, recipients)
    roster = str(directory_file(installation.home / "d.yaml", recipients, everyone(9)))
    return installation.json("publish", str(issue_file), "--directory", roster, "--now")


def test_a_backup_restored_on_postgresql_goes_on_where_the_old_machine_ended(
    installation: Installation, issue_file: Path, everyone: Everyone, tmp_path: Path, postgres_database: str
) -> None:
    done = published(installation, issue_file, everyone)
    file = str(tmp_path / "jianbao.backup")
    assert installation.json("backup", file)["rows"]["delivery"] == 9

    home = tmp_path / "new machine"
    home.mkdir()
    other = Installation(home, installation.sandbox, {"JIANBAO_DATABASE_URL": postgres_database})
    assert "没有密钥" in other.run("restore", file).stderr
    (home / "var").mkdir()
    shutil.copy(installation.home / "var" / "secret.key", home / "var" / "secret.key")
    other.json("restore", file)

    assert other.json("receipts") == installation.json("receipts")
    findings = other.json("doctor")
    assert {f["check"]: f["level"] for f in findings}["数据库"] == "ok"
    assert not [f for f in findings if f["level"] == "fail"]
    again = other.json("publish", str(issue_file), "--now")
    assert [d["id"] for d in again["deliveries"]] == [d["id"] for d in done["deliveries"]]
    assert set(installation.arrived().values()) == {1}, "nothing is sent a second time"


def test_another_key_is_refused_and_nothing_restored(
    installation: Installation, issue_file: Path, everyone: Everyone, tmp_path: Path
) -> None:
    published(installation, issue_file, everyone)
    file = str(tmp_path / "jianbao.backup")
    installation.json("backup", file)
    (tmp_path / "other").mkdir()
    other = Installation(tmp_path / "other", installation.sandbox, {"JIANBAO_SECRET_KEY": "another key, long enough"})
    refused = other.run("restore", file)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "密钥不是备份时所用的那一把" in refused.stderr
    assert not (tmp_path / "other" / "var" / "jianbao.db").exists()


def test_an_installation_moves_to_postgresql(
    installation: Installation, issue_file: Path, everyone: Everyone, postgres_database: str
) -> None:
    published(installation, issue_file, everyone)
    before = installation.json("receipts")
    assert installation.json("migrate", postgres_database)["rows"]["attempt"] == 9
    installation.env["JIANBAO_DATABASE_URL"] = postgres_database
    assert installation.json("receipts") == before
