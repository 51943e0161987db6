"""Which assets each sample came from, and how: the manifest that lineage reads."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

FILE = "derivation.parquet"
SCHEMA = pa.schema(
    {
        "sample_id": pa.string(),
        "parent_ids": pa.list_(pa.string()),
        "split": pa.string(),
        "fold": pa.int64(),
        "copy": pa.int32(),
        "transform": pa.string(),
        "seed": pa.int64(),
        "licence": pa.string(),
    }
)


def write(folder: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one row a sample, in the order of the shards."""
    with (folder / FILE).open("wb") as file:
        pq.write_table(pa.Table.from_pylist(list(rows), SCHEMA), file, compression="zstd")


def read(folder: Path, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """All rows, or some of their columns."""
    with (folder / FILE).open("rb") as file:
        rows: list[dict[str, Any]] = pq.read_table(file, columns=columns, use_threads=False).to_pylist()
    return rows
