"""The master key changes while things go wrong: killed before every step, with a service left running, by hand."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.bootstrap import open_app
from bot.bootstrap.rotation import rotate_key
from bot.domain.reader_token import read_token, reader_token
from bot.sandbox import SandboxServer

from .conftest import Installation, directory_file, register, units
from .crashing import Release, directory_of, fork, release_issue, settings_of
from .test_serve import free_port, wait_ready

pytestmark = pytest.mark.slow

KILLED = -signal.SIGKILL


class Fate:
    """Dies before its `nth` step: a statement, a commit, a file opened for writing, linked or renamed."""

    def __init__(self, nth: int) -> None:
        self.left = nth

    def step(self, *_: object) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in ("os.link", "os.rename") or (event == "open" and "secret.key.new" in str(arguments[0])):
            self.step()


def rotate(release: Release, nth: int) -> None:
    fate = Fate(nth)
    sys.addaudithook(fate.audit)
    sa.event.listen(sa.Engine, "before_cursor_execute", fate.step)
    sa.event.listen(sa.Engine, "commit", fate.step)
    rotate_key(settings_of(release), None, who="测试")


def test_killed_before_any_step_the_installation_is_whole_under_one_of_the_two_keys(tmp_path: Path) -> None:
    with SandboxServer(open_mode=True, rate_limits=False) as sandbox:
        prepared = Release(tmp_path / "prepared", sandbox.url, targets=6)
        prepared.prepare()
        assert prepared.live() == 0
        sandbox.sandbox.messages.clear()
        with_links = open_app(settings_of(prepared))
        old_key, link = with_links.key, reader_token(with_links.reader_key, 1)
        with_links.close()

        seen = set()
        for nth in range(1, 200):
            release = replace(prepared, home=shutil.copytree(prepared.home, tmp_path / str(nth)))
            life = fork.Process(target=rotate, args=(release, nth), daemon=True)
            life.start()
            life.join(60)
            app = open_app(settings_of(release))
            assert app.store.key_in_force() is not None
            assert app.store.open_everything() >= 6
            assert app.store.directory() == directory_of(release)
            assert read_token(app.store.reader_keys(), link) == 1
            assert app.store.verify_history() is None
            assert (release.home / "secret.key").read_text() == app.key.reveal()
            assert stat.S_IMODE((release.home / "secret.key").stat().st_mode) == 0o600
            seen.add(app.key == old_key)
            app.close()
            if life.exitcode == 0:
                break
            assert life.exitcode == KILLED
        assert nth > 20, "it was killed at many places"
        assert seen == {True, False}, "before the commit and after it"
        assert app.key != old_key

        renewed = open_app(settings_of(release))
        renewed.deliver(release_issue(renewed, release, number=2), wait_s=None, on_settled=None)
        renewed.close()
        assert len(sandbox.sandbox.messages.find(verdict="accepted")) == 6, "every target can still be sent to"


def test_the_operator_changes_it_by_command_and_the_service_that_was_left_running_ends(
    installation: Installation, postgres_database: str
) -> None:
    recipients = units(installation.sandbox, 3)
    register(installation, recipients)
    installation.env["JIANBAO_DATABASE_URL"] = postgres_database
    installation.json("directory", "import", str(directory_file(installation.home / "d.yaml", recipients, [])))
    port = free_port()
    web = installation.start("web", "--port", str(port))
    wait_ready(port, web)
    done = installation.json("rotate-key")
    assert done["sealed"] == 3
    assert web.wait(60) == 2
    old = installation.home / done["old_key_file"]
    assert stat.S_IMODE(old.stat().st_mode) == 0o600
    assert {f["check"]: f["level"] for f in installation.json("doctor")}["密钥"] == "ok"

    refused = installation.run("receipts", env={"JIANBAO_SECRET_KEY": old.read_text()})
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "请用最新的一把" in refused.stderr


def test_a_key_from_the_environment_is_changed_with_one_the_operator_brings(
    installation: Installation, tmp_path: Path
) -> None:
    recipients = units(installation.sandbox, 3)
    installation.env["JIANBAO_SECRET_KEY"] = "the first key, which is long enough"
    installation.json("directory", "import", str(directory_file(installation.home / "d.yaml", recipients, [])))
    told = installation.run("rotate-key")
    assert (told.returncode, told.stdout) == (2, "")
    assert "--new-key-file" in told.stderr

    file = tmp_path / "new.key"
    file.write_text("short")
    assert "至少 16 个" in installation.run("rotate-key", "--new-key-file", str(file)).stderr
    file.write_text("the second key, which is long enough\n")
    assert installation.json("rotate-key", "--new-key-file", str(file)) == {"sealed": 3, "old_key_file": None}
    assert installation.run("receipts").returncode == 2
    installation.env["JIANBAO_SECRET_KEY"] = file.read_text().strip()
    assert installation.run("directory", "export", str(tmp_path / "out.yaml")).returncode == 0
    assert "access_token=key-00001" in (tmp_path / "out.yaml").read_text()
    assert not list((installation.home / "var").glob("secret.key*"))


def test_it_waits_for_the_service_to_be_stopped(installation: Installation) -> None:
    port = free_port()
    service = installation.start("serve", "--port", str(port))
    try:
        wait_ready(port, service)
        refused = installation.run("rotate-key")
    finally:
        service.send_signal(signal.SIGTERM)
    assert service.wait(30) == 0
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "服务还在运行" in refused.stderr
    key = (installation.home / "var" / "secret.key").read_text()
    assert installation.run("doctor").returncode in (0, 2)
    assert (installation.home / "var" / "secret.key").read_text() == key
    assert installation.run("rotate-key").returncode == 0
    assert (installation.home / "var" / "secret.key").read_text() != key
    assert not (installation.home / "var" / "secret.key.new").exists()
