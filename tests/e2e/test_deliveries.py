"""`jianbao deliveries`: a clerk settles what the machine cannot, and every act is on record."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from bot.cli.app import run

from .conftest import Installation, directory_file, register, units

pytestmark = pytest.mark.slow

Jianbao = Callable[..., Any]


@pytest.fixture
def jianbao(
    installation: Installation,
    issue_file: Path,
    everyone: Callable[[int], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> Jianbao:
    """Commands in this process, after an issue to six groups: one lost the answer, one robot was removed."""
    for name in [name for name in os.environ if name.startswith("JIANBAO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("JIANBAO_ALLOWED_HOSTS", installation.sandbox.removeprefix("http://"))
    monkeypatch.chdir(installation.home)
    recipients = units(installation.sandbox, 6)
    register(installation, [r for r in recipients if r["id"] != "unit-4"])
    installation.api("/_sandbox/faults", {"fault": "drop_after_accepting", "key": "key-00001", "times": 1})
    roster = directory_file(installation.home / "d.yaml", recipients, everyone(6))

    def command(*words: str, code: int = 0) -> Any:
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            ended = run([*words, "--json"])
        assert ended == code, f"{out.getvalue()}\n{err.getvalue()}"
        return json.loads(out.getvalue())

    command("publish", str(issue_file), "--directory", str(roster), "--now", code=4)
    return command


def failed(jianbao: Jianbao) -> dict[str, dict[str, Any]]:
    return {row["recipient"]: row for row in jianbao("deliveries", "list")}


def test_what_waits_for_a_person_is_listed_with_what_is_known(jianbao: Jianbao) -> None:
    found = failed(jianbao)
    assert {key: row["state"] for key, row in found.items()} == {"unit-1": "in_doubt", "unit-4": "refused"}

    shown = jianbao("deliveries", "show", str(found["unit-1"]["id"]))
    assert [(one["number"], one["reason"]) for one in shown["log"]] == [(1, "connection_lost")]
    assert shown["opened_at"] is None


def test_a_doubtful_one_is_resolved_as_arrived(jianbao: Jianbao) -> None:
    key = str(failed(jianbao)["unit-1"]["id"])
    (row,) = jianbao("deliveries", "arrived", key, "--why", "群里看到了")
    assert row["state"] == "accepted"
    assert [(h["subject"], h["why"]) for h in jianbao("history") if h["action"] == "delivery.settled"] == [
        (f"delivery:{key}", "群里看到了")
    ]
    jianbao("deliveries", "arrived", key, code=2)


def test_a_doubtful_one_is_sent_again(jianbao: Jianbao, installation: Installation) -> None:
    (row,) = jianbao("deliveries", "resend", str(failed(jianbao)["unit-1"]["id"]))
    assert (row["state"], row["attempts"]) == ("accepted", 2)
    assert installation.arrived()["key-00001"] == 2, "the clerk was told that it may be there twice"


def test_one_is_cancelled(jianbao: Jianbao) -> None:
    (row,) = jianbao("deliveries", "cancel", str(failed(jianbao)["unit-4"]["id"]), "--why", "单位已撤销")
    assert row["state"] == "cancelled"
    assert failed(jianbao).keys() == {"unit-1"}


def test_a_mended_robot_is_tested_and_revived_and_gets_what_it_lacks(
    jianbao: Jianbao, installation: Installation
) -> None:
    (robot,) = jianbao("deliveries", "targets")
    assert (robot["recipient"], robot["channel"]) == ("unit-4", "dingtalk")
    assert jianbao("deliveries", "test", str(robot["id"]), code=4)["outcome"] == "permanent_config"
    jianbao("deliveries", "resend", str(failed(jianbao)["unit-4"]["id"]), code=2)
    assert jianbao("deliveries", "resend-failed", "1") == []

    register(installation, [units(installation.sandbox, 6)[4]])
    assert jianbao("deliveries", "test", str(robot["id"]))["outcome"] == "ok"
    (row,) = jianbao("deliveries", "revive", str(robot["id"]))

    assert (row["recipient"], row["state"]) == ("unit-4", "accepted")
    assert jianbao("deliveries", "targets") == []
    acts = {h["action"] for h in jianbao("history") if h["subject"] == f"target:{robot['id']}"}
    assert {"target.suspended", "target.tested", "target.revived"} <= acts


def test_the_failed_ones_of_an_issue_are_sent_again_and_no_other(jianbao: Jianbao, installation: Installation) -> None:
    (robot,) = jianbao("deliveries", "targets")
    register(installation, [units(installation.sandbox, 6)[4]])
    assert jianbao("deliveries", "revive", str(robot["id"]), "--no-replay") == []
    (row,) = jianbao("deliveries", "resend-failed", "1")
    assert (row["recipient"], row["state"]) == ("unit-4", "accepted")
    assert max(installation.arrived().values()) == 1
    assert failed(jianbao).keys() == {"unit-1"}


def test_an_unknown_number_is_said_plainly(jianbao: Jianbao) -> None:
    assert "999" in jianbao("deliveries", "arrived", "999", code=2)["error"]["message"]
    assert "999" in jianbao("deliveries", "test", "999", code=2)["error"]["message"]
