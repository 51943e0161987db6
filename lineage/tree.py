"""One version with everything below it, down to its source."""

import sqlite3
from pathlib import Path
from typing import Any

from lineage import agreement, commits, standing
from lineage.commits import Recorded
from registry.tags import Version

ONE_VERSION = "SELECT source, assets, shards, weights, predictions, start FROM version WHERE tag = ?"


def of(root: Path, db: sqlite3.Connection, version: Version) -> dict[str, Any]:
    """The tree of a version as one object: run, weights, samples, assets, source, and whether all of it agrees."""
    message = standing.message(db, version)
    source, assets, shards, weights, predictions, start = db.execute(ONE_VERSION, (version.registration,)).fetchone()
    recorded = commits.read(root, version.commit, version.name, source)
    checks = agreement.check(root, version, message, recorded.run, weights, shards, assets)
    return {
        "version": version.tag,
        "stages": list(version.stages),
        "made": version.made,
        "run": _run(message),
        "commit": version.commit,
        "code": {"files": len(commits.code(recorded)), "libraries": commits.libraries(recorded)},
        "parameters": commits.settings(recorded),
        "metrics": message.get("metrics", {}),
        "gate": message.get("verdict", {}),
        "weights": {"md5": weights, "began_with": _began(db, start)},
        "predictions": predictions,
        "samples": _object(db, shards),
        "assets": {"source": source, **_object(db, assets)},
        "source": {"name": source, **_place(recorded)},
        "agreement": [check.as_dict() for check in checks],
    }


def _run(message: dict[str, Any]) -> dict[str, Any]:
    kept = ("run", "flow_run_id", "who", "trigger", "started", "finished", "seconds", "machine", "overrides", "text")
    return {name: message[name] for name in kept if name in message}


def _began(db: sqlite3.Connection, start: str | None) -> dict[str, Any] | None:
    """The weights that training began with, and the versions that have those."""
    if start is None:
        return None
    found = db.execute("SELECT tag FROM version WHERE weights = ? ORDER BY tag", (start,)).fetchall()
    return {"md5": start, "versions": [tag for (tag,) in found]}


def _object(db: sqlite3.Connection, md5: str | None) -> dict[str, Any]:
    """What the index keeps of a folder in short; `missing` says why it cannot tell more."""
    if md5 is None:
        return {"md5": None, "missing": "the commit's dvc.lock does not name it"}
    import json

    summary, missing = db.execute("SELECT summary, missing FROM object WHERE md5 = ?", (md5,)).fetchone()
    return {"md5": md5, **json.loads(summary), **({"missing": missing} if missing else {})}


def _place(recorded: Recorded) -> dict[str, Any]:
    """Where the files came from, as the plan of the ingest says."""
    source = recorded.plans["ingest"].get("source", {})
    kept = {name: value for name, value in source.items() if value not in (None, "", {}, [], False)}
    return {**kept, "state": recorded.plans["ingest"].get("state")}
