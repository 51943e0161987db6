"""Bringing the index up to what git and DVC hold now.

Every DVC object is read once, and kept when its transaction ends: whatever kills this, the next question goes on from
there, and none is answered before the end.
"""

import dataclasses
import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lineage import history, schema, standing, sweep
from project import layout
from registry import dvc, events, git, runs

Tick = Callable[[int, int], None]
"""Called with how many objects are read, and of how many."""
UNSWEPT = "unswept"
"""Something that was known has gone, and what it alone referred to may still be here."""


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


def update(root: Path, db: sqlite3.Connection, tick: Tick) -> None:
    """Take in what has changed."""
    _take_tags(root, db)
    _take_present(root, db)
    _take_objects(root, db, tick)
    if schema.marked(db, UNSWEPT, "yes"):
        with _transaction(db):
            sweep.unused(db)
            schema.unmark(db, UNSWEPT)


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _take_tags(root: Path, db: sqlite3.Connection) -> None:
    """Keep new tags, forget those that are gone."""
    references = git.references(root, "refs/tags")
    mark = hashlib.sha256(repr(references).encode()).hexdigest()
    if schema.marked(db, "tags", mark):
        return
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
        if gone:
            schema.mark(db, UNSWEPT, "yes")


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _take_present(root: Path, db: sqlite3.Connection) -> None:
    """Keep which assets the workspace has now, registered or not."""
    try:
        text = (root / "dvc.lock").read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    place = f"{layout.assets(root, '').relative_to(root)}/"
    mark = hashlib.sha256(text.encode()).hexdigest()
    if schema.marked(db, "lock", mark):
        return
    lock = dvc.parse_lock(text)
    outs = dvc.outputs(lock, [stage for stage in lock if stage.startswith("ingest@")])
    with _transaction(db):
        db.execute("DELETE FROM present")
        db.executemany(
            "INSERT INTO present VALUES (?, ?)", ((path.removeprefix(place), md5) for path, md5 in outs.items())
        )
        schema.mark(db, "lock", mark)
        schema.mark(db, UNSWEPT, "yes")


def _take_objects(root: Path, db: sqlite3.Connection, tick: Tick) -> None:
    """Read what was never looked at, and what was not at hand but is now."""
    wanted = _wanted(db)
    missing = dict(db.execute("SELECT md5, kind FROM object WHERE missing != ''"))
    if not wanted and not missing:
        return
    from lineage import objects  # reading Parquet takes a quarter of a second to import

    terms: objects.Terms = {}
    with dvc.opened(root) as repo:
        cache = dvc.Cache(repo)
        todo = wanted + [(md5, missing[md5]) for md5 in sorted(cache.at_hand(missing))]
        for done, (md5, kind) in enumerate(todo):
            tick(done, len(todo))
            with _transaction(db):
                objects.take(db, cache, md5, kind, terms)
    tick(len(todo), len(todo))


def _wanted(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """Objects that a version or the workspace names and that were never looked at, as (hash, kind)."""
    return db.execute(
        "SELECT md5, kind FROM ("
        " SELECT DISTINCT assets AS md5, 'assets' AS kind FROM version UNION SELECT assets, 'assets' FROM present"
        " UNION SELECT DISTINCT shards, 'shards' FROM version"
        ") WHERE md5 IS NOT NULL AND md5 NOT IN (SELECT md5 FROM object) ORDER BY kind, md5"
    ).fetchall()
