"""Own certificate authorities of private deployments: PEM files that a target may name as `ca_file`.

Such a file takes the place of the public authorities for its targets; it never adds to them, and no check is left out.
"""

from __future__ import annotations

import datetime as dt
import re
import ssl
import stat
from dataclasses import dataclass
from pathlib import Path, PurePath

from bot.domain.errors import os_reason

MAX_BYTES = 1_000_000
"""More than all public authorities together take; a larger file is something else."""

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_BEGIN = b"-----BEGIN CERTIFICATE-----"

Version = tuple[int, ...]
"""What tells one state of a file from the next without reading it."""


class UnfitAuthority(Exception):  # noqa: N818 - it states a fact, and is always caught
    """The file cannot be used; `str()` is one Chinese sentence with what to do."""


@dataclass(frozen=True, slots=True)
class Authorities:
    """The rule for one installation. `folder`: where a `ca_file` that is no absolute path is looked for."""

    folder: Path

    def objection(self, ca_file: str) -> str | None:
        """None when the file can be used now, else one Chinese sentence."""
        try:
            context(self.pem(ca_file), ca_file)
        except UnfitAuthority as unfit:
            return str(unfit)
        return None

    def expires(self, ca_file: str) -> dt.datetime | None:
        """When the first of its authorities ends; None where it names only servers. Raises `UnfitAuthority`."""
        ends = [str(one["notAfter"]) for one in context(self.pem(ca_file), ca_file).get_ca_certs()]
        return min((dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(end), dt.UTC) for end in ends), default=None)

    def version(self, ca_file: str) -> Version:
        """Raises `UnfitAuthority` when there is no such file."""
        path = self._path(ca_file)
        try:
            found = path.stat()
        except (OSError, ValueError) as exc:
            raise UnfitAuthority(f"找不到证书文件 {path}，请管理员放好文件或改正名称。") from exc
        if not stat.S_ISREG(found.st_mode):  # a pipe or a device would never end
            raise UnfitAuthority(f"{path} 不是文件，请填写 PEM 证书文件。")
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)

    def pem(self, ca_file: str) -> bytes:
        """The certificates in the file, and nothing else that stands there. Raises `UnfitAuthority`."""
        _, _, size, _ = self.version(ca_file)
        path = self._path(ca_file)
        if size > MAX_BYTES:
            raise UnfitAuthority(f"{path} 太大，不像证书文件，最大 {MAX_BYTES // 1_000_000} MB。")
        try:
            data = path.read_bytes()
        except OSError as exc:
            raise UnfitAuthority(f"证书文件 {path} 读不了（{os_reason(exc)}），请让运行本程序的账号可读。") from exc
        found = _CERTIFICATE.findall(data)
        if not found or len(found) != data.count(_BEGIN):
            raise UnfitAuthority(f"{path} 不是完好的 PEM 证书，应含“BEGIN CERTIFICATE”；请向平台管理员索取 CA 证书。")
        return b"\n".join(found) + b"\n"

    def _path(self, ca_file: str) -> Path:
        if not ca_file or ".." in PurePath(ca_file).parts:
            raise UnfitAuthority("证书文件要写文件名或绝对路径，不能含“..”。")
        return self.folder / ca_file


def context(pem: bytes, ca_file: str) -> ssl.SSLContext:
    """Trusts these authorities alone. `ca_file` names them in what `UnfitAuthority` says."""
    try:
        return ssl.create_default_context(cadata=pem.decode("ascii"))
    except (ssl.SSLError, ValueError) as exc:
        raise UnfitAuthority(f"{ca_file} 中的证书已损坏，请向平台管理员重新索取。") from exc
