"""Bringing the index up to what git and DVC hold now.

Every DVC object is read once, and kept when its transaction ends: whatever kills this, the next question goes on from
there. Versions come last, and only when all of their objects were looked at.
"""

import dataclasses
import hashlib
import io
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lineage import entries, history, parts, schema, standing, sweep, uses
from media import catalog, derivation
from project import layout
from project.errors import DailiesError
from registry import dvc, events, git, runs

FILES = {"assets": catalog.FILE, "shards": derivation.FILE}
"""What is read of a folder that DVC keeps."""
Tick = Callable[[int, int], None]
"""Called with how many objects are read, and of how many."""


@contextmanager
def opened(root: Path, tick: Tick = lambda done, total: None) -> Iterator[sqlite3.Connection]:
    """The index, up to date. One process at a time brings it there."""
    with runs.lock(layout.private(root).parent, "lineage", wait=True):
        db = schema.connect(root)
        update(root, db, tick)
    try:
        yield db
    finally:
        db.close()


def update(root: Path, db: sqlite3.Connection, tick: Tick, *, ask_again: bool = False) -> None:
    """Take in what has changed. With `ask_again`, the remote is asked once more for objects that were missing."""
    changed = _take_tags(root, db)
    changed |= _take_present(root, db)
    _take_objects(root, db, tick, ask_again)
    if changed:
        with _transaction(db):
            sweep.unused(db)


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _take_tags(root: Path, db: sqlite3.Connection) -> bool:
    """Keep new tags, forget those that are gone; whether anything that was known has gone."""
    now = {name: oid for name, oid in git.references(root, "refs/tags").items() if events.TAG.fullmatch(name)}
    known = dict(db.execute("SELECT name, object FROM tag"))
    gone = [name for name, oid in known.items() if now.get(name) != oid]
    fresh = {name for name, oid in now.items() if known.get(name) != oid}
    if not gone and not fresh:
        return False
    written = events.read(root, only=fresh) if fresh else []
    versions = [(each.tag, each.name, each.commit) for each in written if each.kind == "register"]
    made = list(history.made(root, versions))
    with _transaction(db):
        db.executemany("DELETE FROM tag WHERE name = ?", ((name,) for name in gone))
        db.executemany("DELETE FROM version WHERE tag = ?", ((name,) for name in gone))
        db.executemany(
            f"INSERT INTO tag VALUES ({_marks(13)})", (standing.row(each, now[each.tag]) for each in written)
        )
        db.executemany(f"INSERT INTO version VALUES ({_marks(8)})", map(dataclasses.astuple, made))
    return bool(gone)


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _take_present(root: Path, db: sqlite3.Connection) -> bool:
    """Keep which assets the workspace has now, registered or not."""
    try:
        text = (root / "dvc.lock").read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    place = f"{layout.assets(root, '').relative_to(root)}/"
    mark = hashlib.sha256(text.encode()).hexdigest()
    known = db.execute("SELECT value FROM state WHERE key = 'lock'").fetchone()
    if known and known[0] == mark:
        return False
    lock = dvc.parse_lock(text)
    outs = dvc.outputs(lock, [stage for stage in lock if stage.startswith("ingest@")])
    with _transaction(db):
        db.execute("DELETE FROM present")
        db.executemany(
            "INSERT INTO present VALUES (?, ?)", ((path.removeprefix(place), md5) for path, md5 in outs.items())
        )
        db.execute("INSERT OR REPLACE INTO state VALUES ('lock', ?)", (mark,))
    return True


def _take_objects(root: Path, db: sqlite3.Connection, tick: Tick, ask_again: bool) -> None:
    wanted = [*_wanted(db)]
    missing = db.execute("SELECT md5, kind FROM object WHERE missing != ''").fetchall() if ask_again else []
    if not wanted and not missing:
        return
    terms: dict[tuple[str, ...], int] = {}
    with dvc.opened(root) as repo:
        cache = dvc.Cache(repo)
        todo = [*wanted, *missing]
        for done, (md5, kind) in enumerate(todo):
            tick(done, len(todo))
            with _transaction(db):
                _take_object(db, cache, md5, kind, terms)
    tick(len(todo), len(todo))


def _wanted(db: sqlite3.Connection) -> Iterable[tuple[str, str]]:
    """Objects that a version or the workspace names and that were never looked at, as (hash, kind)."""
    return db.execute(
        "SELECT md5, kind FROM ("
        " SELECT DISTINCT assets AS md5, 'assets' AS kind FROM version UNION SELECT assets, 'assets' FROM present"
        " UNION SELECT DISTINCT shards, 'shards' FROM version"
        ") WHERE md5 IS NOT NULL AND md5 NOT IN (SELECT md5 FROM object) ORDER BY kind, md5"
    ).fetchall()


def _take_object(
    db: sqlite3.Connection, cache: dvc.Cache, md5: str, kind: str, terms: dict[tuple[str, ...], int]
) -> None:
    """Read one folder's table and keep it; what cannot be read is kept with the reason."""
    db.execute("DELETE FROM object WHERE md5 = ?", (md5,))
    try:
        file, table = _table(cache, md5, kind)
        read = _keep_catalog(db, table, terms) if kind == "assets" else _keep_derivation(db, table)
    except (DailiesError, ValueError, KeyError, pa.ArrowException) as error:
        row = (md5, kind, None, None, None, None, " ".join(str(error).split()))
    else:
        row = (md5, kind, file, *read, "")
    db.execute(
        "INSERT INTO object (md5, kind, file, collection, copies, made_by, missing) VALUES (?, ?, ?, ?, ?, ?, ?)", row
    )


def _table(cache: dvc.Cache, md5: str, kind: str) -> tuple[str, pa.Table]:
    """The table of a folder output, and the hash of its file. Raises DailiesError when it is not at hand."""
    entries_of = dict(cache.listing(md5))
    file = entries_of.get(FILES[kind])
    if file is None:
        raise DailiesError(f"it has no {FILES[kind]}")
    columns = entries.COLUMNS if kind == "assets" else uses.COLUMNS
    with pq.ParquetFile(io.BytesIO(cache.read(file)), pre_buffer=False) as parquet:
        return file, parquet.read(list(columns), use_threads=False)


def _keep_catalog(db: sqlite3.Connection, table: pa.Table, terms: dict[tuple[str, ...], int]) -> tuple[int, None, None]:
    columns = entries.columns(table)
    bounds = parts.cut(parts.prefix(columns[0][1].reshape(-1, 32)))
    found = list(parts.of_rows(bounds, columns))

    def keep(part: parts.Part, number: int) -> None:
        entries.insert(db, number, table.slice(part.start, part.stop - part.start).to_pylist(), terms)

    return _keep(db, found, keep), None, None


def _keep_derivation(db: sqlite3.Connection, table: pa.Table) -> tuple[int, int, str]:
    rows = uses.rows(table)
    widths = np.full(len(rows), uses.WIDTH, np.int64)
    found = list(parts.of_rows(parts.cut(parts.prefix(rows)), [(widths, rows.reshape(-1))]))
    number = _keep(db, found, lambda part, number: uses.insert(db, number, rows[part.start : part.stop]))
    return number, uses.copies(table), uses.made_by(table)


def _keep(db: sqlite3.Connection, found: list[parts.Part], insert: Callable[[parts.Part, int], None]) -> int:
    """Keep the parts that are new, and their order together; the number of the collection."""
    hash = parts.whole(found)
    if known := db.execute("SELECT id FROM collection WHERE hash = ?", (hash,)).fetchone():
        return int(known[0])
    numbers = []
    for part in found:
        if known := db.execute("SELECT id FROM part WHERE hash = ?", (part.hash,)).fetchone():
            numbers.append(known[0])
            continue
        numbers.append(db.execute("INSERT INTO part (hash) VALUES (?)", (part.hash,)).lastrowid)
        insert(part, numbers[-1])
    collection = db.execute("INSERT INTO collection (hash) VALUES (?)", (hash,)).lastrowid
    db.executemany("INSERT OR IGNORE INTO collection_part VALUES (?, ?)", ((collection, part) for part in numbers))
    return int(collection or 0)
