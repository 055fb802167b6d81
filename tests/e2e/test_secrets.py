"""Webhook URLs are credentials: whatever fails, and however much is logged, they are nowhere to be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Installation, directory_file, register, units

pytestmark = pytest.mark.slow

SECRET = "SECsigning0secret0that0nobody0may0see"


def test_six_kinds_of_failure_leak_no_key_and_no_secret(
    installation: Installation,
    issue_file: Path,
    tmp_path: Path,
    everyone: Callable[[int], list[dict[str, Any]]],
) -> None:
    recipients = units(installation.sandbox, 9)
    keys = [f"k{i}e8f1c2d9b7a6robotkey{i}" for i in range(9)]
    for recipient, key in zip(recipients, keys, strict=True):
        target = recipient["targets"][0]
        target["url"] = target["url"].replace(f"key-{recipient['id'].removeprefix('unit-'):0>5}", key)
        if target["channel"] != "wecom":
            target["secret"] = SECRET
    register(installation, recipients[1:])  # the first is unknown to its platform: refused
    faults = ("drop_after_accepting", "half_answer", "html", "redirect", "status", "drop_before_reading")
    for fault, recipient, key in zip(faults, recipients[1:], keys[1:], strict=False):
        script = {"channel": recipient["targets"][0]["channel"], "key": key, "fault": fault}
        installation.api("/_sandbox/faults", script | ({"status": 502} if fault == "status" else {}))
    # One that nobody listens to: certainly not sent.
    recipients[8]["targets"][0]["url"] = f"http://127.0.0.1:9/open-apis/bot/v2/hook/{keys[8]}"
    installation.env["JIANBAO_ALLOWED_HOSTS"] = f"{installation.sandbox.removeprefix('http://')},127.0.0.1:9"
    roster = directory_file(tmp_path / "secret-directory.yaml", recipients, everyone(9))
    env = {"JIANBAO_LOG_LEVEL": "debug", "PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1"}

    runs = [
        installation.run("publish", str(issue_file), "--directory", str(roster), "--now", env=env),
        installation.run("publish", str(issue_file), "--now", "--json", env=env | {"JIANBAO_LOG_FORMAT": "json"}),
        installation.run("receipts", env=env),
        installation.run("receipts", "--csv", "r.csv", env=env),
        installation.run("receipts", "--xlsx", "r.xlsx", env=env),
        installation.run("directory", "export", "masked.yaml", "--mask", env=env),
        installation.run("doctor", env=env),
    ]
    states = {d["state"] for d in installation.json("receipts")}
    assert {"accepted", "refused", "retrying", "in_doubt"} <= states

    texts = {f"output of run {i}": r.stdout + r.stderr for i, r in enumerate(runs)}
    for file in tmp_path.rglob("*"):
        if file.is_file() and file != roster:
            texts[str(file)] = file.read_bytes().decode("latin-1")
    assert any(name.endswith("jianbao.db") for name in texts)
    leaks = [f"{where}: {word[:6]}…" for where, text in texts.items() for word in [*keys, SECRET] if word in text]
    assert not leaks


def test_the_key_file_is_private(installation: Installation) -> None:
    installation.run("receipts")
    assert (installation.home / "var/secret.key").stat().st_mode & 0o777 == 0o600
