"""Every error Jianbao raises on purpose.

    JianbaoError
    ├── ConfigError            exit 2: settings, command line, secret key
    │   ├── Conflict           exit 2: the directory is not as a dated change counted on
    │   ├── DirectoryError     exit 2: a directory file, with every problem's line and key
    │   └── WrongKey           exit 2: the database is sealed with another key
    ├── DocumentRefused        exit 3: the input document, with a fixed code
    └── StoreError             exit 1: the database is locked, too new, damaged or out of reach
        └── DiskFull           exit 1: there is no room; what is stored can be read, nothing is written or sent

What happens to a delivery is never an exception: it is a `Verdict` (domain/delivery.py).
Messages say what happened, where, and what to do.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass


class JianbaoError(Exception):
    """Base of all; `exit_code` is what the command line ends with."""

    exit_code = 1


class ConfigError(JianbaoError):
    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file a person wrote: `line` counts from 1, None when there is none to name."""

    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = f"第 {self.line} 行 " if self.line else ""
        return f"{place}{self.key}：{self.message}"


class Conflict(ConfigError):  # noqa: N818 - said of a change
    """The directory is not as a dated change counted on: what is different, and what was to be."""


class DirectoryError(ConfigError):
    """A directory file is refused whole; nothing of it was imported."""

    def __init__(self, source: str, problems: list[Problem]) -> None:
        self.source = source
        self.problems = problems
        super().__init__(
            f"{source} 有 {len(problems)} 处问题，没有导入任何内容：\n" + "\n".join(f"  {p}" for p in problems)
        )


class WrongKey(ConfigError):  # noqa: N818 - short, for it is caught where a rotation may have been cut off
    """The key at hand is not the one in force, or not the one a value was sealed with."""


class DocumentRefused(JianbaoError):  # noqa: N818 - a refusal is the field's word
    """The document cannot be read; `code` is a fixed word such as `scanned_pdf_no_text`."""

    exit_code = 3

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class StoreError(JianbaoError):
    exit_code = 1


class DiskFull(StoreError):  # noqa: N818 - what it is, rather than that it is an error
    """Nothing was written. Until there is room again every write ends so, at once."""


_OS_REASONS = {
    errno.ENOENT: "没有这个文件或文件夹",
    errno.EACCES: "没有权限",
    errno.EPERM: "系统不允许",
    errno.EISDIR: "这是文件夹，不是文件",
    errno.ENOTDIR: "路径里有一段不是文件夹",
    errno.EEXIST: "已有同名的文件",
    errno.ENOTEMPTY: "文件夹不是空的",
    errno.ENAMETOOLONG: "名字太长",
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "超出磁盘配额",
    errno.EROFS: "磁盘是只读的",
    errno.EIO: "磁盘读写出错",
    errno.EMFILE: "打开的文件太多",
    errno.ENFILE: "打开的文件太多",
    errno.EADDRINUSE: "已被别的程序占用",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
    errno.ECONNREFUSED: "对方拒绝连接",
    errno.ECONNRESET: "对方断开了连接",
    errno.ETIMEDOUT: "连接超时",
    errno.ENETUNREACH: "网络不通",
    errno.EHOSTUNREACH: "对方主机不通",
}


def os_reason(error: OSError) -> str:
    """Why the system refused, in Chinese where it is common, else in the system's words; never a path or an address."""
    said = error.strerror or ""
    if said.isascii():
        said = _OS_REASONS.get(error.errno or 0, said)
    return said or type(error).__name__
