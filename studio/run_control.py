"""`dailies runs cancel` and `retry`."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from flows.questions import Server
from project import layout
from project.errors import DailiesError, UsageError
from registry import run_log
from studio import run_list
from studio.answer import Answer
from studio.run_list import Seen

ENDS_S = 15.0
"""How long a run may take to end after it was told to."""


def cancel(reference: str) -> Answer:
    """Tell a run to stop, and wait until it has. Raises UsageError for one that has ended, and DailiesError for one that
    does not end."""
    root = layout.find()
    asked = run_list.server(root)
    seen = run_list.find(root, reference, asked)
    if seen.state in ("scheduled", "late"):
        _tell_server(asked, seen, "CANCELLED", "Cancelled")
        return Answer({"run": seen.id, "state": "cancelled"}, f"{seen.id} will not start")
    if seen.state not in run_list.GOING:
        raise UsageError(
            f"{seen.id} is not under way, it is {seen.state}; list what is: dailies runs ls --state running"
        )
    deployed = seen.flow_run.get("deployment_id")
    if deployed:
        _tell_server(asked, seen, "CANCELLING", "Cancelling")
    elif pid := process(root, seen):
        os.kill(pid, signal.SIGTERM)
    else:
        raise DailiesError(f"the process of {seen.id} is on another machine; cancel it there, or in Prefect's page")
    ended = _ended(root, asked, seen)
    if ended.state in run_list.GOING and deployed and (pid := process(root, seen)):
        os.kill(pid, signal.SIGTERM)  # no worker was there to do it
        ended = _ended(root, asked, seen)
    if ended.state in run_list.GOING:
        raise DailiesError(
            f"{seen.id} was told to stop and has not ended after {ENDS_S:.0f} s; see: dailies runs show {seen.id}"
        )
    if asked and seen.flow_run:
        _settle(asked, seen)
    return Answer({"run": seen.id, "state": ended.state}, f"{seen.id} is {ended.state}")


def process(root: Path, seen: Seen) -> int | None:
    """The process of a run of this machine, while it lives."""
    known = seen.known
    if not known.get("process") or known.get("ended") or known["process"].get("host") != os.uname().nodename:
        return None
    return int(known["process"]["pid"]) if run_log.lives(dict(known)) else None


def _ended(root: Path, asked: Server | None, seen: Seen) -> Seen:
    until = time.monotonic() + ENDS_S
    while True:
        now = run_list.find(root, seen.id, asked)
        if now.state not in run_list.GOING or time.monotonic() > until:
            return now
        time.sleep(0.3)


def _tell_server(asked: Server | None, seen: Seen, kind: str, name: str) -> Any:
    assert asked, "only a server knows of a run that has not begun"
    answer = asked.set_state(seen.flow_run_id, kind, name, "by dailies runs cancel", force=False)
    if answer["status"] != "ACCEPT":
        raise DailiesError(f"the Prefect server does not take it: {answer.get('details', {}).get('reason')}")
    return answer


def _settle(asked: Server, seen: Seen) -> None:
    """What a person cancelled is no crash."""
    state = asked.ask("GET", f"/flow_runs/{seen.flow_run_id}")["state_type"]
    if state in ("CRASHED", "RUNNING", "CANCELLING"):
        content = {
            "state": {"type": "CANCELLED", "name": "Cancelled", "message": "by dailies runs cancel"},
            "force": True,
        }
        asked.ask("POST", f"/flow_runs/{seen.flow_run_id}/set_state", content)


def retry(reference: str) -> Answer:
    """The same model, settings and promotion again. Raises UsageError for a run that is under way, or of which too
    little is known."""
    from studio import run

    root = layout.find()
    seen = run_list.find(root, reference, run_list.server(root))
    if seen.state in run_list.GOING:
        raise UsageError(f"{seen.id} is {seen.state}; watch it: dailies runs watch {seen.id}")
    asked = seen.known if "overrides" in seen.known else seen.flow_run.get("parameters", {})
    if not asked:
        raise UsageError(f"{seen.id} is from before its settings were kept; run: dailies run {seen.model}")
    settings = [f"{key}={json.dumps(value)}" for key, value in (asked.get("overrides") or {}).items()]
    promote = bool(asked.get("promote", True))
    return run.run((seen.model,), settings, promote=promote, trigger=f"retry of {seen.id}")
