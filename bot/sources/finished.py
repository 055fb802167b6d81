"""Whether somebody still writes to a file, and whether the system can know that of a folder."""

from __future__ import annotations

import errno
import re
import signal
import sys
from pathlib import Path

_LOCAL = frozenset(("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "tmpfs", "overlay"))
_MOUNTS = Path("/proc/self/mountinfo")


def is_local(folder: Path) -> bool:
    """Does `folder` lie on a disk of this machine, so that the kernel sees everything done to it?

    False for network shares, for file systems not known to be local, and where it cannot be told.
    """
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return False
    place = folder.resolve()
    # "36 35 98:0 /root /mount/point options - type source"; the deepest mount holds, of equal ones the last.
    kinds = [(Path(_unescaped(fields[4])), fields[fields.index("-") + 1]) for fields in map(str.split, mounts)]
    holding = [(len(mount.parts), index) for index, (mount, _) in enumerate(kinds) if place.is_relative_to(mount)]
    return bool(holding) and kinds[max(holding)[1]][1] in _LOCAL


def _unescaped(mount: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), mount)


if sys.platform == "linux":
    import fcntl

    def being_written(descriptor: int) -> bool:
        """Does anyone hold this file, open for reading as `descriptor`, open for writing? On a local disk only.

        The kernel grants a read lease only on a file nobody has open for writing. It is given back at once; should a
        writer come in between, the kernel tells by a signal, which is set to one that is ignored by default. A file of
        another user may grant none: not known, hence False.
        """
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            return error.errno == errno.EAGAIN
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False

else:

    def being_written(descriptor: int) -> bool:
        """Not known on this system: False."""
        return False
