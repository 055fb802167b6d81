"""Legacy .doc, .wps and .rtf: converted by LibreOffice where it is installed, otherwise refused."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from bot.bulletins.refusals import refused

_SECONDS = 60


def converter() -> str | None:
    """The LibreOffice program, None where there is none."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def to_docx(data: bytes, name: str = "") -> bytes:
    """The same document as DOCX. Raises DocumentRefused: `legacy_format`, `damaged`, `reader_timeout`.

    Macros do not run in a headless conversion; the profile is thrown away afterwards.
    """
    program = converter()
    if program is None:
        raise refused("legacy_format")
    with tempfile.TemporaryDirectory(prefix="jianbao-") as folder:
        source = Path(folder) / f"bulletin{_suffix(data, name)}"
        source.write_bytes(data)
        profile = (Path(folder) / "profile").as_uri()
        command = [
            program,
            f"-env:UserInstallation={profile}",
            "--headless",
            "--norestore",
            "--convert-to",
            "docx",
            "--outdir",
            folder,
            str(source),
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)  # noqa: S603 - fixed program, own file
        except subprocess.TimeoutExpired as error:
            raise refused("reader_timeout") from error
        except (subprocess.CalledProcessError, OSError) as error:
            raise refused("damaged") from error
        target = source.with_suffix(".docx")
        if not target.exists():
            raise refused("damaged")
        return target.read_bytes()


def _suffix(data: bytes, name: str) -> str:
    if data.startswith(b"{\\rtf"):
        return ".rtf"
    return ".wps" if name.lower().endswith(".wps") else ".doc"
