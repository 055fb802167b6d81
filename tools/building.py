"""Wheel, sdist and archives whose bytes depend on the commit alone."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from .checkout import ROOT, NotReleasable


def sources(commit: str, folder: Path, *, root: Path = ROOT) -> None:
    """The files of `commit` and nothing else, so that what lies about in the checkout cannot get into a release."""
    archive = subprocess.run(["git", "archive", commit], cwd=root, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")


def build(folder: Path, out: Path, *, epoch: int) -> None:
    """Wheel and sdist of the sources in `folder`, with the pinned build backend, without a network."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(folder)]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise NotReleasable(f"the package does not build:\n{done.stdout}{done.stderr}")


def build_twice(commit: str, out: Path, *, epoch: int, root: Path = ROOT) -> list[Path]:
    """Wheel and sdist in `out`; made a second time elsewhere, they must be the same to the byte."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("first", "second/deeper"):
            sources(commit, (folder := Path(scratch) / name), root=root)
            build(folder, folder / "dist", epoch=epoch)
        first, second = (sorted((Path(scratch) / name / "dist").iterdir()) for name in ("first", "second/deeper"))
        differing = [
            one.name for one, other in zip(first, second, strict=True) if one.read_bytes() != other.read_bytes()
        ]
        if differing:
            raise NotReleasable(f"built twice from {commit[:12]}, and not the same bytes: {', '.join(differing)}")
        made = []
        for one in first:
            (kept := out / one.name).write_bytes(one.read_bytes())
            made.append(kept)
        return made


def pack(folder: Path, archive: Path, *, epoch: int) -> None:
    """`folder` as a .tar.gz with sorted names, one time and no owner."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime = epoch
        entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
        return entry

    with (
        archive.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=epoch) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        tar.add(folder, folder.name, recursive=False, filter=plain)
        for path in sorted(folder.rglob("*")):
            tar.add(path, f"{folder.name}/{path.relative_to(folder)}", recursive=False, filter=plain)


def sums(files: list[Path], folder: Path) -> str:
    """`sha256sum` lines, by name relative to `folder`."""
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in sorted(files)
    )
