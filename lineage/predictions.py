"""What versions said of assets that they were measured with, out of the predictions that DVC keeps for them."""

import io
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lineage.trace import Holder
from project.errors import DailiesError
from registry import dvc

JOINED = "+"
"""Between the parents of one sample."""
MOST_VERSIONS = 20
"""So many are looked at, live and newer ones first."""


def made(root: Path, db: sqlite3.Connection, holders: Iterable[Holder]) -> dict[str, list[dict[str, Any]]]:
    """Version → the rows about assets that it was measured with; a version whose predictions are not at hand is absent."""
    measured = [holder for holder in holders if "test" in holder.splits]
    newest = sorted(measured, key=lambda holder: (bool(holder.stages), holder.made), reverse=True)[:MOST_VERSIONS]
    found: dict[str, list[dict[str, Any]]] = {}
    if not newest:
        return found
    with dvc.opened(root) as repo:
        cache = dvc.Cache(repo)
        for holder in newest:
            rows = _rows(db, cache, holder)
            if rows is not None:
                found[holder.tag] = rows
    return found


def _rows(db: sqlite3.Connection, cache: dvc.Cache, holder: Holder) -> list[dict[str, Any]] | None:
    assets = {use.asset for use in holder.uses if use.split == "test"}
    [md5] = db.execute("SELECT predictions FROM version WHERE tag = ?", (holder.tag,)).fetchone() or [None]
    if not md5:
        return None
    try:
        content = cache.read(md5)
    except DailiesError:
        return None
    with pq.ParquetFile(io.BytesIO(content), pre_buffer=False) as parquet:
        table = parquet.read(use_threads=False)
    whole = table.filter(pc.is_in(table["asset_id"], value_set=pa.array(sorted(assets), pa.string())))
    joined = table.filter(pc.match_substring(table["asset_id"], JOINED))
    rows = whole.to_pylist() + [row for row in joined.to_pylist() if assets & {*row["asset_id"].split(JOINED)}]
    return [_told(row) for row in rows]


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}
