"""The process that a work pool's worker starts for a scheduled run, `python -m flows.begin`, in the workspace.

It makes the worktree of the newest commit and lets that worktree's own flow take up the flow run that the server has
scheduled, so that code, log and record are of one run. A model that is current is told so within a second, and a run
that meets another of its model waits. Prefect itself is not imported here: most checks find nothing to do.
"""

import datetime
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from flows.api import Api
from flows.working import Around, Asked, Ended, check_space, work
from lineage import current
from project import layout, params
from project.errors import DailiesError, Interrupted, Locked
from registry import following, runs

HEARTBEAT_S = 30
"""The least that Prefect allows; three of them missing, and the zombie automation calls the run crashed."""
LOCKED = "AwaitingLock"
LONGEST_WAIT_S = 600
MOST_WAITS = 60
END_S = 7.0
"""How long a flow may take to end when it is told to."""
LOOK_EVERY_S = 1.0
DUE = ("SCHEDULED", "PENDING")


def main() -> None:
    """Begin the flow run that PREFECT__FLOW_RUN_ID names. Exit code 0 when the server knows what came of it."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    api = Api(os.environ["PREFECT_API_URL"])
    own = api.get(f"/flow_runs/{os.environ['PREFECT__FLOW_RUN_ID']}")
    try:
        sys.exit(begin(layout.find(), api, own))
    except Locked as error:
        _wait(api, own, error)
    except Interrupted:
        _put_off(api, own)
    except (DailiesError, OSError) as error:
        _fail(api, own, str(error))


def begin(root: Path, api: Api, own: Mapping[str, Any]) -> int:
    """Run it, unless it has nothing to do; the exit code. Raises what makes it fail before its flow could."""
    if newest := overtaken(api, own):
        api.set_state(own["id"], "CANCELLED", "Overtaken", f"Overtaken by {newest['name']}, due {newest[WHEN]}")
        return 0
    if commit := following.follow(root):
        api.log(own["id"], f"main is brought to {commit[:12]} of the shared repository")
    model = own["parameters"]["model"]
    source = params.read(root / "params.yaml").model(model).source
    asked = Asked(own["parameters"].get("overrides") or {}, own["parameters"].get("promote", True), trigger(own))
    runs.check_committed(root)
    if brought := following.bring(root, layout.stages(model, source)):
        api.log(own["id"], f"{brought} outputs are brought from the DVC remote, which another machine made")
    if not asked.overrides:
        look = current.look(root, model, source)
        if not look.reasons and look.version:
            said = f"{model} is current: every stage is up to date with {look.version.tag}"
            api.set_state(own["id"], "COMPLETED", "Current", said)
            return 0
        api.log(own["id"], f"{model} is not current: {look.reasons[0] if look.reasons else 'no version yet'}")
    check_space(root)
    around = Around({"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S)}, flow_run=own["id"], wait=watched)
    return exit_code(work(root, model, asked, around))


def exit_code(ended: Ended) -> int:
    """0 when the flow has told the server how it ended; else the worker is to call it crashed."""
    return 0 if ended.content or not ended.exit_code else 1


WHEN = "expected_start_time"


def overtaken(api: Api, own: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The newest run of the same schedule that is due as well; those between are cancelled on the way, and when this one
    is the newest, the older ones. None when this one is to run."""
    if not own.get("auto_scheduled"):
        return None
    due = {
        "deployment_id": {"any_": [own["deployment_id"]]},
        "state": {"type": {"any_": DUE}},
        "expected_start_time": {"before_": datetime.datetime.now(datetime.UTC).isoformat()},
    }
    found = api.post("/flow_runs/filter", {"flow_runs": due, "sort": "EXPECTED_START_TIME_DESC", "limit": 200})
    others = [each for each in found if each["auto_scheduled"] and each["id"] != own["id"]]
    newest = max([own, *others], key=lambda each: (each[WHEN], each["id"]))
    for each in others:
        if each is not newest and each["state_type"] == "SCHEDULED":
            said = f"Overtaken by {newest['name']}, due {newest[WHEN]}"
            api.set_state(each["id"], "CANCELLED", "Overtaken", said)
    return None if newest is own else newest


def trigger(own: Mapping[str, Any]) -> str:
    """Who or what asked for this run, for the version's tag."""
    if own.get("auto_scheduled"):
        return "schedule"
    by = own.get("created_by") or {}
    return str(by.get("display_value") or by.get("type") or "hand").lower()


def watched(process: "subprocess.Popen[str]") -> int:
    """Wait for the flow; raise Interrupted when the worker is gone. The flow is told to end before that."""
    parent = os.getppid()
    try:
        while True:
            try:
                return process.wait(LOOK_EVERY_S)
            except subprocess.TimeoutExpired:
                if os.getppid() != parent:
                    raise Interrupted("the worker has ended") from None
    except BaseException:
        _end(process)
        raise


def _end(process: "subprocess.Popen[str]") -> None:
    """Tell the flow to end, which ends its step, and do not wait for ever."""
    process.terminate()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _stop(number: int, frame: Any) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise Interrupted("told to terminate")


def _wait(api: Api, own: Mapping[str, Any], error: Locked) -> None:
    """Try again later, each time after twice as long. Fail in the end."""
    states = api.get(f"/flow_run_states/?flow_run_id={own['id']}")
    before = sum(state["name"] == LOCKED for state in states)
    if before >= MOST_WAITS:
        _fail(api, own, f"given up after {before} waits: {error}")
        return
    wait = min(LONGEST_WAIT_S, 15 * 2**before)
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=wait)
    api.set_state(own["id"], "SCHEDULED", LOCKED, f"{error}; this run tries again in {wait} s", at)


def _put_off(api: Api, own: Mapping[str, Any]) -> None:
    """The worker was stopped, or the run cancelled: only the first is to be taken up again by the next worker."""
    now = api.get(f"/flow_runs/{own['id']}")
    if now["state_type"] in ("CANCELLING", "CANCELLED"):
        return
    said = "its worker was stopped; the next one takes it up where it was"
    api.set_state(own["id"], "SCHEDULED", "AwaitingRetry", said, datetime.datetime.now(datetime.UTC))


def _fail(api: Api, own: Mapping[str, Any], said: str) -> None:
    """The flow never began, so this says on its behalf why not."""
    for line in said.splitlines():
        api.log(own["id"], line, 40)
    api.set_state(own["id"], "FAILED", "Failed", said)
    api.emit("dailies.failed", str(own["parameters"].get("model", "")), {"flow_run": own["id"], "error": said})


if __name__ == "__main__":
    main()
