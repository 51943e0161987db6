"""Which assets of a catalog look, sound or read nearly alike, by their fingerprints."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from media import fingerprints
from media.candidates import Pairs, candidates
from media.catalog import ADMITTED
from media.fingerprints import Closeness
from media.near_duplicates import SCHEMA, filled, refused_for_this

MOST = 1_000_000
"""Where a search ends: who has more pairs does not look at the next one."""


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
    table = _in_order(table)
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


def _in_order(table: pa.Table) -> pa.Table:
    """A catalog sorted by the first path of each asset, which is the column `path`."""
    return table.append_column("path", pc.list_element(table["paths"], 0)).sort_by("path").combine_chunks()


def _comparable(table: pa.Table) -> tuple[np.ndarray, _Codes, Closeness | None]:
    """The rows that have a fingerprint and may be used, their codes, and when two are near."""
    kind = table["kind"][0].as_py() if len(table) else ""
    code = filled(table, "fingerprint")
    usable = pc.and_(pc.or_(pc.equal(table["status"], ADMITTED), refused_for_this(table)), pc.not_equal(code, ""))
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
