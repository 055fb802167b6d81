"""Where an inbox puts what is done with: 已处理 and 被退回, each file with a note beside it, nothing overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

TAKEN = {True: "已处理", False: "被退回"}
"""Sub-folder by whether the document was taken in."""

NOTE_ENDING = ".说明.txt"

_NAME_BYTES = 255 - len(NOTE_ENDING.encode()) - len(" (9999)")
"""Most file systems allow 255 bytes for a name; a Chinese character is three."""


def move_apart(place: Path, *, taken: bool, note: str) -> Path:
    """Move the file `place` into its sub-folder and write `note` beside it; its new path. Raises OSError."""
    room = place.parent / TAKEN[taken]
    room.mkdir(exist_ok=True)
    if room.is_symlink():
        raise NotADirectoryError(20, "该子文件夹是链接", str(room))
    for target in _names(room, place.name):
        beside = target.with_name(target.name + NOTE_ENDING)
        if beside.exists() or not _reserved(target):
            continue
        place.replace(target)
        # utf-8-sig: the editors of office machines take a file without BOM for GBK.
        with beside.open("x", encoding="utf-8-sig") as file:
            file.write(f"{TAKEN[taken]}：{place.name}\n{note}\n")
        return target
    raise FileExistsError(17, "同名文件太多", str(room / place.name))


def _reserved(target: Path) -> bool:
    """Make `target` ours, as an empty file that the move replaces: a rename alone would overwrite somebody else's."""
    try:
        target.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _names(room: Path, name: str) -> Iterator[Path]:
    """`name`, then `stem (2).ending`, … , each short enough to have a note beside it."""
    ending = Path(name).suffix
    if len(ending.encode()) > 20:  # a sentence with a full stop in it
        ending = ""
    short = name.removesuffix(ending).encode()[: _NAME_BYTES - len(ending.encode())].decode("utf-8", "ignore")
    yield room / f"{short}{ending}"
    for count in range(2, 10_000):
        yield room / f"{short} ({count}){ending}"
