"""Pairs of assets that look, sound or read nearly alike: kept beside a catalog, and what is done about them."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from media.catalog import ADMITTED, QUARANTINED

FILE = "near_duplicates.parquet"
SCHEMA = pa.schema({"first": pa.string(), "second": pa.string(), "distance": pa.float64()})
REASON = "nearly the same as "
"""How the reason of an asset begins that is refused for this."""


def write(folder: Path, found: pa.Table, rule: str) -> None:
    """Keep the pairs beside a catalog. `rule` is the source's word on what to do with them."""
    with (folder / FILE).open("wb") as file:
        pq.write_table(found.replace_schema_metadata({"rule": rule}), file, compression="zstd")


def read(folder: Path) -> tuple[pa.Table, str]:
    """The pairs and the rule that `write` kept; none where it was not called."""
    if not (folder / FILE).is_file():
        return SCHEMA.empty_table(), ""
    with (folder / FILE).open("rb") as file:
        found = pq.ParquetFile(file).read(use_threads=False)
    return found, (found.schema.metadata or {}).get(b"rule", b"").decode()


def crossing(found: pa.Table, places: Mapping[str, str]) -> list[tuple[str, str]]:
    """The pairs of asset ids of which one is in train and the other in test. `places` says in which split an asset is."""
    ids = zip(found["first"].to_pylist(), found["second"].to_pylist(), strict=True)
    return [pair for pair in ids if {places.get(pair[0]), places.get(pair[1])} == {"train", "test"}]


def refuse(table: pa.Table, found: pa.Table) -> pa.Table:
    """The catalog with every asset refused that is nearly the same as one which is kept and comes first by its path.

    What was refused for this earlier, and is not any more, is admitted. Who was released stays admitted.
    """
    ids = table["asset_id"].to_pylist()
    released = table.filter(pc.not_equal(filled(table, "released"), ""))["asset_id"].to_pylist()
    kept_for = _kept_for(found, set(released))
    paths = dict(zip(ids, pc.list_element(table["paths"], 0).to_pylist(), strict=True))
    told = [_reason(paths[kept_for[each]]) if each in kept_for else None for each in ids]
    said = pa.chunked_array([told], pa.string())
    now, was = pc.is_valid(said), refused_for_this(table)
    columns = {
        "status": pc.if_else(now, QUARANTINED, pc.if_else(was, ADMITTED, table["status"])),
        "reason": pc.if_else(now, said, pc.if_else(was, "", table["reason"])),
    }
    for name, column in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


def _reason(kept: str) -> str:
    return f"{REASON}{kept}; delete one of the two, or release this one"


def _kept_for(found: pa.Table, released: set[str]) -> dict[str, str]:
    """Each asset to refuse → the one that is kept. Pairs come in the order of paths, so the earlier is settled."""
    kept_for: dict[str, str] = {}
    for first, second, distance in zip(*(column.to_pylist() for column in found.columns), strict=True):
        settled = second in kept_for or second in released
        if not settled and (first not in kept_for or not distance):  # equals were not compared with others
            kept_for[second] = kept_for.get(first, first)
    return kept_for


def refused_for_this(table: pa.Table) -> pa.ChunkedArray:
    """Of each asset, whether it is refused as a near-duplicate."""
    return pc.starts_with(filled(table, "reason"), REASON)


def filled(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column of text without nulls."""
    return pc.fill_null(table[name], "")
