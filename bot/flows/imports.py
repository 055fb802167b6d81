"""Directory files at the pages: read, compared, and taken in once their owner has seen what would change."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from bot.directory import Change, Difference, Entry, Loaded, diff
from bot.domain.directory import Directory
from bot.domain.errors import ConfigError
from bot.domain.pages import Upload

from .dated import named, names_of
from .ports import Clock


class ImportStore(Protocol):
    """The store's side; see bot/store/uploads.py and bot/store/directory.py for what each promises."""

    def directory(self) -> Directory: ...
    def keep_upload(self, key_hash: str, account_id: int, upload: Upload, *, now: dt.datetime) -> None: ...
    def upload(self, key_hash: str, account_id: int, *, now: dt.datetime) -> Upload | None: ...
    def take_upload(self, key_hash: str, account_id: int, *, now: dt.datetime) -> Upload | None: ...
    def import_directory(self, directory: Directory, *, who: str, why: str, now: dt.datetime) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """What importing a file would change. `counts` by the change's Chinese word; `entries` are what differs. `key`
    confirms it, once, by the one who brought the file."""

    key: str
    name: str
    notes: tuple[str, ...]
    counts: Mapping[str, int]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Imports:
    """The use cases."""

    store: ImportStore
    clock: Clock
    read: Callable[[bytes, str], Loaded]
    """A directory file; DirectoryError with every problem."""

    def compare(self, data: bytes, name: str, *, owner: int) -> Comparison:
        """Read a file and say what importing it would change; nothing is changed yet."""
        loaded = self.read(data, name)
        return self._compared(loaded.directory, name, tuple(map(str, loaded.warnings)), owner)

    def confirm(self, key: str, *, owner: int, who: str, why: str) -> Comparison | Mapping[str, int]:
        """Take the file in: the counts of what was changed. A new comparison when the directory was changed since, so
        that nobody undoes what they have not seen. ConfigError when the key is not theirs, or too old."""
        upload = self.store.take_upload(_hash(key), owner, now=self.clock())
        if upload is None:
            raise ConfigError("这次对比已过期，请重新上传文件。")
        if _seen(_differing(_difference(self.store.directory(), upload.directory))) != upload.seen:
            note = "对比之后名录又有改动，请再看一遍。还没有导入。"
            return self._compared(upload.directory, upload.name, (note,), owner)
        return self.store.import_directory(
            upload.directory, who=who, why=why or f"导入 {upload.name}", now=self.clock()
        )

    def look(self, key: str, *, owner: int) -> Comparison | None:
        """The same comparison again, without using it up; None when it is not theirs, too old, or used."""
        upload = self.store.upload(_hash(key), owner, now=self.clock())
        if upload is None:
            return None
        return _comparison(key, upload.name, upload.notes, _difference(self.store.directory(), upload.directory))

    def _compared(self, directory: Directory, name: str, notes: tuple[str, ...], owner: int) -> Comparison:
        found = _comparison(secrets.token_urlsafe(32), name, notes, _difference(self.store.directory(), directory))
        upload = Upload(name, directory, notes, _seen(found.entries))
        self.store.keep_upload(_hash(found.key), owner, upload, now=self.clock())
        return found


def _difference(old: Directory, new: Directory) -> Difference:
    """With the members of groups by name."""
    names = names_of(old) | names_of(new)
    old, new = (replace(d, groups=tuple(named(group, names) for group in d.groups)) for d in (old, new))
    return diff(old, new)


def _differing(found: Difference) -> tuple[Entry, ...]:
    return tuple(e for e in found.entries if e.change in (Change.ADDED, Change.CHANGED))


def _comparison(key: str, name: str, notes: tuple[str, ...], found: Difference) -> Comparison:
    counts = {change.chinese: count for change, count in found.counts().items()}
    return Comparison(key, name, notes, counts, _differing(found))


def _seen(entries: tuple[Entry, ...]) -> str:
    return hashlib.sha256(repr(entries).encode()).hexdigest()


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
