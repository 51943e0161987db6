"""The index that lineage asks: tables, and opening them. docs/lineage.md tells what each column holds."""

import sqlite3
from pathlib import Path

from project import layout

FILE = "lineage.sqlite"
VERSION = 1
"""Of the tables; an index of another version is made anew."""

SETTINGS = (
    "journal_mode = WAL",
    "synchronous = NORMAL",  # nothing is damaged when the power fails; at most the last steps are done again
    "cache_size = -600000",  # kB; ids come in no order, and pages that do not fit are written over and over
    "wal_autocheckpoint = 20000",  # pages, 80 MB
    "temp_store = MEMORY",
)
TABLES = """
CREATE TABLE tag (
    name TEXT PRIMARY KEY, object TEXT NOT NULL, model TEXT NOT NULL, kind TEXT NOT NULL, version TEXT NOT NULL,
    stage TEXT NOT NULL, counter INTEGER NOT NULL, commit_id TEXT NOT NULL, made TEXT NOT NULL, who TEXT NOT NULL,
    signed INTEGER NOT NULL, genuine INTEGER NOT NULL, message TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE version (
    tag TEXT PRIMARY KEY, model TEXT NOT NULL, source TEXT, assets TEXT, shards TEXT, weights TEXT, predictions TEXT,
    start TEXT
) WITHOUT ROWID;
CREATE TABLE object (
    id INTEGER PRIMARY KEY, md5 TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, file TEXT, collection INTEGER,
    summary TEXT NOT NULL, missing TEXT NOT NULL
);
CREATE TABLE collection (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE);
CREATE TABLE part (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE);
CREATE TABLE collection_part (collection INTEGER, part INTEGER, PRIMARY KEY (collection, part)) WITHOUT ROWID;
CREATE TABLE asset (key INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE);
CREATE TABLE part_use (
    asset INTEGER, part INTEGER, split INTEGER, sample BLOB, PRIMARY KEY (asset, part, split, sample)
) WITHOUT ROWID;
CREATE TABLE terms (
    id INTEGER PRIMARY KEY, source TEXT, kind TEXT, licence TEXT, holder TEXT, subject TEXT, consent TEXT,
    valid_until TEXT, UNIQUE (source, kind, licence, holder, subject, consent, valid_until)
);
CREATE TABLE entry (
    id INTEGER PRIMARY KEY, asset INTEGER NOT NULL, digest INTEGER NOT NULL, terms INTEGER NOT NULL, paths TEXT NOT NULL,
    labels TEXT NOT NULL, format TEXT NOT NULL, grouped TEXT NOT NULL, split TEXT NOT NULL, bytes INTEGER NOT NULL,
    status TEXT NOT NULL, reason TEXT NOT NULL, released TEXT NOT NULL, UNIQUE (asset, digest)
);
CREATE TABLE path (path TEXT, entry INTEGER, PRIMARY KEY (path, entry)) WITHOUT ROWID;
CREATE TABLE part_entry (entry INTEGER, part INTEGER, PRIMARY KEY (entry, part)) WITHOUT ROWID;
CREATE TABLE present (source TEXT PRIMARY KEY, assets TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE INDEX tag_of_model ON tag (model);
CREATE INDEX version_of_model ON version (model);
CREATE INDEX version_of_weights ON version (weights);
CREATE INDEX version_of_shards ON version (shards);
CREATE INDEX version_of_assets ON version (assets);
CREATE INDEX object_of_collection ON object (collection);
CREATE INDEX collection_of_part ON collection_part (part, collection);
CREATE INDEX use_of_part ON part_use (part);
CREATE INDEX entry_of_terms ON entry (terms);
CREATE INDEX entry_of_part ON part_entry (part);

CREATE VIEW version_asset AS
    SELECT version.tag AS tag, lower(hex(asset.id)) AS asset,
        CASE part_use.split WHEN 0 THEN 'train' WHEN 1 THEN 'validation' ELSE 'test' END AS split
    FROM version JOIN object ON object.md5 = version.shards
    JOIN collection_part USING (collection) JOIN part_use USING (part) JOIN asset ON asset.key = part_use.asset;
CREATE VIEW source_asset AS
    SELECT object.md5 AS assets, lower(hex(asset.id)) AS asset, entry.*, terms.*
    FROM object JOIN collection_part USING (collection) JOIN part_entry USING (part)
    JOIN entry ON entry.id = part_entry.entry JOIN terms ON terms.id = entry.terms JOIN asset ON asset.key = entry.asset
    WHERE object.kind = 'assets';
"""


def path(root: Path) -> Path:
    return layout.private(root) / FILE


def connect(root: Path) -> sqlite3.Connection:
    """The index, without content when there was none, or one that cannot be read any more."""
    file = path(root)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _opened(file)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):  # locked, or no room: not the index's fault
            raise
    remove(root)
    return _opened(file)


def _opened(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None, timeout=60)
    try:
        for setting in SETTINGS:
            connection.execute(f"PRAGMA {setting}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError(f"the tables are of version {version}")
        if version == 0:
            connection.executescript(f"BEGIN;{TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
    except BaseException:
        connection.close()
        raise
    return connection


def marked(db: sqlite3.Connection, key: str, value: str) -> bool:
    """Whether this state of something was taken in already."""
    return db.execute("SELECT 1 FROM state WHERE key = ? AND value = ?", (key, value)).fetchone() is not None


def mark(db: sqlite3.Connection, key: str, value: str) -> None:
    db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, value))


def unmark(db: sqlite3.Connection, key: str) -> None:
    db.execute("DELETE FROM state WHERE key = ?", (key,))


def remove(root: Path) -> None:
    """Forget the index; the next question makes it anew."""
    for suffix in ("", "-wal", "-shm"):
        path(root).with_name(FILE + suffix).unlink(missing_ok=True)
