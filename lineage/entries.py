"""A catalog in the index: what was known of each asset of a source."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lineage import parts
from media.catalog import ADMITTED

TERMS = ("source", "kind", "licence", "holder", "subject", "consent", "valid_until")
LISTS = ("paths", "labels")
TEXTS = ("format", "group", "split", "status", "reason", "released")
_ENTRY = "FROM asset JOIN entry ON entry.asset = asset.key WHERE asset.id = ?1 AND entry.digest = ?2"
_JSON = json.JSONEncoder(ensure_ascii=False)
COLUMNS = ("asset_id", *LISTS, *TERMS, *TEXTS, "bytes")


def columns(catalog: pa.Table) -> list[tuple[np.ndarray, np.ndarray]]:
    """The content of a catalog, row after row, as `parts.of_rows` takes it. Raises ValueError."""
    ids = parts.ids(catalog["asset_id"])
    sizes = catalog["bytes"].fill_null(0).to_numpy().astype("<i8")
    found = [_fixed(ids), _fixed(sizes.reshape(-1, 1).view(np.uint8))]
    found += [parts.text(catalog[name].combine_chunks()) for name in (*TERMS, *TEXTS)]
    for name in LISTS:
        found += _list(catalog[name].combine_chunks())
    return found


def _fixed(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.full(len(values), values.shape[1], np.int64), np.ascontiguousarray(values).reshape(-1)


def _list(array: pa.Array) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """How many texts each row has, how long each is, and the texts: so no two different lists are alike."""
    counts = array.value_lengths().fill_null(0).to_numpy().astype(np.int64)
    lengths, data = parts.text(array.flatten())
    ends = np.concatenate([[0], np.cumsum(lengths)])[np.concatenate([[0], np.cumsum(counts)])]
    yield _fixed(counts.reshape(-1, 1).view(np.uint8))
    yield counts * 8, np.ascontiguousarray(lengths).view(np.uint8)
    yield np.diff(ends), data


def insert(
    db: sqlite3.Connection, rows: Iterable[tuple[int, Mapping[str, Any]]], terms: dict[tuple[str, ...], int]
) -> None:
    """Keep catalog rows, each with the number of its part. A row that another part has already is kept once.

    `terms` are those known.
    """
    fresh, places = [], []
    for part, row in rows:
        fixed = tuple(row[name] or "" for name in TERMS)
        if fixed not in terms:
            terms[fixed] = _terms(db, fixed)
        said = [_JSON.encode(row[name] or []) for name in LISTS]
        said += [row[name] or "" for name in TEXTS]
        size = row["bytes"] or 0
        digest = hashlib.blake2b(repr((fixed, said, size)).encode(), digest_size=8).digest()
        key = bytes.fromhex(row["asset_id"]), int.from_bytes(digest, signed=True)
        fresh.append((*key, part, terms[fixed], *said, size))
        places += [(*key, path) for path in row["paths"] or ()]
    db.executemany("INSERT OR IGNORE INTO asset (id) VALUES (?)", ((row[0],) for row in fresh))
    columns = "asset, digest, terms, paths, labels, format, grouped, split, status, reason, released, bytes"
    values = ", ".join(f"?{number}" for number in (2, *range(4, 14)))
    db.executemany(
        f"INSERT OR IGNORE INTO entry ({columns}) SELECT key, {values} FROM asset WHERE id = ?1 AND ?3 IS NOT NULL",
        fresh,
    )
    db.executemany(
        f"INSERT OR IGNORE INTO part_entry (entry, part) SELECT entry.id, ?3 {_ENTRY}", (row[:3] for row in fresh)
    )
    db.executemany(f"INSERT OR IGNORE INTO path (entry, path) SELECT entry.id, ?3 {_ENTRY}", places)


def _terms(db: sqlite3.Connection, fixed: tuple[str, ...]) -> int:
    marks = ", ".join("?" * len(TERMS))
    db.execute(f"INSERT OR IGNORE INTO terms ({', '.join(TERMS)}) VALUES ({marks})", fixed)
    where = " AND ".join(f"{name} = ?" for name in TERMS)
    return int(db.execute(f"SELECT id FROM terms WHERE {where}", fixed).fetchone()[0])


def summary(catalog: pa.Table) -> dict[str, Any]:
    """How many assets there are, by status, and of those admitted by licence and with a subject."""
    admitted = catalog.filter(pc.equal(catalog["status"], ADMITTED))
    return {
        "status": _counts(catalog["status"]),
        "licences": _counts(admitted["licence"]),
        "subjects": sum(1 for subject in _counts(admitted["subject"]) if subject),
        "bytes": pc.sum(admitted["bytes"]).as_py() or 0,
    }


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    found = {each["values"].as_py() or "": each["counts"].as_py() for each in pc.value_counts(column)}
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))
