"""`make wheelhouse`: one archive that installs Jianbao on a machine without any package registry."""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from .building import build_twice, pack, sums
from .checkout import ROOT, RUN_LOCK, NotReleasable, look
from .licences import licences, notices


def fetch(into: Path, *, python: str, platforms: list[str]) -> None:
    """Every pinned package as a wheel, its hash checked; for `platforms` (this machine's when there is none)."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--dest", str(into)]
    command += ["--require-hashes", "--only-binary", ":all:", "--requirement", str(RUN_LOCK)]
    command += ["--python-version", python, *(f"--platform={name}" for name in platforms)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise NotReleasable("the pinned packages cannot be fetched:\n" + "\n".join(told or [done.stderr]))


def make(out: Path, *, python: str, platforms: list[str]) -> Path:
    """The archive `out`/jianbao-VERSION-wheelhouse-….tar.gz; returns its path."""
    checkout = look()
    system = platforms[0] if platforms else f"{sys.platform}_{platform.machine()}"
    folder = out / f"jianbao-{checkout.version}-wheelhouse-py{python}-{system}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "wheels").mkdir(parents=True)
    fetch(folder / "wheels", python=python, platforms=platforms)
    for built in build_twice(checkout.commit, folder, epoch=checkout.epoch):
        if built.suffix != ".whl":
            built.unlink()
    shutil.copy(RUN_LOCK, folder)
    for name in ("LICENSE", "README.md", "README.zh-CN.md"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    shutil.copy(ROOT / "tools" / "install.sh", folder)
    (folder / "PYTHON").write_text(f"{python}\n", encoding="utf-8")
    (folder / "THIRD-PARTY.txt").write_text(notices(licences()), encoding="utf-8")
    kept = [path for path in folder.rglob("*") if path.is_file()]
    (folder / "SHA256SUMS").write_text(sums(kept, folder), encoding="utf-8")
    archive = folder.with_name(f"{folder.name}.tar.gz")
    pack(folder, archive, epoch=checkout.epoch)
    return archive


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tools.wheelhouse", description=__doc__)
    asked.add_argument("--out", type=Path, default=ROOT / "dist", help="folder of the archive (default: dist)")
    asked.add_argument("--python", default=f"{sys.version_info[0]}.{sys.version_info[1]}", help="3.11, 3.12, …")
    asked.add_argument("--platform", action="append", default=[], help="as pip names it, e.g. manylinux2014_aarch64")
    options = asked.parse_args()
    try:
        archive = make(options.out, python=options.python, platforms=options.platform)
    except NotReleasable as error:
        print(f"wheelhouse: {error}", file=sys.stderr)
        return 2
    print(f"{archive} ({archive.stat().st_size / 1e6:.0f} MB)")
    print("On the other machine: unpack it, then `sh install.sh /opt/jianbao` in the folder.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
