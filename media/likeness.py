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
MOST_COMPARED = 1 << 22
"""Up to so many comparisons, new assets are compared with all others; with more, all are searched anew."""
COLUMNS = ["asset_id", "paths", "kind", "fingerprint", "status", "reason"]
Near = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Rows and rows, with the share of their codes that differs."""


@dataclass(frozen=True, slots=True)
class _Codes:
    """bytes (N, longest) uint8, filled up with zeros; lengths (N,)."""

    bytes: np.ndarray
    lengths: np.ndarray

    def of(self, rows: np.ndarray) -> "_Codes":
        return _Codes(self.bytes[rows], self.lengths[rows])


@dataclass(frozen=True, slots=True)
class Before:
    """An earlier catalog and all its pairs, found by the same code: of assets in both nothing need be compared again."""

    table: pa.Table
    pairs: pa.Table


def pairs(table: pa.Table, before: Before | None = None) -> pa.Table:
    """SCHEMA: ids of two assets and the share of their fingerprints that differs. The first comes first by its path.

    Complete, with two exceptions: of assets with the very same fingerprint only the first by its path is compared with
    others, and the search ends at MOST pairs. Refused assets are left out, unless they are refused for this alone.
    The result does not depend on `before`.
    """
    table = _in_order(table)
    rows, codes, close = _comparable(table)
    if close is None or not len(rows):
        return SCHEMA.empty_table()
    ids = table["asset_id"].take(pa.array(rows))
    first = _first_of_equals(codes)
    alone, doubles = np.unique(first), np.flatnonzero(first != np.arange(len(first)))
    compared = codes.of(alone)
    near = before and _near_since(before, ids.take(pa.array(alone)), compared, close)
    if not near:
        near = list(_near(compared, close))
    a = np.concatenate([first[doubles], *(alone[found] for found, _, _ in near)])
    b = np.concatenate([doubles, *(alone[found] for _, found, _ in near)])
    distance = np.concatenate([np.zeros(len(doubles)), *(found for _, _, found in near)])
    a, b = np.minimum(a, b), np.maximum(a, b)
    _, once = np.unique(a * len(rows) + b, return_index=True)
    columns = [ids.take(pa.array(a[once])), ids.take(pa.array(b[once])), pa.array(distance[once])]
    return pa.Table.from_arrays([pa.chunked_array(column) for column in columns], schema=SCHEMA)


def _in_order(table: pa.Table) -> pa.Table:
    """A catalog sorted by the first path of each asset, which is the column `path`."""
    told = table.select(COLUMNS)
    return told.append_column("path", pc.list_element(told["paths"], 0)).sort_by("path").combine_chunks()


def _comparable(table: pa.Table) -> tuple[np.ndarray, _Codes, Closeness | None]:
    """The rows that have a fingerprint and may be used, their codes, and when two are near."""
    kind = table["kind"][0].as_py() if len(table) else ""
    code = filled(table, "fingerprint")
    rows = np.flatnonzero(_usable(table).to_numpy())
    if kind not in fingerprints.kinds() or not len(rows):
        return rows, _Codes(np.zeros((0, 0), np.uint8), np.zeros(0, np.int64)), None
    code = code.take(pa.array(rows))
    lengths = pc.binary_length(code).to_numpy() // 2
    longest = int(lengths.max())
    whole = bytes.fromhex("".join(pc.utf8_rpad(code, 2 * longest, "0").to_pylist()))
    codes = _Codes(np.frombuffer(whole, np.uint8).reshape(-1, longest), lengths)
    return rows, codes, importlib.import_module(f"media.fingerprints.{kind}").CLOSE


def _usable(table: pa.Table) -> pa.ChunkedArray:
    has_code = pc.not_equal(filled(table, "fingerprint"), "")
    return pc.and_(pc.or_(pc.equal(table["status"], ADMITTED), refused_for_this(table)), has_code)


def _first_of_equals(codes: _Codes) -> np.ndarray:
    """For each code the first row that has the same, (N,). Only codes that begin alike are looked at as a whole."""
    heads = _heads(codes)
    order = np.argsort(heads)
    alike = heads[order][1:] == heads[order][:-1]
    rows = np.unique([order[1:][alike], order[:-1][alike]])
    first = np.arange(len(heads))
    if len(rows):
        first[rows] = rows[_first_of_equals_among(codes.of(rows))]
    return first


def _heads(codes: _Codes) -> np.ndarray:
    """The first eight bytes of each code as a number, (N,)."""
    return np.ascontiguousarray(codes.bytes[:, :8]).view(np.uint64).ravel()


def _first_of_equals_among(codes: _Codes) -> np.ndarray:
    told = np.column_stack([codes.bytes, codes.lengths.astype(">u4").view(np.uint8).reshape(-1, 4)])
    whole = np.ascontiguousarray(told).view(np.dtype((np.void, told.shape[1]))).ravel()
    _, first, which = np.unique(whole, return_index=True, return_inverse=True)
    return first[which]


def _near_since(before: Before, ids: pa.ChunkedArray, codes: _Codes, close: Closeness) -> list[Near]:
    """The pairs that are near, some of them twice, of which those of old assets are known; nothing when a search is quicker.

    New is an asset that may not have been compared with all others: it was not usable, or another had the same code.
    """
    equals = before.pairs.filter(pc.equal(before.pairs["distance"], 0))
    doubled = pa.chunked_array([*equals["first"].chunks, *equals["second"].chunks], pa.string())
    were = before.table["asset_id"].filter(_usable(before.table))
    new = np.flatnonzero(pc.or_(pc.invert(pc.is_in(ids, were)), pc.is_in(ids, doubled)).to_numpy())
    if len(new) * len(ids) > MOST_COMPARED:
        return []
    a, b = (pc.fill_null(pc.index_in(before.pairs[name], ids), -1).to_numpy() for name in ("first", "second"))
    kept = (a >= 0) & (b >= 0)
    found = [(a[kept], b[kept], before.pairs["distance"].to_numpy()[kept])]
    for row in new:
        others = np.delete(np.arange(len(ids)), row)
        near, distance = _compared(codes, (np.full(len(others), row), others), close)
        found.append((np.full(int(near.sum()), row), others[near], distance[near]))
    may_have_ended = max(len(before.pairs), sum(len(rows) for rows, _, _ in found)) * (close.radius + 1) > MOST
    return [] if may_have_ended else found


def _near(codes: _Codes, close: Closeness) -> Iterator[Near]:
    """Rows and distances of the pairs that are near, some of them twice."""
    total = 0
    heads = _heads(codes)
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
