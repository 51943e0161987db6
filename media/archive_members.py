"""What an open archive holds. Members are read one by one and never extracted; each that could do harm has a reason.

zip  APPNOTE 6.3.10; a member says its size twice, and neither is believed
tar  POSIX.1-2001 pax, GNU and ustar; a compressed one is unpacked once into a nameless file, as it cannot be searched
"""

import bz2
import errno
import gzip
import lzma
import stat
import tarfile
import tempfile
import weakref
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from media.printable import printable
from media.tree import LARGEST_ASSET_BYTES, unreadable
from project.errors import IntegrityError

LARGEST_TAR_BYTES = 64 << 30
LARGEST_RATIO = 200
"""Media are packed already and text packs to about a tenth; what swells more than this is made to fill a disk."""
ALWAYS_FINE_BYTES = 16 << 20
PIECE_BYTES = 1 << 20
ENCRYPTED = 0x1  # bit of a zip member's flags
COMPRESSED: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open,
}  # fmt: skip
DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError,
    RuntimeError, ValueError,
)  # fmt: skip
"""What reading an archive raises that is not what it says."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file in an archive; `refused` says why it is not read, and `load` raises OSError then."""

    path: str
    load: Callable[[], bytes]
    refused: str = ""


def members(archive: Path, scratch: Path) -> list[Member]:
    """All files of a zip or tar archive, sorted by path, without hidden ones. `scratch` is a folder for a nameless file.

    They can be read as long as the list is kept. Raises IntegrityError for what is no archive, is damaged or a bomb.
    """
    try:
        found = list(_of_zip(archive) if zipfile.is_zipfile(archive) else _of_tar(archive, scratch))
    except DAMAGED as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise IntegrityError(
            f"{archive} is no zip or tar archive, or damaged: {' '.join(str(error).split())}"
        ) from None
    return sorted(_once(found), key=lambda member: member.path)


def _of_zip(path: Path) -> Iterator[Member]:
    archive = zipfile.ZipFile(path)
    files = [info for info in archive.infolist() if not info.filename.endswith("/")]
    packed = sum(info.compress_size for info in files)
    if packed > path.stat().st_size:
        raise IntegrityError(
            f"{path} is a bomb: its members share their {packed:,} packed bytes; nothing of it is read"
        )
    for info in files:
        if _is_hidden(info.filename):
            continue
        reason = _harm(info.filename, info.file_size, info.compress_size) or _odd_zip_member(info)
        yield _member(info.filename, reason, partial(_read_zip, archive, info))


def _odd_zip_member(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & ENCRYPTED:
        return "encrypted; put it here without a password"
    kind = stat.S_IFMT(info.external_attr >> 16)
    return "" if kind in (0, stat.S_IFREG) else "a link or a device; put the file itself here"


def _read_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as file:
            data = file.read(info.file_size + 1)
    except DAMAGED as error:
        raise OSError(errno.EIO, f"damaged in its archive: {' '.join(str(error).split())}") from None
    if len(data) != info.file_size:
        raise OSError(errno.EIO, f"its archive says {info.file_size:,} bytes, {len(data):,} are there")
    return data


def _of_tar(path: Path, scratch: Path) -> Iterator[Member]:
    archive = _opened_tar(path, scratch)
    for info in archive:
        if info.isdir() or _is_hidden(info.name):
            continue
        reason = _harm(info.name, info.size, info.size)
        if not info.isreg() or info.issparse():
            reason = reason or "a link, a device or a sparse file; put the file itself here"
        yield _member(info.name, reason, partial(_read_tar, archive, info))


def _opened_tar(path: Path, scratch: Path) -> tarfile.TarFile:
    """The tar, whose file is closed when the last of its members is gone."""
    file = _searchable(path, scratch)
    try:
        archive = tarfile.TarFile(fileobj=file, mode="r")
    except BaseException:
        file.close()
        raise
    weakref.finalize(archive, file.close)
    return archive


def _read_tar(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    try:
        file = archive.extractfile(info)
        data = file.read(info.size) if file else b""
    except DAMAGED as error:
        raise OSError(errno.EIO, f"damaged in its archive: {' '.join(str(error).split())}") from None
    if len(data) != info.size:
        raise OSError(errno.EIO, f"its archive says {info.size:,} bytes, {len(data):,} are there")
    return data


def _searchable(path: Path, scratch: Path) -> IO[bytes]:
    """The tar itself, or what it unpacks to, in a file without a name that goes when it is closed."""
    with path.open("rb") as file:
        head = file.read(6)
    opener = next((opener for magic, opener in COMPRESSED.items() if head.startswith(magic)), None)
    if opener is None:
        return path.open("rb")
    scratch.mkdir(parents=True, exist_ok=True)
    unpacked: IO[bytes] = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 - open as long as the archive
    try:
        with opener(path) as source:
            _unpack(source, unpacked, path)
    except BaseException:
        unpacked.close()
        raise
    return unpacked


def _unpack(source: IO[bytes], unpacked: IO[bytes], path: Path) -> None:
    most = min(LARGEST_TAR_BYTES, max(ALWAYS_FINE_BYTES, LARGEST_RATIO * path.stat().st_size))
    while piece := source.read(PIECE_BYTES):
        unpacked.write(piece)
        if unpacked.tell() > most:
            raise IntegrityError(f"{path} is a bomb: it unpacks to more than {most:,} bytes; nothing of it is read")
    unpacked.seek(0)


def _member(path: str, reason: str, load: Callable[[], bytes]) -> Member:
    return Member(printable(path.removeprefix("./")), partial(unreadable, reason) if reason else load, reason)


def _harm(name: str, size: int, packed: int) -> str:
    if not name:
        return "its archive gives it no name"
    if "\0" in name or "\\" in name or name.startswith("/") or ".." in PurePosixPath(name).parts or name[1:2] == ":":
        return "its path leads out of the archive"
    if size > LARGEST_ASSET_BYTES:
        return f"larger than {LARGEST_ASSET_BYTES >> 20} MiB"
    if size > ALWAYS_FINE_BYTES and size > LARGEST_RATIO * packed:
        return f"a bomb: {packed:,} packed bytes say they are {size:,}"
    return ""


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") and part not in (".", "..") for part in PurePosixPath(name).parts)


def _once(found: Iterable[Member]) -> Iterator[Member]:
    """A name that stands for several files stands for none: programs differ in which of them they take."""
    found = list(found)
    counts: Counter[Any] = Counter(member.path for member in found)
    reason = "its archive has several files of this name; keep one"
    for member in found:
        twice = counts[member.path] > 1
        yield replace(member, refused=reason, load=partial(unreadable, reason)) if twice else member
