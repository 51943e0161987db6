"""The registry as it stood at a moment, out of the index."""

import datetime
import sqlite3
from collections.abc import Iterable
from typing import Any

from project.errors import UsageError
from registry import tags
from registry.tags import Version


def moment(text: str) -> datetime.datetime:
    """A point in time, as 2026-11-21, 2026-11-21T15:30 or with an offset; UTC where none is said. Raises UsageError."""
    try:
        at = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--at {text!r} is not a time; write it as 2026-11-21 or 2026-11-21T15:30+01:00") from None
    return at if at.tzinfo else at.replace(tzinfo=datetime.UTC)


def versions(
    db: sqlite3.Connection, models: Iterable[str] | None = None, at: datetime.datetime | None = None
) -> list[Version]:
    """The versions that stood, with the stages that they were in; of some models, or of all. Their message is left out."""
    written: list[tuple[str, str, str, dict[str, Any]]] = []
    for where, values in _ranges(models):
        for name, commit, made in db.execute(f"SELECT name, commit_id, made FROM tag{where}", values):
            if at is None or datetime.datetime.fromisoformat(made) <= at:
                written.append((name, commit, made, {}))
    return tags.fold(written)


def _ranges(models: Iterable[str] | None) -> Iterable[tuple[str, tuple[str, ...]]]:
    if models is None:
        return [("", ())]
    wheres = " WHERE name >= ? AND name < ?"
    return [(wheres, (f"{model}{mark}", f"{model}{chr(ord(mark) + 1)}")) for model in models for mark in "#@"]


def message(db: sqlite3.Connection, tag: str) -> dict[str, Any]:
    """What a version's tag says of its run; `{"text": …}` when another tool wrote it."""
    row = db.execute("SELECT message FROM tag WHERE name = ?", (tag,)).fetchone()
    return tags.parse_message(row[0]) if row else {}
