"""The checkout a release is made from: its version, its commit, its changelog, its pins."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import bot

ROOT = Path(__file__).parents[1]
RUN_LOCK = ROOT / "requirements.lock"


class NotReleasable(Exception):  # noqa: N818 - it states a fact
    """What stands in the way of a release and what to do about it, in one sentence."""


def git(*arguments: str, root: Path = ROOT) -> str:
    """What a git command prints, without the last newline; NotReleasable where it fails."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise NotReleasable("git is not installed; a release is made from a git checkout.") from error
    except subprocess.CalledProcessError as error:
        raise NotReleasable(f"git {' '.join(arguments)}: {error.stderr.strip()}") from error
    return done.stdout.rstrip("\n")


@dataclass(frozen=True, slots=True)
class Checkout:
    """One commit. `epoch` is its time in seconds: every file made from it bears that time."""

    version: str
    commit: str
    epoch: int
    changes: tuple[str, ...]
    """Files that differ from the commit, as git lists them."""
    announced: bool
    """Whether CHANGELOG.md has a dated heading for the version."""


def look(root: Path = ROOT) -> Checkout:
    """The checkout as it stands."""
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = rf"^## \[{re.escape(bot.__version__)}\] - \d{{4}}-\d\d-\d\d$"
    return Checkout(
        version=bot.__version__,
        commit=git("rev-parse", "HEAD", root=root),
        epoch=int(git("log", "-1", "--format=%ct", root=root)),
        changes=tuple(git("status", "--porcelain", root=root).splitlines()),
        announced=re.search(heading, changelog, re.MULTILINE) is not None,
    )


def pins(lock: Path = RUN_LOCK) -> dict[str, str]:
    """Each pinned distribution's name and version."""
    return dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))
