"""IDX: all images in one file, all labels in another, plain or gzipped.

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

from media.named_file import NamedFile
from media.sources import Item, Place
from project.errors import IntegrityError, UsageError
from project.source import Source

UNSIGNED_BYTE = 8
LARGEST_UNPACKED_BYTES = 4 << 30


def reader(source: Source, place: Place) -> "IdxReader":
    """Raises UsageError when the two files are not named, or one is neither at hand nor to be had."""
    if source.images is None or source.labels is None:
        raise UsageError(f"source {place.name!r} has format idx; name its images and its labels, or those of each part")
    return IdxReader(*(NamedFile(source, place, name, _unpacked(name)) for name in (source.images, source.labels)))


class IdxReader:
    """Each image becomes one asset: a binary PGM, named `<file>#<number>`."""

    def __init__(self, images: NamedFile, labels: NamedFile) -> None:
        self._images = images
        self._labels = labels

    def fingerprint(self) -> str:
        return hashlib.sha256(f"{self._images.state()} {self._labels.state()}".encode()).hexdigest()

    def items(self) -> Iterator[Item]:
        images, (count, height, width) = _values(self._images.fetch(), dimensions=3)
        labels, (labelled,) = _values(self._labels.fetch(), dimensions=1)
        if count != labelled:
            raise IntegrityError(
                f"{self._images.name} has {count} images but {self._labels.name} has {labelled} labels"
            )
        header, size = b"P5 %d %d 255\n" % (width, height), width * height
        for i in range(count):
            load = partial(_slice, header, images, i * size, size)
            yield Item(f"{self._images.name}#{i:05d}", (str(labels[i]),), "", "", load)


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


def _values(path: Path, *, dimensions: int) -> tuple[memoryview, tuple[int, ...]]:
    """The values and the shape of one file. Raises IntegrityError."""
    content, start = _unpack(path), 4 + 4 * dimensions
    if len(content) < start or content[:4] != bytes([0, 0, UNSIGNED_BYTE, dimensions]):
        raise IntegrityError(f"{path} is not an IDX file of unsigned bytes with {dimensions} dimensions")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != prod(shape):
        raise IntegrityError(f"{path} says its shape is {shape}, but holds {len(content) - start} values")
    return memoryview(content)[start:], shape


def _slice(header: bytes, values: memoryview, start: int, size: int) -> bytes:
    return header + values[start : start + size]
