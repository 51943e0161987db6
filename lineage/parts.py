"""Tables of assets cut into small parts that are named by their content.

Most assets stay when a data set grows, so most parts of its next table are known already, and only the others are kept.
The assets of a part share the first bits of their id, and a part holds about `ROWS` of them.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

ROWS = 32
HASH_BYTES = 16
_DIGITS = np.full(256, 255, np.uint8)
_DIGITS[[*b"0123456789abcdef"]] = np.arange(16, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows `start` to `stop` of a table that is sorted by asset."""

    hash: bytes
    start: int
    stop: int


def ids(column: pa.Array) -> np.ndarray:
    """Asset ids of 64 hexadecimal digits as bytes: uint8, (assets, 32). Raises ValueError for anything else."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    lengths, data = text(array)
    if len(lengths) and (lengths.min() != 64 or lengths.max() != 64):
        raise ValueError("an asset id has not 64 digits")
    digits = _DIGITS[data].reshape(-1, 2)
    if digits.size and digits.max() > 15:
        raise ValueError("an asset id is not hexadecimal")
    return (digits[:, 0] << 4 | digits[:, 1]).reshape(-1, 32)


def text(array: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Lengths in bytes, int64 (rows,), and all the bytes after each other, uint8, of a column of texts; null is empty."""
    filled = array.cast(pa.large_string()).fill_null("")
    _, offsets, data = filled.buffers()
    if not len(filled):
        return np.zeros(0, np.int64), np.zeros(0, np.uint8)
    bounds = np.frombuffer(offsets, np.int64, len(filled) + 1, filled.offset * 8)
    every = np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)
    return np.diff(bounds), every[bounds[0] : bounds[-1]]


def prefix(ids: np.ndarray) -> np.ndarray:
    """The first 64 bits of each id as a number, by which they sort."""
    return np.ascontiguousarray(ids[:, :8]).view(">u8").reshape(-1).astype(np.uint64)


def cut(sorted_prefixes: np.ndarray) -> np.ndarray:
    """Where each part begins and the last one ends, without empty parts."""
    count = len(sorted_prefixes)
    bits = max(0, round(np.log2(count / ROWS))) if count else 0
    if not bits:
        return np.array([0, count] if count else [0])
    bucket = sorted_prefixes >> np.uint64(64 - bits)
    return np.concatenate([[0], np.flatnonzero(np.diff(bucket)) + 1, [count]])


def of_rows(bounds: np.ndarray, columns: Sequence[tuple[np.ndarray, np.ndarray]]) -> Iterator[Part]:
    """The parts of a table whose columns are given as (lengths, bytes) like `text`."""
    starts = [np.concatenate([[0], np.cumsum(lengths)]) for lengths, _ in columns]
    widths = [np.ascontiguousarray(lengths) for lengths, _ in columns]
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        digest = hashlib.blake2b(digest_size=HASH_BYTES)
        for offsets, lengths, (_, data) in zip(starts, widths, columns, strict=True):
            digest.update(lengths[start:stop].data)
            digest.update(data[offsets[start] : offsets[stop]].data)
        yield Part(digest.digest(), start, stop)


def whole(parts: Sequence[Part]) -> bytes:
    """The name of all parts together."""
    return hashlib.blake2b(b"".join(part.hash for part in parts), digest_size=HASH_BYTES).digest()
