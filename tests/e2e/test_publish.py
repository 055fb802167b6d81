"""The main job, as a person runs it: a document and a directory in, cards in the groups, receipts out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Installation, directory_file, register, units, webhook

Everyone = Callable[[int], list[dict[str, Any]]]
APPROVED_BY_ONE = """[[publication]]
id = "laojiu"
name = "梅州市城镇老旧小区改造工作简报"
approval = "one_person"
"""


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_every_unit_gets_its_card_once_and_a_second_run_sends_nothing(
    installation: Installation,
    issue_file: Path,
    tmp_path: Path,
    everyone: Everyone,
    database: str,
    request: pytest.FixtureRequest,
) -> None:
    if database == "postgresql":
        installation.env["JIANBAO_DATABASE_URL"] = request.getfixturevalue("postgres_database")
    recipients = units(installation.sandbox, 30)
    register(installation, recipients)
    roster = str(directory_file(tmp_path / "d.yaml", recipients, everyone(30)))

    first = installation.json("publish", str(issue_file), "--directory", roster, "--now")
    again = installation.json("publish", str(issue_file), "--directory", roster, "--now")

    assert first["counts"] == {"accepted": 30}
    assert first["issue"]["state"] == "released"
    assert again["counts"] == {"accepted": 30}
    assert [d["id"] for d in again["deliveries"]] == [d["id"] for d in first["deliveries"]]
    assert installation.arrived() == {f"key-{i:05d}": 1 for i in range(30)}


@pytest.mark.slow
def test_what_an_issue_waits_for_is_looked_at_anew_after_the_directory_or_the_settings_were_mended(
    installation: Installation, issue_file: Path, tmp_path: Path, everyone: Everyone
) -> None:
    recipients = units(installation.sandbox, 2)
    roster = directory_file(tmp_path / "d.yaml", recipients, [])
    held = installation.json("publish", str(issue_file), "--directory", str(roster), code=4)
    assert {"unresolved_phrase", "too_late"} <= {h["code"] for h in held["holds"]}
    directory_file(roster, recipients, everyone(2))
    installation.json("directory", "import", str(roster))
    (mended,) = installation.json("issues")
    assert [h["code"] for h in mended["holds"]] == ["too_late"]

    (installation.home / "publications.toml").write_text(APPROVED_BY_ONE, encoding="utf-8")
    settings = {"JIANBAO_PUBLICATIONS_FILE": str(installation.home / "publications.toml")}
    line = installation.json("reassess", "1", "--who", "李四", env=settings)
    assert [h["code"] for h in line["holds"]] == ["too_late", "needs_approval"]
    assert [line] == installation.json("issues")
    last = installation.json("history", "1")[-1]
    assert (last["action"], last["who"]) == ("issue.reassessed", "李四")


@pytest.mark.slow
def test_nothing_is_assessed_where_there_is_no_issue(installation: Installation) -> None:
    done = installation.run("reassess", "7")
    assert (done.returncode, done.stdout) == (2, "")
    assert "7" in done.stderr


def test_the_real_issue_reaches_every_unit_of_both_lists(
    installation: Installation, tmp_path: Path, shared: Path
) -> None:
    source = _meizhou(shared)
    recipients = [
        {
            "id": entry["id"],
            "name": entry["name"],
            "kind": entry["kind"],
            "aliases": entry["aliases"],
            "targets": [
                {
                    "channel": (c := ("wecom", "dingtalk", "feishu")[i % 3]),
                    "url": webhook(installation.sandbox, c, f"key-{entry['id']}"),
                }
            ],
        }
        for i, entry in enumerate(source["entries"])
    ]
    groups = [
        {"id": name, "name": name, "members": members, "phrases": _phrases(source, name)}
        for name, members in source["groups"].items()
    ]
    register(installation, recipients)
    roster = str(directory_file(tmp_path / "d.yaml", recipients, groups))

    done = installation.json("publish", str(shared / "bulletins/meizhou-2022-01.txt"), "--directory", roster, "--now")

    expected = {
        *source["groups"]["county_governments"],
        *source["groups"]["municipal_party_and_government_units"],
    }
    assert {d["recipient"] for d in done["deliveries"]} == expected
    assert {d["state"] for d in done["deliveries"]} == {"accepted"}
    assert {d["list"] for d in done["deliveries"] if d["recipient"].startswith("gov-")} == {"send"}
    assert installation.arrived() == {f"key-{rid}": 1 for rid in expected}


def test_a_vendor_that_answers_200_with_a_refusal_is_a_refusal(
    installation: Installation, issue_file: Path, tmp_path: Path, everyone: Everyone
) -> None:
    recipients = units(installation.sandbox, 9)
    register(installation, recipients[3:])
    for number, fault in enumerate(("html", "no_content", "truncated_json"), 3):
        channel = recipients[number]["targets"][0]["channel"]
        installation.api("/_sandbox/faults", {"channel": channel, "key": f"key-{number:05d}", "fault": fault})
    roster = str(directory_file(tmp_path / "d.yaml", recipients, everyone(9)))

    done = installation.json("publish", str(issue_file), "--directory", roster, "--now", code=4)

    states = {d["recipient"]: (d["state"], d["class"], d["http_status"]) for d in done["deliveries"]}
    assert {states[f"unit-{i}"] for i in range(3)} == {("refused", "permanent_config", 200)}
    assert {states[f"unit-{i}"][:2] for i in range(3, 6)} == {("in_doubt", "unknown")}
    assert {states[f"unit-{i}"][:2] for i in range(6, 9)} == {("accepted", "ok")}


@pytest.mark.slow
def test_a_phrase_nobody_matches_is_shown_and_never_dropped(
    installation: Installation, tmp_path: Path, issue_file: Path, everyone: Everyone
) -> None:
    text = issue_file.read_text(encoding="utf-8").replace("各测试单位。", "各测试单位、某某开发区管委会。")
    issue_file.write_text(text, encoding="utf-8")
    recipients = units(installation.sandbox, 3)
    register(installation, recipients)
    roster = str(directory_file(tmp_path / "d.yaml", recipients, everyone(3)))

    held = installation.json("publish", str(issue_file), "--directory", roster, code=4)
    assert held["issue"]["state"] == "held"
    assert held["unresolved"] == ["某某开发区管委会"]
    assert installation.arrived() == {}

    now = installation.json("publish", str(issue_file), "--directory", roster, "--now", code=4)
    assert now["unresolved"] == ["某某开发区管委会"]
    assert now["counts"] == {"accepted": 3}


@pytest.mark.slow
def test_a_mended_directory_sends_only_to_those_who_had_nothing(
    installation: Installation, tmp_path: Path, issue_file: Path, everyone: Everyone
) -> None:
    recipients = units(installation.sandbox, 4)
    register(installation, recipients)
    three = str(directory_file(tmp_path / "three.yaml", recipients, everyone(3)))
    four = str(directory_file(tmp_path / "four.yaml", recipients, everyone(4)))
    installation.json("publish", str(issue_file), "--directory", three, "--now")

    done = installation.json("publish", str(issue_file), "--directory", four, "--now")

    assert done["counts"] == {"accepted": 4}
    assert done["new_deliveries"] == 1
    assert installation.arrived() == {f"key-{i:05d}": 1 for i in range(4)}


@pytest.mark.slow
def test_a_doubt_is_sent_again_only_where_the_setting_says_so(
    installation: Installation, tmp_path: Path, issue_file: Path, everyone: Everyone
) -> None:
    recipients = units(installation.sandbox, 2)
    register(installation, recipients)
    roster = str(directory_file(tmp_path / "d.yaml", recipients, everyone(2)))
    fault = {"fault": "drop_after_accepting", "channel": "wecom", "key": "key-00000", "times": 1}
    installation.api("/_sandbox/faults", fault)
    publish = ("publish", str(issue_file), "--directory", roster, "--now", "--wait", "20")
    resend = {"JIANBAO_IN_DOUBT": "resend"}

    for _ in range(2):
        assert installation.json(*publish, code=4)["counts"] == {"in_doubt": 1, "accepted": 1}
        assert installation.arrived() == {"key-00000": 1, "key-00001": 1}
    assert installation.json(*publish, env=resend)["counts"] == {"accepted": 2}
    assert installation.json(*publish, env=resend)["counts"] == {"accepted": 2}
    assert installation.arrived() == {"key-00000": 2, "key-00001": 1}


@pytest.mark.slow
def test_a_dry_run_leaves_no_trace(
    installation: Installation, tmp_path: Path, issue_file: Path, everyone: Everyone
) -> None:
    recipients = units(installation.sandbox, 5)
    roster = str(directory_file(tmp_path / "d.yaml", recipients, everyone(5)))

    seen = installation.json("publish", str(issue_file), "--directory", roster, "--dry-run")

    assert len(seen["deliveries"]) == 5
    assert installation.json("receipts") == []
    assert installation.json("directory", "check", roster)["recipients"] == 5
    assert installation.arrived() == {}


@pytest.mark.slow
def test_a_dry_run_shows_deliveries_in_the_shape_of_those_that_were_sent(
    installation: Installation, tmp_path: Path, issue_file: Path, everyone: Everyone
) -> None:
    recipients = units(installation.sandbox, 4)
    recipients[1]["targets"].append({**recipients[0]["targets"][0], "label": "另一个群"})
    register(installation, recipients)
    roster = str(directory_file(tmp_path / "d.yaml", recipients, everyone(4)))

    seen = installation.json("publish", str(issue_file), "--directory", roster, "--dry-run")
    sent = installation.json("publish", str(issue_file), "--directory", roster, "--now", code=(0, 4))

    assert [set(d) - {"bytes"} for d in seen["deliveries"]] == [set(d) for d in sent["deliveries"]]
    planned = ("recipient", "recipient_name", "channel", "target", "list", "kind", "part", "parts")
    would, did = ([tuple(d[key] for key in planned) for d in of["deliveries"]] for of in (seen, sent))
    assert would == did
    assert {(d["id"], d["state"], d["class"], d["attempts"]) for d in seen["deliveries"]} == {
        (None, "pending", None, 0)
    }


@pytest.mark.slow
def test_an_unreadable_document_is_refused_with_one_sentence(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "empty.txt"
    file.write_bytes(b"")

    answer = installation.json("parse", str(file), code=3)
    assert set(answer["error"]) == {"code", "message"}
    spoken = installation.run("publish", str(file), "--now")
    assert (spoken.returncode, spoken.stdout) == (3, "") or spoken.returncode == 2


@pytest.mark.slow
def test_of_a_folder_every_document_has_its_own_result_and_a_bad_one_stops_nothing(
    installation: Installation, tmp_path: Path, issue_file: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.txt", "a.html", "b.txt"):
        (folder / name).write_bytes(issue_file.read_bytes())
    (folder / "a.html.txt").write_bytes(b"")
    (folder / "away.txt").symlink_to(tmp_path / "nowhere.txt")

    said = installation.json("parse", str(folder), "--out", str(tmp_path / "out"))

    results = {p.name: json.loads(p.read_text(encoding="utf-8")) for p in (tmp_path / "out").iterdir()}
    assert set(results) == {f"{n}.out.json" for n in ("a.txt", "a.html", "a.html.txt", "b", "away")}
    assert (
        results["a.txt.out.json"]["masthead"] == results["b.out.json"]["masthead"] == "梅州市城镇老旧小区改造工作简报"
    )
    assert {name: why["code"] for name, why in said["refused"].items()} == {
        "a.html.txt": "empty_document",
        "away.txt": "config",
    }
    assert (said["documents"], said["read"]) == (5, 3)


@pytest.mark.slow
def test_a_lost_key_is_a_wrong_configuration_in_the_documented_words(installation: Installation) -> None:
    assert installation.json("receipts") == []
    (installation.home / "var/secret.key").unlink()

    assert installation.json("receipts", code=2)["error"]["code"] == "config"


@pytest.mark.slow
def test_a_result_that_cannot_be_written_is_said_in_one_line(installation: Installation) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bot", "receipts", "--json"],
            cwd=installation.home,
            env=installation.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "OSError" in done.stderr


@pytest.mark.slow
def test_a_results_folder_that_cannot_be_made_is_said_so(
    installation: Installation, tmp_path: Path, issue_file: Path
) -> None:
    answer = installation.json("parse", str(tmp_path), "--out", str(issue_file), code=2)

    assert str(issue_file) in answer["error"]["message"]


@pytest.mark.slow
def test_a_bad_directory_is_refused_whole_with_lines_and_keys(
    installation: Installation, tmp_path: Path, issue_file: Path, everyone: Everyone
) -> None:
    recipients = units(installation.sandbox, 3)
    recipients[1]["id"] = "unit-0"
    recipients[2]["targets"][0]["url"] = "https://10.0.0.1/cgi-bin/webhook/send?key=hidden-key-0001"
    roster = str(directory_file(tmp_path / "d.yaml", recipients, everyone(1)))

    done = installation.run("publish", str(issue_file), "--directory", roster, "--now")

    assert done.returncode == 2
    assert "recipients[1].id" in done.stderr
    assert "targets[0].url" in done.stderr
    assert "hidden-key-0001" not in done.stderr
    assert installation.json("directory", "check", roster, code=2)["error"]["code"] == "directory"
    assert installation.run("directory", "export", "-").stdout.count("- id:") == 0


def _meizhou(shared: Path) -> Any:

    return json.loads((shared / "bulletins/meizhou_directory.json").read_text(encoding="utf-8"))


def _phrases(source: Any, group: str) -> list[str]:
    rows = [p for p in source["collective_phrases"] if p.get("group") == group]
    return [text for p in rows for text in (p["phrase"], *p["variants"])]
