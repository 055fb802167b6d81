"""The system's reasons in a clerk's words."""

from __future__ import annotations

import errno
import os

import pytest

from bot.domain.errors import os_reason


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/var/x"), "没有这个文件或文件夹"),
        (OSError(errno.EADDRINUSE, "error while attempting to bind on address ('0.0.0.0', 1)"), "已被别的程序占用"),
        (NotADirectoryError(errno.ENOTDIR, "该子文件夹是链接"), "该子文件夹是链接"),
        (OSError(errno.EXDEV, os.strerror(errno.EXDEV)), os.strerror(errno.EXDEV)),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_what_the_system_refuses_is_told_in_chinese_where_it_is_common(error: OSError, reason: str) -> None:
    assert os_reason(error) == reason
