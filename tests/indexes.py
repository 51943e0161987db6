"""The content of a lineage index without the numbers that depend on the order in which things were read."""

import sqlite3
from pathlib import Path

from lineage import index, schema

CONTENT = {
    "tag": "SELECT * FROM tag",
    "version": "SELECT * FROM version",
    "present": "SELECT * FROM present",
    "state": "SELECT * FROM state",
    "asset": "SELECT id FROM asset",
    "part": "SELECT hash FROM part",
    "collection": "SELECT hash FROM collection",
    "object": "SELECT md5, kind, file, hash, summary, missing FROM object LEFT JOIN collection ON collection.id = collection",
    "collection_part": "SELECT collection.hash, part.hash FROM collection_part JOIN collection ON collection.id = collection"
    " JOIN part ON part.id = part",
    "part_use": "SELECT asset.id, part.hash, split, sample FROM part_use JOIN asset ON asset.key = asset"
    " JOIN part ON part.id = part",
    "terms": "SELECT source, kind, licence, holder, subject, consent, valid_until FROM terms",
    "entry": "SELECT asset.id, digest, source, licence, subject, paths, labels, format, grouped, split, bytes,"
    " status, reason, released FROM entry JOIN asset ON asset.key = asset JOIN terms ON terms.id = terms",
    "path": "SELECT path.path, asset.id, digest FROM path JOIN entry ON entry.id = entry JOIN asset ON asset.key = asset",
    "part_entry": "SELECT asset.id, digest, part.hash FROM part_entry JOIN entry ON entry.id = entry"
    " JOIN asset ON asset.key = asset JOIN part ON part.id = part",
}


def content(db: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Table → its rows, sorted, with what they refer to in place of numbers."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == CONTENT.keys()
    return {name: sorted(db.execute(query).fetchall(), key=repr) for name, query in CONTENT.items()}


def brought_up_to_date(root: Path) -> dict[str, list[tuple[object, ...]]]:
    with index.opened(root) as db:
        return content(db)


def from_nothing(root: Path) -> dict[str, list[tuple[object, ...]]]:
    schema.remove(root)
    return brought_up_to_date(root)
