"""A catalog in the index: what was known of each asset of a source."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lineage import parts
from media.catalog import ADMITTED

TERMS = ("source", "kind", "licence", "holder", "subject", "consent", "valid_until")
LISTS = ("paths", "labels")
TEXTS = ("format", "group", "split", "status", "reason", "released")
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
    db: sqlite3.Connection, part: int, rows: Sequence[Mapping[str, Any]], terms: dict[tuple[str, ...], int]
) -> None:
    """Keep the catalog rows of one part; a row that another part has already is kept once. `terms` are those known."""
    fresh = []
    for row in rows:
        fixed = tuple(row[name] or "" for name in TERMS)
        if fixed not in terms:
            terms[fixed] = _terms(db, fixed)
        said = [_JSON.encode(row[name] or []) for name in LISTS]
        said += [row[name] or "" for name in TEXTS]
        content = (*fixed, *said, row["bytes"] or 0)
        digest = hashlib.blake2b(repr(content).encode(), digest_size=8).digest()
        asset = bytes.fromhex(row["asset_id"])
        number = int.from_bytes(digest, signed=True)
        fresh.append((number, terms[fixed], *said, row["bytes"] or 0, asset))
    ids = [(row[-1],) for row in fresh]
    db.executemany("INSERT OR IGNORE INTO asset (id) VALUES (?)", ids)
    db.executemany(
        "INSERT OR IGNORE INTO entry"
        " (digest, terms, paths, labels, format, grouped, split, status, reason, released, bytes, asset) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, key FROM asset WHERE id = ?",
        fresh,
    )
    keys = [(part, asset, number) for (asset,), (number, *_) in zip(ids, fresh, strict=True)]
    db.executemany(
        "INSERT OR IGNORE INTO part_entry (part, entry) SELECT ?, entry.id FROM entry JOIN asset ON asset.key = entry.asset"
        " WHERE asset.id = ? AND entry.digest = ?",
        keys,
    )
    places = [(path, *key[1:]) for row, key in zip(rows, keys, strict=True) for path in row["paths"] or ()]
    db.executemany(
        "INSERT OR IGNORE INTO path (path, entry) SELECT ?, entry.id FROM entry JOIN asset ON asset.key = entry.asset"
        " WHERE asset.id = ? AND entry.digest = ?",
        places,
    )


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
