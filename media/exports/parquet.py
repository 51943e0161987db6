"""One Parquet file: the columns of the catalog, and `data`, the bytes."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from media import catalog
from media.catalog import Row

GROUP_BYTES = 64 << 20
"""About so many bytes are in memory at once, and in one row group."""
SCHEMA = catalog.SCHEMA.append(pa.field("data", pa.large_binary()))


def write(folder: Path, name: str, rows: Sequence[Row], contents: Iterable[bytes]) -> list[str]:
    """`<name>.parquet`, sorted by asset id, which is also the place of each."""
    path = folder / f"{name}.parquet"
    with path.open("wb") as file, pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        group: list[dict[str, Any]] = []
        size = 0
        for row, data in zip(rows, contents, strict=True):
            group.append({**row, "data": data})
            size += len(data)
            if size >= GROUP_BYTES:
                writer.write_table(pa.Table.from_pylist(group, SCHEMA))
                group, size = [], 0
        if group:
            writer.write_table(pa.Table.from_pylist(group, SCHEMA))
    return [path.name] * len(rows)
