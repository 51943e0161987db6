"""Bringing the index up to what git and DVC hold now.

Every DVC object is read once, and kept when its transaction ends: whatever kills this, the next question goes on from
there. Versions come last, and only when all of their objects were looked at.
"""

import dataclasses
import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lineage import history, schema, standing, sweep
from project import layout
from registry import dvc, events, git, runs

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
    references = git.references(root, "refs/tags")
    mark = hashlib.sha256(repr(references).encode()).hexdigest()
    if schema.marked(db, "tags", mark):
        return False
    now = {name: oid for name, oid in references.items() if events.TAG.fullmatch(name)}
    known = dict(db.execute("SELECT name, object FROM tag"))
    gone = [name for name, oid in known.items() if now.get(name) != oid]
    fresh = {name for name, oid in now.items() if known.get(name) != oid}
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
        schema.mark(db, "tags", mark)
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
    if schema.marked(db, "lock", mark):
        return False
    lock = dvc.parse_lock(text)
    outs = dvc.outputs(lock, [stage for stage in lock if stage.startswith("ingest@")])
    with _transaction(db):
        db.execute("DELETE FROM present")
        db.executemany(
            "INSERT INTO present VALUES (?, ?)", ((path.removeprefix(place), md5) for path, md5 in outs.items())
        )
        schema.mark(db, "lock", mark)
    return True


def _take_objects(root: Path, db: sqlite3.Connection, tick: Tick, ask_again: bool) -> None:
    wanted = [*_wanted(db)]
    missing = db.execute("SELECT md5, kind FROM object WHERE missing != ''").fetchall() if ask_again else []
    if not wanted and not missing:
        return
    from lineage import objects  # reading Parquet takes a quarter of a second to import

    terms: objects.Terms = {}
    with dvc.opened(root) as repo:
        cache = dvc.Cache(repo)
        todo = [*wanted, *missing]
        for done, (md5, kind) in enumerate(todo):
            tick(done, len(todo))
            with _transaction(db):
                objects.take(db, cache, md5, kind, terms)
    tick(len(todo), len(todo))


def _wanted(db: sqlite3.Connection) -> Iterable[tuple[str, str]]:
    """Objects that a version or the workspace names and that were never looked at, as (hash, kind)."""
    return db.execute(
        "SELECT md5, kind FROM ("
        " SELECT DISTINCT assets AS md5, 'assets' AS kind FROM version UNION SELECT assets, 'assets' FROM present"
        " UNION SELECT DISTINCT shards, 'shards' FROM version"
        ") WHERE md5 IS NOT NULL AND md5 NOT IN (SELECT md5 FROM object) ORDER BY kind, md5"
    ).fetchall()
