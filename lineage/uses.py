"""A derivation in the index: which asset became samples, in which split."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lineage import parts
from media.shard import sample_id
from media.splits import NAMES

COLUMNS = ("sample_id", "parent_ids", "split", "copy", "transform")
WIDTH = 32 + 1 + 16
"""Bytes of a row: asset id, number of its split, sample id."""


def rows(derivation: pa.Table) -> np.ndarray:
    """One row for each asset of each sample that is no copy, sorted: uint8 (rows, WIDTH). Raises ValueError."""
    originals = derivation.filter(pc.equal(derivation["copy"], 0)).combine_chunks()
    parents = originals["parent_ids"].combine_chunks()
    counts = pc.list_value_length(parents).to_numpy(zero_copy_only=False)
    assets = parts.ids(parents.flatten())
    split = np.array([NAMES.index(name) for name in pc.unique(originals["split"]).to_pylist()], np.uint8)
    coded = originals["split"].dictionary_encode().combine_chunks().indices.to_numpy(zero_copy_only=False)
    split = split[coded]
    samples = _halves(originals["sample_id"])
    made = np.empty((len(assets), WIDTH), np.uint8)
    made[:, :32] = assets
    made[:, 32] = np.repeat(split, counts)
    made[:, 33:] = np.repeat(samples, counts, axis=0)
    return made[np.lexsort((parts.prefix(made[:, 33:]), made[:, 32], parts.prefix(assets)))]


def _halves(column: pa.ChunkedArray) -> np.ndarray:
    """Sample ids of 32 digits as bytes, (samples, 16)."""
    doubled = pc.binary_join_element_wise(column, column, "")
    return parts.ids(doubled)[:, :16]


def summary(derivation: pa.Table) -> dict[str, Any]:
    """How many samples each split has, copies included, and how copies were made."""
    counts = {each["values"].as_py(): each["counts"].as_py() for each in pc.value_counts(derivation["split"])}
    made = pc.max(derivation["transform"]).as_py()
    return {
        "samples": {name: counts[name] for name in NAMES if name in counts},
        "copies": pc.max(derivation["copy"]).as_py() or 0,
        "transform": json.loads(made) if made else {},
    }


def insert(db: sqlite3.Connection, rows: Iterable[tuple[int, np.ndarray]]) -> None:
    """Keep rows, each with the number of its part. A sample that is a whole asset has a name that follows from it, and is
    kept as nothing."""
    fresh = []
    for part, row in rows:
        data = row.tobytes()
        asset, sample = data[:32], data[33:]
        whole = sample_id(asset.hex(), 0, "") == sample.hex()
        fresh.append((part, data[32], b"" if whole else sample, asset))
    db.executemany("INSERT OR IGNORE INTO asset (id) VALUES (?)", ((row[3],) for row in fresh))
    db.executemany(
        "INSERT OR IGNORE INTO part_use (part, split, sample, asset) SELECT ?, ?, ?, key FROM asset WHERE id = ?", fresh
    )
