"""Assets in files of middling size, so that one changed asset rewrites one or two of them.

A bucket holds the assets whose id starts with its name, a string of bits. One that would exceed its limit is split in
two, and so on: which buckets there are follows from the content alone, and growth touches only the bucket that grew.
"""

import os
import shutil
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

WHOLE = "all"
"""The name of the bucket of every asset, when they need no second one."""
LARGEST_BYTES = 8 << 20
SCHEMA = pa.schema([pa.field("asset_id", pa.string(), False), pa.field("data", pa.large_binary(), False)])


def bits(asset_id: str, count: int) -> str:
    """The first `count` bits of an id of hexadecimal digits."""
    digits = asset_id[: (count + 3) // 4]
    return format(int(digits, 16), f"0{4 * len(digits)}b")[:count] if digits else ""


def divide(sizes: Mapping[str, int], largest_bytes: int = LARGEST_BYTES) -> dict[str, list[str]]:
    """Bucket name → its asset ids, sorted; `sizes` gives the bytes of each asset id."""
    return {name or WHOLE: ids for name, ids in _divide("", sorted(sizes), sizes, largest_bytes)}


def _divide(name: str, ids: list[str], sizes: Mapping[str, int], largest: int) -> Iterator[tuple[str, list[str]]]:
    if len(ids) <= 1 or sum(map(sizes.__getitem__, ids)) <= largest:
        yield name, ids
        return
    middle = bisect_left(ids, _lowest(name + "1"))
    yield from _divide(name + "0", ids[:middle], sizes, largest)
    yield from _divide(name + "1", ids[middle:], sizes, largest)


def _lowest(name: str) -> str:
    """The smallest hexadecimal text that starts with these bits."""
    digits = (len(name) + 3) // 4
    return format(int(name.ljust(4 * digits, "0"), 2), f"0{digits}x")


def file_name(bucket: str) -> str:
    return f"blobs-{bucket}.arrow"


def write(folder: Path, bucket: str, ids: Sequence[str], load: Callable[[str], bytes]) -> None:
    """One bucket: a single record batch, sorted by id."""
    batch = pa.record_batch([pa.array(ids, pa.string()), pa.array(map(load, ids), pa.large_binary())], schema=SCHEMA)
    with (folder / file_name(bucket)).open("wb") as file, pa.ipc.new_file(file, SCHEMA) as writer:
        writer.write_batch(batch)


def reuse(folder: Path, bucket: str, ids: Sequence[str], previous: Path | None) -> bool:
    """Link the bucket of an earlier folder into this one if it holds just these assets."""
    if previous is None or not (earlier := previous / file_name(bucket)).is_file():
        return False
    if _batch(earlier).column("asset_id").to_pylist() != list(ids):
        return False
    link(earlier, folder / earlier.name)
    return True


def link(source: Path, target: Path) -> None:
    """The same file under another name, or a copy where the file system has no such links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def each(folder: Path) -> Iterator[tuple[str, bytes]]:
    """(asset id, bytes) of all assets, by id, with one bucket open at a time."""
    for path in sorted(folder.glob(file_name("*"))):
        bucket = _Bucket(_batch(path))
        yield from ((asset_id, bucket.get(asset_id)) for asset_id in bucket.ids)


class Blobs:
    """The original bytes of assets, memory-mapped."""

    def __init__(self, folder: Path) -> None:
        self._buckets: dict[str, _Bucket] = {}
        self._paths = {path.stem.removeprefix("blobs-"): path for path in folder.glob("blobs-*.arrow")}
        self._depths = sorted({0 if name == WHOLE else len(name) for name in self._paths})

    def get(self, asset_id: str) -> bytes:
        """Raises KeyError when there is no such asset."""
        for depth in self._depths:
            name = bits(asset_id, depth) or WHOLE
            if name in self._paths:
                return self._bucket(name).get(asset_id)
        raise KeyError(asset_id)

    def _bucket(self, name: str) -> "_Bucket":
        if name not in self._buckets:
            self._buckets[name] = _Bucket(_batch(self._paths[name]))
        return self._buckets[name]


class _Bucket:
    def __init__(self, batch: pa.RecordBatch) -> None:
        ids, data = batch.columns
        _, offsets, values = data.buffers()
        self.ids: list[str] = ids.to_pylist()
        self._rows = {asset_id: row for row, asset_id in enumerate(self.ids)}
        self._ends = np.frombuffer(offsets, np.int64)
        self._values = memoryview(values)

    def get(self, asset_id: str) -> bytes:
        row = self._rows[asset_id]
        return bytes(self._values[self._ends[row] : self._ends[row + 1]])


def _batch(path: Path) -> pa.RecordBatch:
    return pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
