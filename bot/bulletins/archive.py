"""ZIP attachments of a site: the one document inside."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import PurePosixPath

from bot.bulletins.limits import DEFAULT, Limits
from bot.bulletins.refusals import refused

_READABLE = (".docx", ".pdf", ".html", ".htm", ".mht", ".mhtml", ".txt", ".doc", ".wps", ".rtf")


def open_checked(data: bytes, limits: Limits = DEFAULT) -> zipfile.ZipFile:
    """An archive whose declared contents stay within the limits and need no password."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, IndexError) as error:
        raise refused("damaged") from error
    if any(e.flag_bits & 0x1 for e in entries):
        raise refused("encrypted")
    if len(entries) > limits.max_archive_entries or sum(e.file_size for e in entries) > limits.max_expanded_bytes:
        raise refused("too_large", "压缩包展开后过大")
    return archive


def read_entry(archive: zipfile.ZipFile, name: str, max_bytes: int) -> bytes:
    """One entry, never more than `max_bytes` of it whatever the archive declares."""
    try:
        with archive.open(name) as entry:
            data = entry.read(max_bytes + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError, RuntimeError, ValueError) as error:
        raise refused("damaged") from error
    if len(data) > max_bytes:
        raise refused("too_large", "压缩包展开后过大")
    return data


def document_in(data: bytes, limits: Limits = DEFAULT) -> tuple[bytes, str]:
    """The document in an archive, and its name. Several: the one whose name says 简报, else refused."""
    with open_checked(data, limits) as archive:
        names = [n for n in map(_readable_name, archive.infolist()) if n]
        if not names:
            raise refused("no_document_in_archive")
        shown = {n: _decoded(n) for n in names}
        if len(names) > 1:
            names = [n for n in names if "简报" in shown[n] or "期" in shown[n]] or names
        if len(names) > 1:
            raise refused("ambiguous_archive", "、".join(shown[n] for n in names[:5]))
        return read_entry(archive, names[0], limits.max_file_bytes), shown[names[0]]


def _readable_name(entry: zipfile.ZipInfo) -> str:
    path = PurePosixPath(entry.filename)
    hidden = path.name.startswith((".", "~$")) or "__MACOSX" in path.parts
    return entry.filename if not entry.is_dir() and not hidden and path.suffix.lower() in _READABLE else ""


def _decoded(name: str) -> str:
    """Names written by Chinese Windows are GBK bytes that the format says are cp437."""
    try:
        return name.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return name
