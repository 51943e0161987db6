"""The catalog of a source: one row an asset, admitted, quarantined or withdrawn, sorted by asset id."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from media import parquet_file
from media.rights import USES
from project.source import Source

FILE = "catalog.parquet"
ADMITTED, QUARANTINED, WITHDRAWN = "admitted", "quarantined", "withdrawn"
Row = Mapping[str, Any]

PROBED = {
    "format": pa.string(),
    "mode": pa.string(),
    "width": pa.int32(),
    "height": pa.int32(),
    "frames": pa.int32(),
    "rate_hz": pa.int32(),
    "channels": pa.int32(),
    "duration_s": pa.float64(),
    "characters": pa.int64(),
    "events": pa.int64(),
    "signals": pa.list_(pa.string()),
    "fingerprint": pa.string(),
}
"""What a probe finds in the file; null where its kind has no such thing.

`events` counts the notes of a score and the interactions of a table; `fingerprint` is close for what sounds, looks or
reads nearly alike."""

SCHEMA = pa.schema(
    {
        "asset_id": pa.string(),
        "paths": pa.list_(pa.string()),
        "source": pa.string(),
        "kind": pa.string(),
        "bytes": pa.int64(),
        **PROBED,
        "labels": pa.list_(pa.string()),
        "regions": pa.string(),
        "group": pa.string(),
        "split": pa.string(),
        "licence": pa.string(),
        "holder": pa.string(),
        "subject": pa.string(),
        "consent": pa.string(),
        "valid_until": pa.string(),
        **dict.fromkeys(USES, pa.string()),
        "conflicts": pa.list_(pa.string()),
        "status": pa.string(),
        "reason": pa.string(),
        "released": pa.string(),
    }
)


def rights(source: Source) -> dict[str, str]:
    """The columns of rights, as the source gives them for every asset."""
    return {
        "licence": source.licence,
        "holder": source.holder,
        "subject": "",
        "consent": source.consent,
        "valid_until": source.valid_until,
        **dict.fromkeys(USES, ""),
        **{str(use): str(said) for use, said in source.uses.items()},
    }


def table(rows: Sequence[Row]) -> pa.Table:
    """Rows as a table; a column that a row does not have is null."""
    return pa.Table.from_pylist(list(rows), SCHEMA)


def write(folder: Path, whole: pa.Table, probe_version: str) -> None:
    """Write the catalog of `folder`, sorted by asset id. `probe_version` says which probe filled it."""
    with (folder / FILE).open("wb") as file:
        whole = whole.replace_schema_metadata({"probe": probe_version})
        pq.write_table(whole, file, compression="zstd")


def read(folder: Path, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """The rows of a catalog, or some of their columns."""
    rows: list[dict[str, Any]] = read_table(folder, columns).to_pylist()
    return rows


def read_table(folder: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """A catalog, or some of its columns."""
    return parquet_file.read(folder / FILE, columns)
