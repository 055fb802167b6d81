"""The container files, without containers: what they say is read from them and run as plain processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from bot.cli.app import app
from bot.settings import PREFIX, Settings

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PORT = "8800"
COMPOSE_SCHEMAS = [Path(lib, "dist-packages/compose/config") for lib in ("/usr/lib/python3", "/usr/local/lib")]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
START_S = 30.0
STOP_S = 30.0


def dockerfile() -> list[list[tuple[str, str]]]:
    """The instructions of each stage, in order."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    stages: list[list[tuple[str, str]]] = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "FROM":
            stages.append([])
        stages[-1].append((word, rest.strip()))
    return stages


def image(word: str) -> str:
    """The last instruction of that name in the final stage."""
    return [rest for name, rest in dockerfile()[-1] if name == word][-1]


def image_environment() -> dict[str, str]:
    return dict(re.findall(r"([A-Z_]+)=(\S+)", image("ENV")))


def image_command() -> list[str]:
    return [*json.loads(image("ENTRYPOINT")), *json.loads(image("CMD"))]


def image_health_check() -> list[str]:
    words: list[str] = json.loads(image("HEALTHCHECK").partition("CMD ")[2])
    return words


def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return document


def service() -> dict[str, Any]:
    """The one that starts when no profile is asked for."""
    (only,) = (entry for entry in compose()["services"].values() if "profiles" not in entry)
    assert isinstance(only, dict)
    return only


def scaled() -> dict[str, dict[str, Any]]:
    """The services of profile `scale` that run our image."""
    found = compose()["services"].items()
    return {name: entry for name, entry in found if "profiles" in entry and entry["image"] == "jianbao"}


# what the files say


def test_compose_accepts_the_file() -> None:
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("docker-compose is not installed")
    for profile in ([], ["--profile", "scale"]):
        done = subprocess.run([program, *profile, "config", "-q"], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_the_file_follows_the_compose_specification() -> None:
    """The schema that docker-compose brings along, read by a validator of its own: Compose v1 checks older rules."""
    found = [place / "compose_spec.json" for place in COMPOSE_SCHEMAS if (place / "compose_spec.json").exists()]
    if not found:
        pytest.skip("docker-compose, which brings the schema along, is not installed")
    validator: Any = pytest.importorskip("jsonschema", reason="needs a JSON Schema validator, jsonschema")
    schema = json.loads(found[0].read_text(encoding="utf-8"))
    validator.Draft201909Validator.check_schema(schema)
    errors = validator.Draft201909Validator(schema).iter_errors(compose())
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_the_file_has_no_key_that_compose_v1_does_not_know() -> None:
    assert set(compose()) == {"version", "services", "volumes", "secrets"}


def test_the_profile_scale_has_every_role_and_each_that_may_twice() -> None:
    roles = Counter(entry["command"][0] for entry in scaled().values())
    assert roles == {"web": 1, "scheduler": 2, "worker": 2}


@pytest.mark.parametrize("name", ["web", "scheduler-one", "scheduler-two", "worker-one", "worker-two"])
def test_a_scaled_service_has_the_settings_and_the_restraints_of_the_one(name: str) -> None:
    entry = scaled()[name]
    for key in ("environment", "cap_drop", "read_only", "security_opt", "init", "stop_grace_period"):
        assert entry[key] == service()[key]
    assert entry["healthcheck"]["test"][-1] == entry["command"][-1], "the port it is asked at is the one it listens on"
    assert {"source": "secret_key", "target": "/data/secret.key"} in entry["secrets"]


def test_the_scrape_configuration_names_every_role_of_compose_and_systemd() -> None:
    text = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    roles = {f"{name}:{entry['command'][-1]}" for name, entry in scaled().items()}
    units = {"127.0.0.1:" + re.findall(r"--port (\S+)", unit.read_text(encoding="utf-8"))[0] for unit in UNITS}
    assert set(re.findall(r'"([\w.-]+:\d+)"', text)) == roles | {
        place.replace("%i", number) for place in units for number in ("1", "2")
    }


def test_no_secret_stands_in_the_file() -> None:
    assert all(set(entry) == {"file"} for entry in compose()["secrets"].values())
    assert "/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_compose_hands_on_every_setting_and_no_other() -> None:
    names = [entry.partition("=")[0] for entry in service()["environment"]]
    assert sorted(names) == sorted(PREFIX + key.upper() for key in Settings.model_fields)


def test_the_data_lie_in_the_volume() -> None:
    assert image_environment()["JIANBAO_DATA_DIR"] == image("VOLUME") == "/data"
    assert "JIANBAO_DATA_DIR=/data" in service()["environment"]
    assert service()["volumes"] == ["data:/data"]
    assert list(compose()["volumes"]) == ["data", "postgres"]


def test_every_variable_of_the_image_is_a_setting() -> None:
    ours = {name for name in image_environment() if name.startswith(PREFIX)}
    assert ours <= {PREFIX + key.upper() for key in Settings.model_fields}


def test_image_and_compose_run_and_check_the_same() -> None:
    assert service()["command"] == json.loads(image("CMD"))
    assert service()["healthcheck"]["test"] == ["CMD", *image_health_check()]


def test_image_starts_and_checks_with_the_console_script() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert image_command()[0] in project["scripts"]
    assert image_health_check()[0] in project["scripts"]


def test_the_program_does_not_run_as_root() -> None:
    assert image("USER") not in ("root", "0")
    assert service()["cap_drop"] == ["ALL"]
    assert service()["read_only"] is True


def test_nothing_is_installed_without_its_hash() -> None:
    lines = [rest for stage in dockerfile() for word, rest in stage if word == "RUN" and "pip install" in rest]
    assert lines
    assert all("--require-hashes -r requirements.lock" in line or "--no-deps" in line for line in lines)


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    }
    for word, rest in dockerfile()[0]:
        if word == "COPY":
            *sources, _ = rest.split()
            for source in sources:
                assert (ROOT / source).exists(), source
                assert source in allowed, source


# what they start


def absent() -> list[str]:
    """Of the commands that image and compose call, those that do not exist."""
    group: Any = typer.main.get_command(app)
    return [name for name in (image_command()[1], image_health_check()[1]) if name not in group.commands]


needs_service = pytest.mark.skipif(bool(absent()), reason=f"not built yet: jianbao {', jianbao '.join(absent())}")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The image's, with the volume in a folder of the test."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    given = {name: value for name, value in image_environment().items() if name != "PATH"}
    assert given["JIANBAO_DATA_DIR"] == "/data"
    return bare | given | {"JIANBAO_DATA_DIR": str(tmp_path / "data")}


@pytest.fixture
def port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def as_process(words: list[str], port: str) -> list[str]:
    return [sys.executable, "-m", "bot", *(port if word == PORT else word for word in words[1:])]


@contextmanager
def running(environment: dict[str, str], port: str, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(as_process(image_command(), port), cwd=cwd, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def healthy(environment: dict[str, str], port: str, cwd: Path) -> bool:
    done = subprocess.run(as_process(image_health_check(), port), cwd=cwd, env=environment, capture_output=True)
    return done.returncode == 0


@needs_service
def test_the_image_s_command_becomes_healthy_and_stops_gently(
    environment: dict[str, str], port: str, tmp_path: Path
) -> None:
    with running(environment, port, tmp_path) as process:
        deadline = time.monotonic() + START_S
        while not healthy(environment, port, tmp_path):
            assert process.poll() is None, "it ended by itself"
            assert time.monotonic() < deadline, f"not healthy within {START_S} s"
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_S) == 0
    assert (tmp_path / "data" / "jianbao.db").exists()


CONFINED = """
ip link set lo up
mount --bind "$0" /mnt
mount -t tmpfs tmpfs "$1"
shift
mount -o remount,ro,bind /
exec setpriv --no-new-privs --bounding-set -all --inh-caps -all "$@"
"""
"""What the file asks for: a read-only file system but for the volume (here at /mnt) and /tmp, and no privileges.
Another folder stands for /tmp where the checkout itself lies below it."""


@needs_service
def test_the_file_s_service_runs_by_its_very_words_where_it_may_write_to_its_volume_alone(
    environment: dict[str, str], tmp_path: Path
) -> None:
    apart = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-ec"]
    if os.geteuid() != 0 or not shutil.which("setpriv") or subprocess.run([*apart, "ip link"]).returncode:
        pytest.skip("needs namespaces, ip and setpriv, as root")
    assert (service()["read_only"], service()["tmpfs"], service()["volumes"]) == (True, ["/tmp"], ["data:/data"])
    volume = tmp_path / "data"
    volume.mkdir()
    named = dict(entry.split("=", 1) for entry in service()["environment"] if "=" in entry)
    given = environment | {"JIANBAO_LOG_FORMAT": "json", "JIANBAO_DATA_DIR": "/mnt", "PYTHONPATH": str(ROOT)}
    assert set(named) <= set(given)
    scratch = "/tmp" if not {"/tmp"} & {str(folder) for folder in ROOT.parents} else "/var/tmp"
    words = [*apart, CONFINED, str(volume), scratch, *as_process(["jianbao", *service()["command"]], PORT)]
    with subprocess.Popen(words, cwd=volume, env=given, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            lines: list[str] = []
            for line in process.stderr:
                lines.append(line)
                if json.loads(line)["event"] == "listening":
                    break
            check = as_process(service()["healthcheck"]["test"][1:], PORT)
            done = subprocess.run(["nsenter", "-t", str(process.pid), "-n", *check], cwd=ROOT, env=given)
        finally:
            process.kill()
    assert json.loads(lines[-1])["address"].endswith(f":{PORT}"), lines
    assert done.returncode == 0
    assert {"jianbao.db", "secret.key"} <= {path.name for path in volume.iterdir()}


@needs_service
@pytest.mark.parametrize("name", ["web", "scheduler-one", "worker-one"])
def test_a_scaled_service_becomes_healthy_and_stops_gently(
    name: str, environment: dict[str, str], port: str, tmp_path: Path, postgres_database: str
) -> None:
    entry = scaled()[name]
    given = environment | {"JIANBAO_DATABASE_URL": postgres_database}
    words = ["jianbao", *(port if word == entry["command"][-1] else word for word in entry["command"])]
    check = [port if word == entry["command"][-1] else word for word in entry["healthcheck"]["test"][1:]]
    with subprocess.Popen(as_process(words, port), cwd=tmp_path, env=given) as process:
        try:
            deadline = time.monotonic() + START_S
            while subprocess.run(as_process(check, port), cwd=tmp_path, env=given, capture_output=True).returncode:
                assert process.poll() is None, "it ended by itself"
                assert time.monotonic() < deadline, f"not healthy within {START_S} s"
            process.send_signal(signal.SIGTERM)
            assert process.wait(STOP_S) == 0
        finally:
            process.kill()


@needs_service
def test_a_single_role_on_sqlite_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "worker", "--port", "0"], cwd=tmp_path, env=environment, capture_output=True
    )
    assert done.returncode == 2
    assert "需要 PostgreSQL" in done.stderr.decode()


# systemd


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_there_is_without_privileges(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    lines = dict(line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Z]\w+=", line))
    program, command, option, _ = lines["ExecStart"].split()
    group: Any = typer.main.get_command(app)
    assert (program, option) == ("/opt/jianbao/bin/jianbao", "--port")
    assert command in group.commands
    assert (lines["User"], lines["NoNewPrivileges"], lines["CapabilityBoundingSet"]) == ("jianbao", "true", "")


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/jianbao/bin/jianbao", sys.executable)
        (tmp_path / unit.name.replace("@", "@1")).write_text(text, encoding="utf-8")
    files = [str(path) for path in sorted(tmp_path.iterdir())]
    done = subprocess.run([program, "verify", "--man=no", *files], capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if "jianbao" in line]
    assert ours == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_little_that_a_unit_leaves_open(unit: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    words = [program, "security", "--offline=true", "--threshold=30", str(unit)]
    done = subprocess.run(words, capture_output=True, text=True)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze is too old to judge a file")
    assert done.returncode == 0, done.stdout + done.stderr


@needs_service
def test_the_health_check_fails_where_nothing_runs(environment: dict[str, str], port: str, tmp_path: Path) -> None:
    assert not healthy(environment, port, tmp_path)
