"""A catalog in the index: what was known of each asset of a source."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from lineage import parts

TERMS = ("source", "kind", "licence", "holder", "subject", "consent", "valid_until")
LISTS = ("paths", "labels")
TEXTS = ("group", "split", "status", "reason", "released")
COLUMNS = ("asset_id", *LISTS, *TERMS, *TEXTS, "bytes")


def columns(catalog: pa.Table) -> list[tuple[np.ndarray, np.ndarray]]:
    """The content of a catalog, row after row, as `parts.of_rows` takes it. Raises ValueError."""
    ids = parts.ids(catalog["asset_id"])
    sizes = catalog["bytes"].fill_null(0).to_numpy().astype("<i8")
    found = [_fixed(ids), _fixed(sizes.reshape(-1, 1).view(np.uint8))]
    found += [parts.text(catalog[name].combine_chunks()) for name in (*TERMS, *TEXTS)]
    found += [_list(catalog[name].combine_chunks()) for name in LISTS]
    return found


def _fixed(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.full(len(values), values.shape[1], np.int64), np.ascontiguousarray(values).reshape(-1)


def _list(array: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Each list as JSON, so that neither a comma nor a line end in a text can make two lists alike."""
    return parts.text(pa.array([json.dumps(each or [], ensure_ascii=False) for each in array.to_pylist()], pa.string()))


def insert(
    db: sqlite3.Connection, part: int, rows: Sequence[Mapping[str, Any]], terms: dict[tuple[str, ...], int]
) -> None:
    """Keep the catalog rows of one part; a row that another part has already is kept once. `terms` are those known."""
    fresh = []
    for row in rows:
        fixed = tuple(row[name] or "" for name in TERMS)
        if fixed not in terms:
            terms[fixed] = _terms(db, fixed)
        said = [json.dumps(row[name] or [], ensure_ascii=False) for name in LISTS]
        said += [row[name] or "" for name in TEXTS]
        content = (*fixed, *said, row["bytes"] or 0)
        digest = hashlib.blake2b(repr(content).encode(), digest_size=8).digest()
        asset = bytes.fromhex(row["asset_id"])
        number = int.from_bytes(digest, signed=True)
        fresh.append((number, terms[fixed], *said, row["bytes"] or 0, asset))
    ids = [(row[-1],) for row in fresh]
    db.executemany("INSERT OR IGNORE INTO asset (id) VALUES (?)", ids)
    db.executemany(
        "INSERT OR IGNORE INTO entry (digest, terms, paths, labels, grouped, split, status, reason, released, bytes, asset)"
        " SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, key FROM asset WHERE id = ?",
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
