"""The original document on its way into a group: its size and name, and what a vendor's upload needs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from .card import Message
from .delivery import Replied

MEDIA_TOKEN = "jianbao-media-id-comes-here"  # noqa: S105 - a marker, not a secret
"""Stands in a planned file message where the platform's name for the uploaded file goes."""

MAX_NAME_CHARS = 80
_UNFIT = re.compile(r'[\\/:*?"<>|]')
"""What one file system or another does not take."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file's bytes and its name: as it was received, or as the group is to see it."""

    name: str
    data: bytes


class Files(Protocol):
    """What a channel that takes files has besides; see bot/channels/files.py."""

    LIMITS: Mapping[str, int]
    """`min_file_bytes` and `max_file_bytes` among them."""

    def upload_url(self, url: str) -> str:
        """Where a file for the robot at `url` is uploaded: multipart, the part `media`. A credential, as `url` is."""
        ...

    def uploaded(self, reply: Replied) -> str | None:
        """What the platform knows the uploaded file by; whether it was accepted the channel's `read_reply` says."""
        ...

    def file_message(self, media_id: str) -> Message:
        """The message that shows an uploaded file."""
        ...


def clean_name(name: str) -> str:
    """A received file's name, fit for every machine it may be saved on: no folders, no signs that file systems or
    shells do not take, nothing invisible, not too long, never empty. The ending is kept."""
    last = re.split(r"[\\/]", name)[-1]
    seen = "".join(c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C")
    path = PurePosixPath(_UNFIT.sub("_", seen).strip(" ."))
    ending = path.suffix if len(path.suffix) <= 10 else ""
    return f"{(path.name.removesuffix(ending) or '简报原文')[: MAX_NAME_CHARS - len(ending)]}{ending}"
