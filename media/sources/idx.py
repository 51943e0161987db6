"""IDX: all images of a split in one file, all labels in another, plain or gzipped.

format  http://yann.lecun.com/exdb/mnist: two zero bytes, type (8 = unsigned byte), number of dimensions, then the
        dimensions as big-endian 32-bit integers, then the values, the last dimension running fastest
"""

import gzip
import hashlib
import struct
import zlib
from collections.abc import Iterator
from functools import partial
from math import prod
from pathlib import Path

from media import download
from media.sources import Item, Place
from project.errors import IntegrityError, UsageError
from project.params import Source

UNSIGNED_BYTE = 8
LARGEST_UNPACKED_BYTES = 4 << 30


def reader(source: Source, place: Place) -> "IdxReader":
    """Raises UsageError when no part is named, or a file is neither at hand nor to be had."""
    if not source.parts or any(part.images is None for part in source.parts.values()):
        raise UsageError(
            f"source {place.name!r} has format idx, so name the images and labels files of each of its parts"
        )
    return IdxReader(source, place)


class IdxReader:
    """Each image becomes one asset: a binary PGM, named `<file>#<number>`."""

    def __init__(self, source: Source, place: Place) -> None:
        self._source = source
        self._place = place
        self._parts = [(split, part.images or "", part.labels or "") for split, part in sorted(source.parts.items())]
        for name in self._names():
            if self._find(name) is None and source.url is None:
                self._place.found()
                raise UsageError(
                    f"source {place.name!r} has no file {name} in {place.folder}, and no url to get it from"
                )

    def fingerprint(self) -> str:
        lines = [" ".join(part) for part in self._parts]
        lines += [f"{name} {self._source.sha256.get(name) or self._state(name)}" for name in self._names()]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def items(self) -> Iterator[Item]:
        for split, images_name, labels_name in self._parts:
            images, (count, height, width) = self._values(images_name, dimensions=3)
            labels, (labelled,) = self._values(labels_name, dimensions=1)
            if count != labelled:
                raise IntegrityError(f"{images_name} has {count} images but {labels_name} has {labelled} labels")
            header, size = b"P5 %d %d 255\n" % (width, height), width * height
            for i in range(count):
                load = partial(_slice, header, images, i * size, size)
                yield Item(f"{images_name}#{i:05d}", (str(labels[i]),), "", split, load)

    def _names(self) -> list[str]:
        return sorted({name for _, *names in self._parts for name in names})

    def _find(self, name: str) -> Path | None:
        folders = [self._place.folder] if self._place.folder else []
        candidates = [
            folder / spelt for folder in (*folders, self._place.downloads) for spelt in (name, _unpacked(name))
        ]
        return next((path for path in candidates if path.is_file()), None)

    def _state(self, name: str) -> str:
        path = self._find(name)
        return f"{path.stat().st_size} {path.stat().st_mtime_ns}" if path else f"{self._source.url}/{name}"

    def _values(self, name: str, *, dimensions: int) -> tuple[memoryview, tuple[int, ...]]:
        """The values and the shape of one file. Raises IntegrityError."""
        path = self._find(name) or download.fetch(f"{self._source.url}/{name}", self._place.downloads / name)
        content = _unpack(path)
        found, declared = hashlib.sha256(content).hexdigest(), self._source.sha256.get(name)
        if declared not in (None, found):
            raise IntegrityError(
                f"{path} has SHA-256 {found} when unpacked, params.yaml says {declared}; "
                "delete the file to get it again, or correct params.yaml"
            )
        return _parse(content, path, dimensions)


def _unpacked(name: str) -> str:
    return name.removesuffix(".gz")


def _unpack(path: Path) -> bytes:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(LARGEST_UNPACKED_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise IntegrityError(f"{path} cannot be unpacked: {error}; delete it to get it again") from None
    if len(content) > LARGEST_UNPACKED_BYTES:
        raise IntegrityError(f"{path} holds more than {LARGEST_UNPACKED_BYTES >> 30} GiB; split it")
    return content


def _parse(content: bytes, path: Path, dimensions: int) -> tuple[memoryview, tuple[int, ...]]:
    start = 4 + 4 * dimensions
    if len(content) < start or content[:4] != bytes([0, 0, UNSIGNED_BYTE, dimensions]):
        raise IntegrityError(f"{path} is not an IDX file of unsigned bytes with {dimensions} dimensions")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != prod(shape):
        raise IntegrityError(f"{path} says its shape is {shape}, but holds {len(content) - start} values")
    return memoryview(content)[start:], shape


def _slice(header: bytes, values: memoryview, start: int, size: int) -> bytes:
    return header + values[start : start + size]
