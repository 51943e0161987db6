"""The files below a folder, and reading them. Hidden ones are skipped; links are named, and never followed."""

import errno
import hashlib
import os
import time
from pathlib import Path

from media.printable import printable
from project.errors import UsageError

LARGEST_ASSET_BYTES = 1 << 30
SETTLED_S = 2.0
"""File systems keep times more coarsely than they write: within this time two contents may bear the same time."""


def walk(root: Path) -> list[tuple[str, os.DirEntry[str]]]:
    """Every entry that is no folder, with its path from `root`, sorted by that path. Raises UsageError."""
    found: list[tuple[str, os.DirEntry[str]]] = []
    waiting = [("", str(root))]
    while waiting:
        prefix, folder = waiting.pop()
        for entry in _entries(folder):
            path = prefix + printable(entry.name)
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append((path + "/", entry.path))
            else:
                found.append((path, entry))
    return sorted(found, key=lambda pair: (pair[0], pair[1].name))


def state(root: Path) -> str:
    """A hexadecimal name of the present content, from names, sizes and times of change."""
    digest = hashlib.sha256()
    for path, entry in walk(root):
        stat = entry.stat(follow_symlinks=False)
        digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def stamp(entry: os.DirEntry[str]) -> str:
    """Names the present content of a file; empty when it was touched so lately that a later touch could look the same.

    Of a file that is copied onto another, or whose times are set by hand, the time of change still tells.
    """
    stat = entry.stat(follow_symlinks=False)
    if time.time() - stat.st_ctime < SETTLED_S:
        return ""
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"


def read(path: str) -> bytes:
    """The bytes of a file, which must not be a link. Raises OSError, also for one too large or still being written."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        before = os.fstat(descriptor)
        if before.st_size > LARGEST_ASSET_BYTES:
            raise OSError(errno.EFBIG, f"larger than {LARGEST_ASSET_BYTES >> 20} MiB")
        data = file.read()
        if len(data) != before.st_size or os.fstat(descriptor).st_mtime_ns != before.st_mtime_ns:
            raise OSError(errno.EBUSY, "it changed while it was read; run again when it is at rest")
        return data


def unreadable(why: str) -> bytes:
    """Raises OSError: stands in for reading what was refused before."""
    raise OSError(errno.EINVAL, why)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise UsageError(f"{folder} cannot be listed: {error.strerror}; a source must be readable as a whole") from None
