"""Which assets each sample came from, and how: the manifest that lineage reads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from media import parquet_file
from media.rights import ALL_LICENCES
from media.shard import Shard, sample_id
from media.units import Unit

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
    copies = np.tile(np.arange(each, dtype=np.int32), len(shard.units))
    units = [unit for unit in shard.units for _ in range(each)]
    licences = [_licence(unit, shard) for unit in shard.units for _ in range(each)]
    return pa.table(
        {
            "sample_id": [sample_id(unit.id, copy, made) for unit, copy in zip(units, copies.tolist(), strict=True)],
            "parent_ids": [list(unit.parents) for unit in units],
            "split": [shard.split] * len(units),
            "fold": np.repeat(np.array(shard.folds, np.int64), each),
            "copy": copies,
            "transform": [made if copy else "" for copy in copies],
            "seed": np.full(len(units), seed),
            "licence": licences,
        },
        SCHEMA,
    )


def _licence(unit: Unit, shard: Shard) -> str:
    """Of several licences all must be kept."""
    return ALL_LICENCES.join(dict.fromkeys(shard.rows[parent]["licence"] for parent in unit.parents))


def read(folder: Path, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """All rows, or some of their columns."""
    rows: list[dict[str, Any]] = parquet_file.read(folder / FILE, columns).to_pylist()
    return rows


def parents(folder: Path, split: str) -> list[list[str]]:
    """The assets that each sample of a split was made from, in the order of its shards."""
    return [row["parent_ids"] for row in read(folder, ["split", "parent_ids"]) if row["split"] == split]
