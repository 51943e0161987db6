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
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from flows.api import Api
from flows.working import Around, Asked, Begun, Ended, check_space, retraining, work
from lineage import current
from project import layout, params
from project.errors import DailiesError, Interrupted, Locked, RemoteUnreachable
from project.notices import Notice
from registry import following, runs
from tasks import notify

HEARTBEAT_S = 30
"""The least that Prefect allows; three of them missing, and the zombie automation calls the run crashed."""
LOCKED, AWAY = "AwaitingLock", "AwaitingRemote"
LONGEST_WAIT_S = 600
MOST_WAITS = 60
END_S = 5.0
"""How long a flow may take to end when it is told to."""
LOOK_EVERY_S = 1.0
DUE = ("SCHEDULED", "PENDING")
WHEN = "expected_start_time"
REFRESH = "refresh"
"""What a run of all models is called where a run of one bears its model's name: worktree, lock."""


def main() -> None:
    """Begin the flow run that PREFECT__FLOW_RUN_ID names. Exit code 0 when the server knows what came of it."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    api = Api(os.environ["PREFECT_API_URL"])
    own = api.get(f"/flow_runs/{os.environ['PREFECT__FLOW_RUN_ID']}")
    code = 0
    try:
        code = begin(layout.find(), api, own)
    except (Locked, RemoteUnreachable) as error:
        _be_deaf()
        _wait(api, own, error)
    except Interrupted:
        _put_off(api, own)
    except (DailiesError, OSError) as error:
        _be_deaf()
        _fail(api, own, str(error))
    _be_deaf()
    sys.exit(code)


def _be_deaf() -> None:
    """The server is told how this ends: a worker that stops in that moment must not make a crash of it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def begin(root: Path, api: Api, own: Mapping[str, Any]) -> int:
    """Run it, unless it has nothing to do; the exit code. Raises what makes it fail before its flow could."""
    if by := overtaken(api, own):
        api.set_state(own["id"], "CANCELLED", "Overtaken", f"Overtaken by {by['name']}, due {by[WHEN]}")
        return 0
    if commit := following.follow(root):
        api.log(own["id"], f"main is brought to {commit[:12]} of the shared repository")
    with runs.still(root):
        read = params.read(root / "params.yaml")
    runs.check_committed(root)
    told = own["parameters"]
    name = told.get("model", REFRESH)
    overrides = told.get("overrides") or {}
    models = {each: read.model(each).source for each in ([name] if "model" in told else read.in_order())}
    if brought := following.bring(root, [stage for each in models.items() for stage in layout.stages(*each)]):
        api.log(own["id"], f"{brought} outputs that another machine made are brought from the DVC remote")
    reasons = {} if overrides else changed(root, models)
    if not overrides and not reasons:
        who = f"{name} is" if "model" in told else f"all {len(models)} models are"
        said = f"{who} current: every stage is up to date; nothing to do"
        api.log(own["id"], said)
        api.set_state(own["id"], "COMPLETED", "Current", said)
        return 0
    for model, reason in reasons.items():
        api.log(own["id"], f"{model} is not current: {reason}")
    check_space(root)
    around = Around({"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S)}, flow_run=own["id"], wait=watched)
    if "model" in told:
        asked = Asked(overrides, told.get("promote", True), trigger(own))
        return exit_code(work(root, name, retraining(asked), around, overrides))
    return exit_code(work(root, REFRESH, refreshing(told.get("limit", 1)), around))


def changed(root: Path, models: Mapping[str, str]) -> dict[str, str]:
    """Of the models (name → source) those that are not current, and why."""
    looks = current.look_at_all(root, models)
    return {name: look.reasons[0] for name, look in looks.items() if look.reasons}


def refreshing(limit: int) -> Begun:
    """The flow of everything that changed."""
    return lambda run, base: ["flows.refresh", "--run-id", run.id, "--base", base, "--limit", str(limit)]


def exit_code(ended: Ended) -> int:
    """0 when the flow has told the server how it ended; else the worker is to call it crashed."""
    return 0 if ended.content or not ended.exit_code else 1


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
    last = newest([own, *others])
    for each in others:
        if each is not last and each["state_type"] == "SCHEDULED":
            api.set_state(each["id"], "CANCELLED", "Overtaken", f"Overtaken by {last['name']}, due {last[WHEN]}")
    return None if last is own else last


def newest(found: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The run that is due last. The server leaves out a fraction of zero, so times are compared, not their text."""
    return max(found, key=lambda each: (datetime.datetime.fromisoformat(each[WHEN]), each["id"]))


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
    _be_deaf()
    raise Interrupted("told to terminate")


def _wait(api: Api, own: Mapping[str, Any], error: Locked | RemoteUnreachable) -> None:
    """Try again later, each time after twice as long. Fail in the end."""
    name = LOCKED if isinstance(error, Locked) else AWAY
    states = api.get(f"/flow_run_states/?flow_run_id={own['id']}")
    before = sum(state["name"] == name for state in states)
    if before >= MOST_WAITS:
        _fail(api, own, f"given up after {before} waits: {error}")
        return
    wait = min(LONGEST_WAIT_S, 15 * 2**before)
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=wait)
    api.set_state(own["id"], "SCHEDULED", name, f"{error}; this run tries again in {wait} s", at)


def _put_off(api: Api, own: Mapping[str, Any]) -> None:
    """The worker was stopped, or the run cancelled: only the first is to be taken up again by the next worker."""
    now = api.get(f"/flow_runs/{own['id']}")
    if now["state_type"] in ("CANCELLING", "CANCELLED", "COMPLETED"):
        return
    said = "its worker was stopped; the next one takes it up where it was"
    api.set_state(own["id"], "SCHEDULED", "AwaitingRetry", said, datetime.datetime.now(datetime.UTC))


def _fail(api: Api, own: Mapping[str, Any], said: str) -> None:
    """The flow never began, so this says on its behalf why not."""
    for line in said.splitlines():
        api.log(own["id"], line, 40)
    api.set_state(own["id"], "FAILED", "Failed", said)
    model = str(own["parameters"].get("model", ""))
    name = model or "refresh"
    notify.tell(Notice("failed", model, f"{name} failed before it began", said, f"dailies runs show {own['name']}"))
    api.emit("dailies.failed", str(own["parameters"].get("model", "")), {"flow_run": own["id"], "error": said})


if __name__ == "__main__":
    main()
