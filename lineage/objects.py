"""What DVC keeps of a source or of samples, read once and put into the index."""

import io
import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lineage import entries, parts, uses
from media import catalog, derivation
from project.errors import DailiesError
from registry import dvc

FILES = {"assets": catalog.FILE, "shards": derivation.FILE}
"""What is read of a folder that DVC keeps."""
Terms = dict[tuple[str, ...], int]
"""Rights as a catalog gives them → their number in the index."""
Fresh = tuple[int, int, int]
"""Number of a part, and its rows from and to."""
TOGETHER = 10_000


def take(db: sqlite3.Connection, cache: dvc.Cache, md5: str, kind: str, terms: Terms) -> None:
    """Read one folder's table and keep it; what cannot be read is kept with the reason."""
    db.execute("DELETE FROM object WHERE md5 = ?", (md5,))
    try:
        file, table = _table(cache, md5, kind)
        if kind == "assets":
            collection, summary = _keep_catalog(db, table, terms), entries.summary(table)
        else:
            collection, summary = _keep_derivation(db, table), uses.summary(table)
    except (DailiesError, ValueError, KeyError, pa.ArrowException) as error:
        found: tuple[Any, ...] = (None, None, "{}", " ".join(str(error).split()))
    else:
        found = (file, collection, json.dumps(summary, ensure_ascii=False), "")
    columns = "md5, kind, file, collection, summary, missing"
    db.execute(f"INSERT INTO object ({columns}) VALUES (?, ?, ?, ?, ?, ?)", (md5, kind, *found))


def _table(cache: dvc.Cache, md5: str, kind: str) -> tuple[str, pa.Table]:
    """The table of a folder output, and the hash of its file. Raises DailiesError when it is not at hand."""
    entries_of = dict(cache.listing(md5))
    file = entries_of.get(FILES[kind])
    if file is None:
        raise DailiesError(f"it has no {FILES[kind]}")
    columns = entries.COLUMNS if kind == "assets" else uses.COLUMNS
    with pq.ParquetFile(io.BytesIO(cache.read(file)), pre_buffer=False) as parquet:
        return file, parquet.read(list(columns), use_threads=False)


def _keep_catalog(db: sqlite3.Connection, table: pa.Table, terms: Terms) -> int:
    columns = entries.columns(table)
    bounds = parts.cut(parts.prefix(columns[0][1].reshape(-1, 32)))
    collection, fresh = _keep(db, list(parts.of_rows(bounds, columns)))
    for some in _together(fresh):
        rows = ((part, row) for part, start, stop in some for row in table.slice(start, stop - start).to_pylist())
        entries.insert(db, rows, terms)
    return collection


def _keep_derivation(db: sqlite3.Connection, table: pa.Table) -> int:
    rows = uses.rows(table)
    widths = np.full(len(rows), uses.WIDTH, np.int64)
    bounds = parts.cut(parts.prefix(rows))
    collection, fresh = _keep(db, list(parts.of_rows(bounds, [(widths, rows.reshape(-1))])))
    for some in _together(fresh):
        uses.insert(db, ((part, row) for part, start, stop in some for row in rows[start:stop]))
    return collection


def _keep(db: sqlite3.Connection, found: list[parts.Part]) -> tuple[int, list[Fresh]]:
    """Number the parts that are new, and keep which belong together: the number of the collection, and the new parts."""
    hash = parts.whole(found)
    if known := db.execute("SELECT id FROM collection WHERE hash = ?", (hash,)).fetchone():
        return int(known[0]), []
    numbers = _numbers(db, found)
    first = db.execute("SELECT coalesce(max(id), 0) + 1 FROM part").fetchone()[0]
    new = [place for place in range(len(found)) if place not in numbers]
    numbers |= {place: number for number, place in enumerate(new, first)}
    db.executemany("INSERT INTO part VALUES (?, ?)", ((numbers[place], found[place].hash) for place in new))
    fresh = [(numbers[place], found[place].start, found[place].stop) for place in new]
    collection = db.execute("INSERT INTO collection (hash) VALUES (?)", (hash,)).lastrowid or 0
    db.executemany(
        "INSERT OR IGNORE INTO collection_part VALUES (?, ?)", ((collection, part) for part in numbers.values())
    )
    return collection, fresh


def _numbers(db: sqlite3.Connection, found: list[parts.Part]) -> dict[int, int]:
    """Place in `found` → number, of the parts that are known. One query for all of them."""
    db.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (place INTEGER PRIMARY KEY, hash BLOB)")
    db.execute("DELETE FROM wanted")
    db.executemany("INSERT INTO wanted VALUES (?, ?)", ((place, part.hash) for place, part in enumerate(found)))
    return dict(db.execute("SELECT place, part.id FROM wanted CROSS JOIN part ON part.hash = wanted.hash"))


def _together(fresh: list[Fresh]) -> Iterator[list[Fresh]]:
    """Some thousand rows at a time: fewer calls of SQLite, and not all of a catalog in memory."""
    some, rows = [], 0
    for part in fresh:
        some.append(part)
        rows += part[2] - part[1]
        if rows >= TOGETHER:
            yield some
            some, rows = [], 0
    yield some
