"""Outputs appear whole or not at all: a folder is written beside its place, synced and renamed."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from project.errors import NoSpace

FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """An empty folder that takes the place of `out` when the block ends well, and vanishes when it does not.

    Raises NoSpace when the disk or the quota is full.
    """
    fresh = out.with_name(f".{out.name}.writing")
    old = out.with_name(f".{out.name}.old")
    try:
        _remove(fresh)
        fresh.mkdir(parents=True)
        yield fresh
        for path in sorted(fresh.iterdir()):
            sync(path)
        sync(fresh)
        _swap(fresh, out, old)
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise NoSpace(f"no space left for {out}; free some and run again, what was there is unchanged") from None
    finally:
        _remove(fresh)


def _swap(fresh: Path, out: Path, old: Path) -> None:
    """Put `fresh` in the place of `out`; what was there comes back if that fails."""
    _remove(old)
    if out.exists():
        out.rename(old)
    try:
        fresh.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    sync(out.parent)
    _remove(old)


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
