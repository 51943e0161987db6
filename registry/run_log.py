"""What is kept of a run when its worktree is gone: `.dailies/logs/<run id>/run.json`, beside the logs of its stages.

It is written whole at the start, at each stage and at the end, by the process of the run alone. A run that was killed
has no end; whether its process still lives is asked of the system.

    {"run": "digits-20261121-091633-9219", "model": "digits", "trigger": "hand", "who": "anna", "promote": true,
     "overrides": {}, "started": "2026-11-21T09:16:33+00:00", "process": {"pid": 4711, "born": 1795252593.1, "host": "a"},
     "stages": {"train@digits": {"started": …, "ran": true, "seconds": 21.3}},
     "notices": [{"what": "promoted", "title": …, "told": {"$OPS": true}}],
     "state": "landed", "ended": …, "version": "v0.1.0", "said": "digits@v0.1.0 is live in prod"}
"""

import contextlib
import datetime
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from project import layout
from project.secrets import scrubbed

State = Literal["running", "landed", "registered", "current", "refused", "failed", "cancelled", "killed", "unknown"]
"""Landed: made live or on the main branch; registered: made, not promoted; current: nothing to do; unknown: of a run from
before this was kept."""
FILE = "run.json"


def begin(folder: Path, **facts: Any) -> None:
    """A run begins in this process; `facts` are its id, model, trigger, who, promote and overrides."""
    own = {"pid": os.getpid(), "born": _born(os.getpid()), "host": socket.gethostname()}
    _write(folder, {**facts, "started": now(), "process": own, "stages": {}, "notices": [], "state": "running"})


def note(folder: Path, **facts: Any) -> None:
    """Add to what is known of it."""
    _write(folder, {**read(folder), **facts})


def end(folder: Path, state: State, **facts: Any) -> None:
    note(folder, state=state, ended=now(), **facts)


@contextlib.contextmanager
def stage(name: str) -> Iterator[dict[str, Any]]:
    """Keep when a stage of the run in this process began and what came of it, as the block says; nothing without a run."""
    place = os.environ.get("DAILIES_LOGS")
    told: dict[str, Any] = {"started": now()}
    if not place or not (Path(place) / FILE).is_file():
        yield told
        return
    try:
        _note_stage(Path(place), name, told)
        yield told
    except BaseException:
        told["failed"] = True
        raise
    finally:
        _note_stage(Path(place), name, told)


def _note_stage(folder: Path, name: str, told: dict[str, Any]) -> None:
    known = read(folder)
    _write(folder, {**known, "stages": {**known.get("stages", {}), name: told}})


def read(folder: Path) -> dict[str, Any]:
    """What is known of the run of a log folder; of one from before this was kept, what its result says."""
    try:
        content: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {
            "run": folder.name,
            "model": model_of(folder.name),
            "started": started_of(folder.name),
            "state": "unknown",
        }
    return content


def _write(folder: Path, content: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # a disk that is full takes no record, and the run has to say so itself
        layout.write_json(folder / FILE, scrubbed(content))


def lives(known: dict[str, Any]) -> bool:
    """Whether the process of a run that has no end is still there; of another machine nobody here can say, so yes."""
    process = known.get("process", {})
    if process.get("host") != socket.gethostname():
        return True
    born = _born(int(process.get("pid", 0)))
    return born is not None and abs(born - float(process.get("born") or 0)) < 1


def _born(pid: int) -> float | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def model_of(run_id: str) -> str:
    return run_id.rsplit("-", 3)[0]


def started_of(run_id: str) -> str:
    """When a run began, as its id says it, in ISO 8601; empty when it says nothing."""
    try:
        day, clock = run_id.rsplit("-", 3)[1:3]
        return datetime.datetime.strptime(f"{day}-{clock}+0000", "%Y%m%d-%H%M%S%z").isoformat()
    except ValueError:
        return ""
