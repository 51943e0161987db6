"""Which assets a person means: an id or how it begins, a path, a file of one's own, or all of a subject, licence or source."""

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from project.errors import UsageError
from project.params import listing

FEWEST_DIGITS = 6
"""Of an id that stands for an asset, so that a short file name is not taken for one."""
ID_DIGITS = 64
BY = ("subject", "licence", "source")
"""Columns of `terms` by which assets can be asked for."""


def assets(db: sqlite3.Connection, asked: str) -> list[str]:
    """The assets that an argument names, sorted. Raises UsageError for none, and for the start of several ids."""
    ids = _starting(db, asked.lower())
    if len(ids) == 1:
        return ids
    if len(ids) > 1:
        raise UsageError(f"{asked!r} is the start of {len(ids)} asset ids ({ids[0]}, {ids[1]} …); write more of it")
    if found := _at(db, asked):
        return found
    path = Path(asked)
    if path.is_file():
        with path.open("rb") as file:
            return [hashlib.file_digest(file, "sha256").hexdigest()]
    if len(asked) == ID_DIGITS and _is_hex(asked):
        return [asked.lower()]
    raise UsageError(
        f"{asked!r} is neither an asset id or its start ({FEWEST_DIGITS} digits at least), nor a path in a source, "
        "nor a file here"
    )


def _starting(db: sqlite3.Connection, start: str) -> list[str]:
    if not FEWEST_DIGITS <= len(start) <= ID_DIGITS or not _is_hex(start):
        return []
    low, high = (bytes.fromhex(start.ljust(ID_DIGITS, fill)) for fill in "0f")
    rows = db.execute("SELECT lower(hex(id)) FROM asset WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1000", (low, high))
    return [row[0] for row in rows]


def _is_hex(text: str) -> bool:
    return all(digit in "0123456789abcdefABCDEF" for digit in text)


def _at(db: sqlite3.Connection, path: str) -> list[str]:
    """What lies or lay at a path of a source; SOURCE/PATH where several sources have it."""
    rows = db.execute(
        "SELECT DISTINCT lower(hex(asset.id)), source FROM path JOIN entry ON entry.id = path.entry"
        " JOIN asset ON asset.key = entry.asset JOIN terms ON terms.id = entry.terms WHERE path.path = ?"
        " UNION SELECT DISTINCT lower(hex(asset.id)), source FROM path JOIN entry ON entry.id = path.entry"
        " JOIN asset ON asset.key = entry.asset JOIN terms ON terms.id = entry.terms WHERE path.path = ? AND source = ?"
        " ORDER BY 1",
        (path, path.partition("/")[2], path.partition("/")[0]),
    )
    return sorted({asset for asset, _ in rows})


def by(db: sqlite3.Connection, column: str, value: str) -> list[str]:
    """All assets that a catalog ever gave this subject, licence or source. Raises UsageError when there are none.

    An asset may name several subjects or licences; each counts.
    """
    separator = {"subject": "; ", "licence": " AND "}.get(column, "\n")
    known = [row[0] for row in db.execute(f"SELECT DISTINCT {column} FROM terms WHERE {column} != ''")]
    wanted = [each for each in known if value == each or value in each.split(separator)]
    if not wanted:
        parts = {part for each in known for part in each.split(separator)}
        raise UsageError(f"no asset has the {column} {value!r}; {listing(value, parts)}")
    marks = ", ".join("?" * len(wanted))
    rows = db.execute(
        "SELECT DISTINCT lower(hex(asset.id)) FROM terms JOIN entry ON entry.terms = terms.id"
        f" JOIN asset ON asset.key = entry.asset WHERE {column} IN ({marks}) ORDER BY asset.id",
        wanted,
    )
    return [row[0] for row in rows]


def paths(db: sqlite3.Connection, asset_ids: Sequence[str]) -> dict[str, str]:
    """Asset → SOURCE/PATH, one of those that it ever had, for people to read."""
    found: dict[str, str] = {}
    for asset in asset_ids:
        row = db.execute(
            "SELECT source || '/' || json_extract(paths, '$[0]') FROM asset JOIN entry ON entry.asset = asset.key"
            " JOIN terms ON terms.id = entry.terms WHERE asset.id = ? ORDER BY 1 LIMIT 1",
            (bytes.fromhex(asset),),
        ).fetchone()
        if row and row[0]:
            found[asset] = row[0]
    return found
