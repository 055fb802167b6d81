"""No command writes over the installation's own files, nor makes an empty installation to work on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.bootstrap import open_app
from bot.cli.app import run
from bot.settings import load_settings
from tests.documents import ROOT

SAMPLE = str(min((ROOT / "samples").glob("*.txt")))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run in, where nothing is set."""
    monkeypatch.chdir(tmp_path)
    for name in ("JIANBAO_DATA_DIR", "JIANBAO_DATABASE_URL", "JIANBAO_SECRET_KEY", "JIANBAO_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def installation(home: Path) -> Path:
    open_app(load_settings()).close()
    return home


@pytest.mark.parametrize("own", ["var/secret.key", "var/jianbao.db", "var/jianbao.db-wal"])
@pytest.mark.parametrize(
    "command",
    [
        ["backup"],
        ["receipts", "--csv"],
        ["receipts", "--xlsx"],
        ["directory", "export"],
        ["render", SAMPLE, "--channel", "wecom", "--html"],
    ],
    ids=" ".join,
)
def test_neither_database_nor_key_is_written_over(
    installation: Path, own: str, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    file = installation / own
    before = file.read_bytes() if file.exists() else None
    assert run([*command, own]) == 2
    assert "自己的数据库或密钥文件" in capsys.readouterr().err
    assert (file.read_bytes() if file.exists() else None) == before


@pytest.mark.parametrize("place", [".", "..", "/", "var", "/dev/null", "nowhere/b.backup"])
def test_a_backup_goes_into_a_plain_file(installation: Path, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backup", place]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    "command", [["backup", "x.backup"], ["rotate-key"], ["migrate", "sqlite:///other.db"]], ids=" ".join
)
def test_where_there_is_no_installation_none_is_made(
    home: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command) == 2
    assert f"没有数据库 {home / 'var' / 'jianbao.db'}" in capsys.readouterr().err
    assert not list(home.iterdir())


@pytest.mark.parametrize("file", ["missing.backup", ".", "/dev/null"])
def test_a_backup_that_is_not_there_is_a_wrong_call(home: Path, file: str) -> None:
    assert run(["restore", file]) == 2


def test_a_document_that_cannot_be_read_is_told_of_before_an_empty_directory(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "x.txt").write_bytes(b"  \n")
    assert run(["publish", "x.txt", "--now", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "empty_document"
    assert run(["publish", SAMPLE, "--now", "--json"]) == 2


def test_a_number_too_big_for_any_table_is_a_wrong_call(installation: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["receipts", "99999999999999999999", "--json"]) == 2
    assert "编号" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_a_bulletin_without_lists_that_is_sent_to_nobody_is_not_done(
    installation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (installation / "d.yaml").write_text("recipients:\n- {id: a, name: 甲局, kind: municipal_department}\n", "utf-8")
    lines = Path(SAMPLE).read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith(("报送", "发送", "抄送")))
    (installation / "x.txt").write_text(text, "utf-8")
    assert run(["publish", "x.txt", "--directory", "d.yaml", "--now", "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["deliveries"] == []


def test_json_is_utf_8_whatever_the_locale(home: Path) -> None:
    command = [sys.executable, "-m", "bot", "parse", SAMPLE, "--json"]
    for encoding in ("ascii", "gbk"):
        done = subprocess.run(
            command, capture_output=True, check=True, env={**os.environ, "PYTHONIOENCODING": encoding}
        )
        assert json.loads(done.stdout.decode("utf-8"))["masthead"]


def test_a_page_and_json_are_not_asked_for_together(home: Path) -> None:
    assert run(["render", SAMPLE, "--channel", "wecom", "--html", "x.html", "--json"]) == 2
    assert not (home / "x.html").exists()


def test_welink_is_shown_as_its_platform_wants_every_call(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["render", SAMPLE, "--channel", "welink", "--json"]) == 0
    for message in json.loads(capsys.readouterr().out):
        payload = message["payload"]
        assert list(payload)[:2] == ["timeStamp", "uuid"]
        assert message["bytes"] == len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())
