"""Pairs of assets that look, sound or read nearly alike, by the fingerprints in a catalog."""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from media import fingerprints
from media.candidates import Pairs, candidates
from media.catalog import ADMITTED, QUARANTINED
from media.fingerprints import Closeness

FILE = "near_duplicates.parquet"
SCHEMA = pa.schema({"first": pa.string(), "second": pa.string(), "distance": pa.float64()})
MOST = 1_000_000
"""Where a search ends: who has more pairs does not look at the next one."""
REASON = "nearly the same as "
"""How the reason of an asset begins that is refused for this."""


@dataclass(frozen=True, slots=True)
class _Codes:
    """bytes (N, longest) uint8, filled up with zeros; lengths (N,)."""

    bytes: np.ndarray
    lengths: np.ndarray

    def of(self, rows: np.ndarray) -> "_Codes":
        return _Codes(self.bytes[rows], self.lengths[rows])


def pairs(table: pa.Table) -> pa.Table:
    """SCHEMA: ids of two assets and the share of their fingerprints that differs. The first comes first by its path.

    Complete, with two exceptions: of assets with the very same fingerprint only the first by its path is compared with
    others, and the search ends at MOST pairs. Refused assets are left out, unless they are refused for this alone.
    """
    table = in_order(table)
    rows, codes, close = _comparable(table)
    if close is None or not len(rows):
        return SCHEMA.empty_table()
    first = _first_of_equals(codes)
    alone, doubles = np.unique(first), np.flatnonzero(first != np.arange(len(first)))
    near = list(_near(codes.of(alone), close))
    a = np.concatenate([first[doubles], *(alone[found] for found, _, _ in near)])
    b = np.concatenate([doubles, *(alone[found] for _, found, _ in near)])
    distance = np.concatenate([np.zeros(len(doubles)), *(found for _, _, found in near)])
    a, b = np.minimum(a, b), np.maximum(a, b)
    _, once = np.unique(a * len(rows) + b, return_index=True)
    ids = table["asset_id"].take(pa.array(rows))
    columns = [ids.take(pa.array(a[once])), ids.take(pa.array(b[once])), pa.array(distance[once])]
    return pa.Table.from_arrays([pa.chunked_array(column) for column in columns], schema=SCHEMA)


def in_order(table: pa.Table) -> pa.Table:
    """A catalog sorted by the first path of each asset, which is the column `path`."""
    return table.append_column("path", pc.list_element(table["paths"], 0)).sort_by("path").combine_chunks()


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
    kept_for = _kept_for(
        found, released=set(table.filter(pc.not_equal(_text(table, "released"), ""))["asset_id"].to_pylist())
    )
    paths = dict(zip(table["asset_id"].to_pylist(), pc.list_element(table["paths"], 0).to_pylist(), strict=True))
    was = _refused_for_this(table)
    reasons = pa.array(
        [
            f"{REASON}{paths[kept_for[asset_id]]}; keep one of the two, or release it" if asset_id in kept_for else None
            for asset_id in table["asset_id"].to_pylist()
        ],
        pa.string(),
    )
    now = pc.is_valid(reasons)
    reason = pc.if_else(now, reasons, pc.if_else(was, "", table["reason"]))
    status = pc.if_else(now, QUARANTINED, pc.if_else(was, ADMITTED, table["status"]))
    for name, column in (("status", status), ("reason", reason)):
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


def _kept_for(found: pa.Table, released: set[str]) -> dict[str, str]:
    """Each asset to refuse → the one that is kept. Pairs come in the order of paths, so the earlier is settled."""
    kept_for: dict[str, str] = {}
    for first, second, distance in zip(*(column.to_pylist() for column in found.columns), strict=True):
        settled = second in kept_for or second in released
        if not settled and (first not in kept_for or not distance):  # equals were not compared with others
            kept_for[second] = kept_for.get(first, first)
    return kept_for


def _comparable(table: pa.Table) -> tuple[np.ndarray, _Codes, Closeness | None]:
    """The rows that have a fingerprint and may be used, their codes, and when two are near."""
    kind = table["kind"][0].as_py() if len(table) else ""
    code = _text(table, "fingerprint")
    usable = pc.and_(pc.or_(pc.equal(table["status"], ADMITTED), _refused_for_this(table)), pc.not_equal(code, ""))
    rows = np.flatnonzero(usable.to_numpy())
    if kind not in fingerprints.kinds() or not len(rows):
        return rows, _Codes(np.zeros((0, 0), np.uint8), np.zeros(0, np.int64)), None
    code = code.take(pa.array(rows))
    lengths = pc.binary_length(code).to_numpy() // 2
    longest = int(lengths.max())
    whole = bytes.fromhex("".join(pc.utf8_rpad(code, 2 * longest, "0").to_pylist()))
    codes = _Codes(np.frombuffer(whole, np.uint8).reshape(-1, longest), lengths)
    return rows, codes, importlib.import_module(f"media.fingerprints.{kind}").CLOSE


def _first_of_equals(codes: _Codes) -> np.ndarray:
    """For each code the first row that has the same, (N,)."""
    told = np.column_stack([codes.bytes, codes.lengths.astype(">u4").view(np.uint8).reshape(-1, 4)])
    whole = np.ascontiguousarray(told).view(np.dtype((np.void, told.shape[1]))).ravel()
    _, first, which = np.unique(whole, return_index=True, return_inverse=True)
    return first[which]


def _near(codes: _Codes, close: Closeness) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Rows and distances of the pairs that are near, some of them twice."""
    total = 0
    heads = np.ascontiguousarray(codes.bytes[:, :8]).view(np.uint64).ravel()
    for a, b in candidates(codes.bytes[:, : close.first_bytes], close.radius, close.unit_bits):
        if close.unit_bits == 1:
            likely = np.bitwise_count(heads[a] ^ heads[b]) <= close.radius
            a, b = a[likely], b[likely]
        near, distance = _compared(codes, (a, b), close)
        yield a[near], b[near], distance[near]
        total += int(near.sum())
        if total > MOST:
            return


def _compared(codes: _Codes, rows: Pairs, close: Closeness) -> tuple[np.ndarray, np.ndarray]:
    """Whether each pair is near, and the share of what both have that differs."""
    a, b = rows
    different = codes.bytes[a] ^ codes.bytes[b]  # (P, longest)
    units = np.bitwise_count(different) if close.unit_bits == 1 else (different != 0).astype(np.uint8)
    shared = np.minimum(codes.lengths[a], codes.lengths[b])
    inside = np.arange(units.shape[1]) < shared[:, None]
    distance = (units * inside).sum(axis=1) * close.unit_bits / (8 * shared)
    return (units[:, : close.first_bytes].sum(axis=1) <= close.radius) & (distance <= close.share), distance


def _refused_for_this(table: pa.Table) -> pa.ChunkedArray:
    return pc.starts_with(_text(table, "reason"), REASON)


def _text(table: pa.Table, name: str) -> pa.ChunkedArray:
    return pc.fill_null(table[name], "")
