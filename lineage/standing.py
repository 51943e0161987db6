"""The registry as it stood at a moment, out of the index."""

import datetime
import json
import sqlite3
from collections.abc import Collection
from typing import Any

from project.errors import UsageError
from registry import tags
from registry.events import Event
from registry.tags import Line, Version


def moment(text: str) -> datetime.datetime:
    """A point in time, as 2026-11-21, 2026-11-21T15:30 or with an offset; UTC where none is said. Raises UsageError."""
    try:
        at = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--at {text!r} is not a time; write it as 2026-11-21 or 2026-11-21T15:30+01:00") from None
    return at if at.tzinfo else at.replace(tzinfo=datetime.UTC)


def row(event: Event, oid: str) -> tuple[Any, ...]:
    """An event as the table `tag` keeps it; `oid` is the id of the tag in git."""
    said = json.dumps(event.message, ensure_ascii=False)
    facts = (event.name, event.kind, event.version, event.stage, event.counter, event.commit, event.made, event.who)
    return (event.tag, oid, *facts, event.signed, event.genuine, said)


def lines(
    db: sqlite3.Connection, models: Collection[str] | None = None, at: datetime.datetime | None = None
) -> dict[str, Line]:
    """Model → everything that its tags said; of some models, or of all. Without messages, but for why one was taken back."""
    where = "" if models is None else f" WHERE model IN ({', '.join('?' * len(models))})"
    found = [
        Event(
            tag, name, kind, version, stage, counter, commit, made, who, bool(signed), bool(genuine), json.loads(said)
        )
        for tag, name, kind, version, stage, counter, commit, made, who, signed, genuine, said in db.execute(
            "SELECT name, model, kind, version, stage, counter, commit_id, made, who, signed, genuine,"
            " CASE kind WHEN 'deregister' THEN message ELSE '{}' END FROM tag" + where,
            tuple(models or ()),
        )
        if at is None or datetime.datetime.fromisoformat(made) <= at
    ]
    return tags.fold(sorted(found, key=lambda event: event.order))


def versions(
    db: sqlite3.Connection, models: Collection[str] | None = None, at: datetime.datetime | None = None
) -> list[Version]:
    """The versions that stood, with the stages that they were live in; of some models, or of all. Without messages."""
    return tags.standing(lines(db, models, at))


def message(db: sqlite3.Connection, version: Version) -> dict[str, Any]:
    """What a version's tag says of its run; `{"text": …}` when another tool wrote it."""
    found = db.execute("SELECT message FROM tag WHERE name = ?", (version.registration,)).fetchone()
    said: dict[str, Any] = json.loads(found[0])
    return said
