"""The files below a folder, and reading them. Hidden ones are skipped; links are named, and never followed."""

import errno
import hashlib
import os
from pathlib import Path

from media.printable import printable
from project.errors import UsageError

LARGEST_ASSET_BYTES = 1 << 30


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


def read(path: str) -> bytes:
    """The bytes of a file, which must not be a link. Raises OSError, also for one that is too large."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(descriptor).st_size > LARGEST_ASSET_BYTES:
            raise OSError(errno.EFBIG, f"larger than {LARGEST_ASSET_BYTES >> 20} MiB")
        return file.read()


def unreadable(why: str) -> bytes:
    """Raises OSError: stands in for reading what was refused before."""
    raise OSError(errno.EINVAL, why)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise UsageError(f"{folder} cannot be listed: {error.strerror}; a source must be readable as a whole") from None
