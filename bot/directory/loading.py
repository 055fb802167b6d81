"""Bytes to a checked directory, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.directory import Directory
from bot.domain.errors import DirectoryError, Problem

from . import xlsx_reader, yaml_file
from .ambiguity import ambiguities
from .check import Checker, CheckOptions, CheckSecret, CheckTarget, any_options, any_secret
from .keys import MAX_BYTES

_ZIP = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A directory that passed every check, and what a person should still know about it."""

    directory: Directory
    warnings: tuple[Problem, ...] = ()


def load(
    data: bytes,
    source: str,
    *,
    channels: Mapping[str, str],
    check_target: CheckTarget,
    check_secret: CheckSecret = any_secret,
    check_options: CheckOptions = any_options,
) -> Loaded:
    """Read a directory file, YAML or XLSX as its content says.

    `source` names the file in errors. `channels`: every known channel's word to its Chinese name
    (`{"wecom": "企业微信", …}`). `check_target(channel, url)` gives None, or one Chinese sentence against the URL;
    it is asked only about known channels and clean URLs; `check_secret(channel, secret)` and `check_options(target)`
    likewise.
    Raises `DirectoryError` with every problem found: nothing of such a file may be used.
    """
    problems: list[Problem] = []
    if len(data) > MAX_BYTES:
        raise DirectoryError(source, [Problem(None, "文件", f"太大：最多 {MAX_BYTES // 1_000_000} MB")])
    if data.startswith(_OLD_OFFICE):
        message = "是旧版 .xls 或加了密码的表格，请用 Excel 或 WPS 另存为不加密的 .xlsx"
        raise DirectoryError(source, [Problem(None, "文件", message)])
    if data.startswith(_ZIP):
        root = xlsx_reader.read(data, channels, problems)
    else:
        root = yaml_file.read(_decoded(data, source), problems)
    if root is None:
        raise DirectoryError(source, problems)
    directory = Checker(channels, check_target, check_secret, check_options, problems).directory(root)
    if problems:
        raise DirectoryError(source, sorted(problems, key=lambda p: p.line or 0))
    return Loaded(directory, ambiguities(directory))


def _decoded(data: bytes, source: str) -> str:
    """UTF-8 with or without BOM; what Windows calls Unicode (UTF-16) and ANSI (GB18030) is read as well."""
    encodings = ["utf-16"] if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
    raise DirectoryError(source, [Problem(line, "文件", "不是文字文件，或编码不是 UTF-8、GB18030；请另存为 UTF-8")])
