"""Runs of a schedule that did not start when they were due, or whose process died: told once each.

The supervisor of `dailies up` looks every minute or so. What was told is kept in `.dailies/up/missed.json`.
"""

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flows.questions import FlowRun, Server, of_states
from project import layout
from project.notices import Notice
from registry import run_log

LATE_S, QUEUED_S = 120.0, 3600.0
"""How late a run may start before people are told: a worker looks for runs every few seconds; where it is at work on
another, a run may have to wait for that."""
OVERLAP = datetime.timedelta(hours=1)
"""What is looked at again: a server's clock may be another, and a state be set late. Nobody is told twice."""
KEPT = 1_000
AT_ONCE = 5
"""Notices of one look; of more, the last one says how many there are besides."""


def look(server: Server, root: Path, now: datetime.datetime | None = None) -> list[Notice]:
    """What is new since the last look, and is not given again. Raises DailiesError when the server does not answer."""
    now = now or datetime.datetime.now(datetime.UTC)
    path = layout.private(root) / "up" / "missed.json"
    known = _read(path)
    last = datetime.datetime.fromisoformat(known["since"]) if "since" in known else now
    since = (last - OVERLAP).isoformat()
    due = {"before_": (now - datetime.timedelta(seconds=LATE_S)).isoformat()}
    late = server.flow_runs(200, sort="EXPECTED_START_TIME_ASC", **of_states("SCHEDULED"), expected_start_time=due)
    crashed = server.flow_runs(200, **of_states("CRASHED"), end_time={"after_": since})
    told: list[str] = known.get("told", [])
    going = list(server.flow_runs(200, **of_states("RUNNING", "PENDING")))
    waiting = [run for run in late if not _has_to_wait(run, going, now)]
    found = [run for run in [*waiting, *crashed] if _key(run) not in told and not _stopped(root, run)]
    layout.write_json(path, {"since": now.isoformat(), "told": [*told, *map(_key, found)][-KEPT:]})
    notices = [_notice(run) for run in found]
    if len(notices) > AT_ONCE:
        rest = sorted({notice.model for notice in notices[AT_ONCE - 1 :]})
        more = Notice("missed", "", f"{len(notices) - AT_ONCE + 1} more runs are late or died", ", ".join(rest))
        return [*notices[: AT_ONCE - 1], more]
    return notices


def _key(run: FlowRun) -> str:
    return f"{run['id']} {run['state_type']}"


def _has_to_wait(late: FlowRun, going: Sequence[FlowRun], now: datetime.datetime) -> bool:
    """Whether a run is late because its model runs already, or for some time because the workers of its pool are busy."""
    if any(_model(late) and _model(run) == _model(late) for run in going):
        return True
    pool = late.get("work_pool_name")
    busy = any(pool and run.get("work_pool_name") == pool for run in going)
    return busy and (now - datetime.datetime.fromisoformat(late["expected_start_time"])).total_seconds() < QUEUED_S


def _model(run: FlowRun) -> str:
    return str(run.get("parameters", {}).get("model") or "")


def _stopped(root: Path, run: FlowRun) -> bool:
    """Whether a person stopped it: its process was told to end, which Prefect takes for a crash."""
    return run_log.read(layout.logs(root, run["name"]))["state"] == "cancelled"


def _notice(run: FlowRun) -> Notice:
    model = _model(run)
    if run["state_type"] == "CRASHED":
        said = (run.get("state") or {}).get("message") or "its process ended without a word"
        return Notice("missed", model, f"{model or run['name']}: run {run['name']} died", said, _link(run))
    due = str(run.get("expected_start_time", ""))[:16].replace("T", " ")
    text = f"It was due at {due} UTC and has not started. Is a worker running? See: dailies up --status"
    return Notice("missed", model, f"{model or run['name']}: a scheduled run has not started", text, _link(run))


def _link(run: FlowRun) -> str:
    return f"dailies runs show {run['name']}"


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content
