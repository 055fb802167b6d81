"""The inbox (收件箱): a folder into which people put documents.

A look (`poll`) never changes the folder; only `settle` moves a file, after the store has taken it in or refused it. A
crash in between therefore finds the same file again, and the store knows the same bytes.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import stat
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from watchfiles import Change, awatch

from bot.domain.errors import os_reason
from bot.domain.source import Found, Poll, SourceFailed

from .finished import being_written, is_local
from .keys import Key, folder, whole
from .settled import NOTE_ENDING, TAKEN, move_apart

KEYS: tuple[Key, ...] = (
    Key("path", folder, required=True),
    Key("max_mb", whole(1, 500), 50),
    Key("settle_seconds", whole(1, 3600), 5),
    Key("stuck_minutes", whole(1, 7 * 1440), 30),
)

MAX_FILES = 50
"""Documents given by one look; the next look gives more."""

MAX_TOTAL_BYTES = 200_000_000
"""Of all documents one look gives, for they are in memory together."""

_MAX_WATCHED = 2000
"""Files a look has an eye on; a folder with more is not an inbox."""

_LOOKS_AFTER = 3
"""Looks after a change: one sees the file stand still, the others are for a look that came late. As many after the
start, for what came before the watch was up; the regular look may find that only minutes later."""

_SHARE_POLL_MS = 5000

_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".filepart", ".tmp", ".temp", ".opdownload")
_NOT_OURS = ("desktop.ini", "thumbs.db")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one look saw of a file. Times are ISO 8601, UTC."""

    size: int
    mtime_ns: int
    since: str
    """When this size and time were first seen."""
    waiting: str
    """When the file itself was first seen."""


class Inbox:
    """A source over the folder `path`, which must exist: a share that is not mounted must not look like an empty one.

    `max_mb`: larger files are left alone and told. `settle_seconds`: how long size and time must stand still.
    `stuck_minutes`: after which a file that is not finished is told.
    """

    def __init__(self, path: Path, *, max_mb: int = 50, settle_seconds: int = 5, stuck_minutes: int = 30) -> None:
        self._path = path
        self._max_bytes = max_mb * 1_000_000
        self._settle = dt.timedelta(seconds=settle_seconds)
        self._stuck = dt.timedelta(minutes=stuck_minutes)

    async def poll(self, state: Mapping[str, Any], *, now: dt.datetime) -> Poll:
        """Every finished file, by name. `state` holds what was seen of each file. Raises SourceFailed.

        The notes say what is so at this look: files waited for too long, too large, unreadable or no plain file.
        """
        return await asyncio.to_thread(_Look(self, state, now).poll)

    async def settle(self, found: Found, *, taken: bool, note: str) -> None:
        """Move the file to 已处理 or 被退回 with `note` beside it.

        A file that was replaced since the look stays: it is another document. Raises SourceFailed when the file cannot
        be moved; it will be found again, which harms nothing.
        """
        await asyncio.to_thread(self._move, found, taken, note)

    async def watch(self, stop: asyncio.Event | None = None) -> AsyncIterator[None]:
        """Says "look now" after each change, and a few times more when things have been quiet for `settle_seconds`; the
        latter after the start too.

        A convenience: what it misses, the regular look finds. Ends when `stop` is set. Raises SourceFailed when the
        folder cannot be watched.
        """
        local = await asyncio.to_thread(is_local, self._path)
        # A little longer than a file has to stand still, for the first look comes a little after the change.
        quiet_ms = int(self._settle.total_seconds() * 1000) + 1000
        changes = awatch(
            self._path,
            watch_filter=lambda change, _: change is not Change.deleted,
            stop_event=stop,
            recursive=False,
            rust_timeout=quiet_ms,
            yield_on_timeout=True,
            # A share tells nobody of what other machines do to it.
            force_polling=None if local else True,
            poll_delay_ms=_SHARE_POLL_MS,
        )
        looks = _LOOKS_AFTER
        try:
            async for changed in changes:
                looks = _LOOKS_AFTER if changed else looks - 1
                if looks >= 0:
                    yield
        except OSError as error:
            raise SourceFailed(f"收件箱 {self._path} 无法监视（{os_reason(error)}），仍会定时查看。") from error

    def _move(self, found: Found, taken: bool, note: str) -> None:
        place = self._path / _plain_name(found.name)
        try:
            status = place.lstat()
        except FileNotFoundError:
            return  # moved by an earlier settle, or taken back by its owner
        except OSError as error:
            raise SourceFailed(f"收件箱里的 {found.name} 打不开：{os_reason(error)}。") from error
        if _token(status) != found.token:
            return
        try:
            move_apart(place, taken=taken, note=note)
        except OSError as error:
            raise SourceFailed(
                f"收件箱里的 {found.name} 移不到“{TAKEN[taken]}”：{os_reason(error)}。请检查文件夹权限和剩余空间。"
            ) from error


class _Look:
    """One look at the folder."""

    def __init__(self, inbox: Inbox, state: Mapping[str, Any], now: dt.datetime) -> None:
        self._inbox = inbox
        self._before = {name: _Seen(**seen) for name, seen in state.get("files", {}).items()}
        self._now = now
        self._local = is_local(inbox._path)
        self._seen: dict[str, _Seen] = {}
        self._found: list[Found] = []
        self._notes: list[str] = []

    def poll(self) -> Poll:
        try:
            names = sorted(entry.name for entry in os.scandir(self._inbox._path))
        except OSError as error:
            raise SourceFailed(
                f"收件箱 {self._inbox._path} 打不开（{os_reason(error)}）；请建立这个文件夹，或检查网络共享是否接通。"
            ) from error
        names = [name for name in names if not _ignored(name)]
        if len(names) > _MAX_WATCHED:
            self._notes.append(f"收件箱里有 {len(names)} 个文件，只看前 {_MAX_WATCHED} 个；请清理。")
        for name in names[:_MAX_WATCHED]:
            try:
                self._look_at(name)
            except FileNotFoundError:
                continue  # taken away while we looked
            except OSError as error:
                self._notes.append(f"{_shown(name)}：读不了（{os_reason(error)}），请检查文件权限。")
        state = {"files": {name: asdict(seen) for name, seen in self._seen.items()}}
        return Poll(tuple(self._found), state, tuple(self._notes))

    def _look_at(self, name: str) -> None:
        place = self._inbox._path / name
        status = place.lstat()
        if stat.S_ISDIR(status.st_mode):
            if name not in TAKEN.values():
                self._notes.append(f"{_shown(name)}：是文件夹，不会处理；请把文件直接放进收件箱。")
            return
        if not stat.S_ISREG(status.st_mode):
            self._notes.append(f"{_shown(name)}：是链接或特殊文件，不会处理；请放入文件本身。")
            return
        if name != _encodable(name):
            self._notes.append(f"{_shown(name)}：文件名不是有效的 UTF-8，请改名。")
            return
        steady = self._steady(name, status)
        if status.st_size > self._inbox._max_bytes:
            self._notes.append(
                f"{name}：超过 {self._inbox._max_bytes // 1_000_000} MB，不会处理；请压缩或拆分后重新放入。"
            )
            return
        if name.lower().endswith(_UNFINISHED) or status.st_size == 0 or not steady:
            self._wait(name)
        elif len(self._found) >= MAX_FILES or self._bytes() + status.st_size > MAX_TOTAL_BYTES:
            self._seen[name] = replace(self._seen[name], waiting=self._now.isoformat())  # ours to take, not stuck
        elif (data := self._read(place, status)) is None:
            self._wait(name)
        else:
            self._found.append(Found(name, data, str(place), _token(status)))

    def _steady(self, name: str, status: os.stat_result) -> bool:
        """Remember the file; has it stood still since an earlier look, for long enough?"""
        before = self._before.get(name)
        now = self._now.isoformat()
        # A clock set back would keep a file waiting for as long: begin anew.
        if before is None or dt.datetime.fromisoformat(before.since) > self._now:
            self._seen[name] = _Seen(status.st_size, status.st_mtime_ns, now, now)
            return False
        if (before.size, before.mtime_ns) != (status.st_size, status.st_mtime_ns):
            self._seen[name] = _Seen(status.st_size, status.st_mtime_ns, now, before.waiting)
            return False
        self._seen[name] = before
        return self._now - dt.datetime.fromisoformat(before.since) >= self._inbox._settle

    def _wait(self, name: str) -> None:
        waited = self._now - dt.datetime.fromisoformat(self._seen[name].waiting)
        if waited >= self._inbox._stuck:
            minutes = int(waited.total_seconds() // 60)
            self._notes.append(f"{name}：{minutes} 分钟了还没有复制完，或仍被打开；请确认后重新放入。")

    def _read(self, place: Path, status: os.stat_result) -> bytes | None:
        """The bytes; None when the file is still being written or is no longer the one of `status`."""
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if _token(os.fstat(descriptor)) != _token(status) or (self._local and being_written(descriptor)):
                return None
            data = file.read(status.st_size + 1)
            return data if len(data) == status.st_size and _token(os.fstat(descriptor)) == _token(status) else None

    def _bytes(self) -> int:
        return sum(len(found.data) for found in self._found)


def _token(status: os.stat_result) -> str:
    return f"{status.st_dev}-{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"


def _ignored(name: str) -> bool:
    """Files of editors and systems, and our own notes: nobody put them there as a document."""
    return name.startswith((".", "~$", "~wrl")) or name.lower() in _NOT_OURS or name.endswith(NOTE_ENDING)


def _plain_name(name: str) -> str:
    if name in ("", ".", "..") or "/" in name or "\0" in name or os.sep in name:
        raise SourceFailed(f"不是收件箱里的文件名：{_shown(name)}。")
    return name


def _encodable(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8")


def _shown(name: str) -> str:
    return "".join(char if char.isprintable() else "�" for char in _encodable(name))
