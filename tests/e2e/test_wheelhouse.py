"""What `make wheelhouse` and `make release` make: it installs and runs where there is no network at all."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tools.checkout import NotReleasable, look, pins

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="a release is made from a git checkout"),
    pytest.mark.timeout(300),
]


def run(module: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheelhouse")
    made = run("tools.wheelhouse", "--out", out)
    if "cannot be fetched" in made.stderr and "CI" not in os.environ:
        pytest.skip("no package registry can be reached from here")
    assert made.returncode == 0, made.stderr
    (found,) = out.glob("*.tar.gz")
    return found


def cut_off() -> list[str]:
    """The beginning of a command that runs in a network namespace with nothing but its own loopback."""
    alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "alone"]
    return alone if subprocess.run([*alone, "true"], capture_output=True).returncode == 0 else []


def sh(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command as on the other machine: nothing of this environment but the path."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "PYTHON": sys.executable, "LANG": "C.UTF-8"}
    return subprocess.run([*cut_off(), *command], cwd=cwd, env=environment, capture_output=True, text=True)


def test_the_wheelhouse_installs_and_runs_the_demo_without_a_network(archive: Path, tmp_path: Path) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.glob("jianbao-*")
    installed = sh("sh", folder / "install.sh", tmp_path / "opt", cwd=tmp_path)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    (work := tmp_path / "work").mkdir()
    demo = sh(tmp_path / "opt" / "bin" / "jianbao", "demo", cwd=work)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "已送达" in demo.stdout


def test_a_wheelhouse_that_was_changed_on_the_way_is_refused(archive: Path, tmp_path: Path) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.glob("jianbao-*")
    next(folder.glob("wheels/httpx-0*.whl")).write_bytes(b"another file")
    refused = sh("sh", folder / "install.sh", tmp_path / "opt", cwd=tmp_path)
    assert refused.returncode == 2
    assert "SHA256SUMS" in refused.stderr
    assert not (tmp_path / "opt").exists()


def test_a_release_names_every_package_inside_and_can_be_checked(tmp_path: Path) -> None:
    done = run("tools.release", "--dirty", "--out", tmp_path / "release")
    assert done.returncode == 0, done.stderr
    out = tmp_path / "release"
    inside = json.loads((out / "sbom.cdx.json").read_text(encoding="utf-8"))["components"]
    assert {part["name"]: part["version"] for part in inside} == pins()
    for line in (out / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
    assert f"v{look().version}" in done.stdout


def test_a_release_is_not_made_of_what_is_not_committed(tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", ROOT, tmp_path / "clone"], check=True)
    (tmp_path / "clone" / "README.md").write_text("changed", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "clone")}
    done = subprocess.run(
        [sys.executable, "-m", "tools.release", "--out", tmp_path / "release"],
        cwd=tmp_path / "clone",
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "README.md" in done.stderr


def test_a_folder_without_git_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_text("", encoding="utf-8")
    with pytest.raises(NotReleasable, match="git"):
        look(tmp_path)
