"""`make release`: everything a release consists of, in dist/, from the commit alone. It publishes nothing."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from . import audit
from .building import build_twice, sums
from .checkout import ROOT, RUN_LOCK, NotReleasable, look
from .licences import licences, notices


def sbom(out: Path) -> Path:
    """What is inside, as CycloneDX JSON; the same lock gives the same bytes."""
    file = out / "sbom.cdx.json"
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", "--output-reproducible", "--validate"]
    command += ["--pyproject", str(ROOT / "pyproject.toml"), "--output-file", str(file), str(RUN_LOCK)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise NotReleasable(f"the SBOM cannot be made:\n{done.stderr}")
    return file


def make(out: Path, *, dirty: bool) -> list[str]:
    """Fill `out`; returns what is still to be done before publishing, a sentence each."""
    checkout = look()
    if checkout.changes and not dirty:
        raise NotReleasable("there are changes that are not committed:\n" + "\n".join(checkout.changes))
    carried = licences()
    if refused := [f"{one.name}: {one.expression}" for one in carried if not one.allowed]:
        raise NotReleasable("licences that are not on the list in tools/licences.py:\n" + "\n".join(refused))
    shutil.rmtree(out, ignore_errors=True)
    made = build_twice(checkout.commit, out, epoch=checkout.epoch)
    made.append(sbom(out))
    (third := out / "THIRD-PARTY.txt").write_text(notices(carried), encoding="utf-8")
    made.append(third)
    (out / "SHA256SUMS").write_text(sums(made, out), encoding="utf-8")
    holes, unreached = audit.audit(RUN_LOCK)
    if holes:
        raise NotReleasable("known holes in what would be shipped:\n" + "\n".join(holes))
    left = [f"check {RUN_LOCK.name} for known holes where the data can be reached ({unreached})"] if unreached else []
    if not checkout.announced:
        left.append(f"CHANGELOG.md: turn [Unreleased] into [{checkout.version}] with its date")
    left.append(f"tag {checkout.commit[:12]} as v{checkout.version}, signed, and upload the files above")
    return left


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tools.release", description=__doc__)
    asked.add_argument("--out", type=Path, default=ROOT / "dist" / "release", help="emptied first (dist/release)")
    asked.add_argument("--dirty", action="store_true", help="allow changes that are not committed; they are left out")
    options = asked.parse_args()
    try:
        left = make(options.out, dirty=options.dirty)
    except NotReleasable as error:
        print(f"release: {error}", file=sys.stderr)
        return 2
    print((options.out / "SHA256SUMS").read_text(encoding="utf-8"), end="")
    print("Built twice, the same bytes. Nothing was published. Still to do:", *left, sep="\n- ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
