"""Which assets each sample came from, and how: the manifest that lineage reads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from media.shard import Shard, sample_id

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


def write(folder: Path, files: Sequence[Shard], seed: int, made: str) -> None:
    """Write one row a sample, in the order of the shards. `made` says how copies were made; originals have none."""
    with (folder / FILE).open("wb") as file, pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        for shard in files:
            writer.write_table(_table(shard, seed, made))


def _table(shard: Shard, seed: int, made: str) -> pa.Table:
    each = 1 + shard.copies
    copies = np.tile(np.arange(each, dtype=np.int32), len(shard.rows))
    ids = [row["asset_id"] for row in shard.rows for _ in range(each)]
    parents = pa.ListArray.from_arrays(pa.array(np.arange(len(ids) + 1, dtype=np.int32)), pa.array(ids, pa.string()))
    return pa.table(
        {
            "sample_id": [sample_id(asset_id, copy, made) for asset_id, copy in zip(ids, copies.tolist(), strict=True)],
            "parent_ids": parents,
            "split": [shard.split] * len(ids),
            "fold": np.repeat(np.array(shard.folds, np.int64), each),
            "copy": copies,
            "transform": [made if copy else "" for copy in copies],
            "seed": np.full(len(ids), seed),
            "licence": [row["licence"] for row in shard.rows for _ in range(each)],
        },
        SCHEMA,
    )


def read(folder: Path, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """All rows, or some of their columns."""
    with (folder / FILE).open("rb") as file:
        rows: list[dict[str, Any]] = (
            pq.ParquetFile(file).read(list(columns) if columns else None, use_threads=False).to_pylist()
        )
    return rows


def parents(folder: Path, split: str) -> list[str]:
    """The asset that each sample of a split was made from, in the order of its shards."""
    return [row["parent_ids"][0] for row in read(folder, ["split", "parent_ids"]) if row["split"] == split]
