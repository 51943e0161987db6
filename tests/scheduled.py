"""What `dailies up` runs in a test: a workspace whose server, worker and runs are real, and questions to that server."""

import datetime
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from workspaces import Workspace

from flows.api import Api

LONG_S = 400
"""A test waits so long for what must happen; a loaded machine takes its time."""
FINAL = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")


def until(said: str, true: Callable[[], Any], within_s: float = LONG_S) -> Any:
    """What `true` gives as soon as it gives something."""
    end = time.monotonic() + within_s
    while not (found := true()):
        assert time.monotonic() < end, said
        time.sleep(0.1)
    return found


@dataclass(frozen=True)
class Up:
    """A workspace in which `dailies up` runs."""

    workspace: Workspace

    @property
    def status(self) -> dict[str, Any]:
        """What `dailies up` says of itself."""
        text = (self.workspace.folder / ".dailies/up/server.json").read_text()
        found: dict[str, Any] = json.loads(text)
        return found

    @property
    def api(self) -> Api:
        return Api(self.status["url"])

    def pid(self, part: str) -> int:
        return int(self.status["children"][part]["pid"])

    def start(self, deployment: str, **parameters: Any) -> str:
        """Start a run as a person does in Prefect's page; its id."""
        found = self.api.get(f"/deployments/name/{deployment}")
        run = self.api.post(f"/deployments/{found['id']}/create_flow_run", {"parameters": parameters})
        return str(run["id"])

    def run(self, flow_run: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/flow_runs/{flow_run}")
        return found

    def wait(self, flow_run: str, *states: str) -> dict[str, Any]:
        """The run once its state has one of these names, or is final where none is given."""

        def there() -> dict[str, Any] | None:
            run = self.run(flow_run)
            return run if run["state_name"] in states or (not states and run["state_type"] in FINAL) else None

        return dict(until(f"{flow_run} is {self.run(flow_run)['state']}, not {states}", there))

    def states(self, flow_run: str) -> list[str]:
        """The names of the states that it had, in order."""
        found = self.api.get(f"/flow_run_states/?flow_run_id={flow_run}")
        return [state["name"] for state in sorted(found, key=lambda state: state["timestamp"])]

    def runs(self, deployment: str) -> list[dict[str, Any]]:
        found = self.api.get(f"/deployments/name/{deployment}")
        asked = {"flow_runs": {"deployment_id": {"any_": [found["id"]]}}, "sort": "EXPECTED_START_TIME_ASC"}
        return list(self.api.post("/flow_runs/filter", asked))

    def make_due(self, flow_runs: Iterable[str]) -> None:
        """Let the time of these scheduled runs be over, one a minute, the last one now: as after an outage."""
        ids = list(flow_runs)
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        with sqlite3.connect(self.workspace.folder / ".dailies/prefect/prefect.db", timeout=60) as db:
            for minutes, each in enumerate(reversed(ids)):
                at = str(now - datetime.timedelta(minutes=minutes, seconds=1))
                change = "update flow_run set expected_start_time=?, next_scheduled_start_time=? where id=?"
                assert db.execute(change, (at, at, each)).rowcount == 1
        db.close()

    def trains(self, model: str) -> bool:
        """Is a step that trains `model` running here?"""
        return any(line.endswith(f"steps.train {model}") for line in self.processes())

    def processes(self) -> list[str]:
        """The command lines of all that runs in this workspace."""
        found = psutil.process_iter(["cmdline", "cwd"])
        here = [each.info for each in found if (each.info["cwd"] or "").startswith(str(self.workspace.folder))]
        return [" ".join(each["cmdline"]) for each in here if each["cmdline"]]

    def versions(self, model: str) -> list[str]:
        return [tag for tag in self.workspace.tags() if tag.startswith(f"{model}@")]

    def cleaned(self, model: str) -> bool:
        """Wait until nothing of a run of `model` is left; its state is final some moments before."""
        return bool(until("a worktree is left", lambda: not self.trains(model) and not self.worktrees(model)))

    def worktrees(self, model: str) -> list[str]:
        """Worktrees and branches of runs of `model`."""
        branches = self.workspace.git("for-each-ref", f"refs/heads/run/{model}-*").splitlines()
        return [*branches, *(path.name for path in (self.workspace.folder / ".dailies/runs").glob(f"{model}-*"))]

    def write(self, text: str) -> None:
        (self.workspace.folder / "params.yaml").write_text(text)


def kill_below(pid: int) -> None:
    """kill -9 a process and all below it."""
    process = psutil.Process(pid)
    for each in [process, *process.children(recursive=True)]:
        try:
            each.kill()
        except psutil.NoSuchProcess:
            continue


def second_worker(up: Up, log: Path) -> "subprocess.Popen[str]":
    """Another worker of the same pool, as on another machine."""
    env = up.workspace.env | {"PREFECT_API_URL": up.status["url"], "PREFECT_WORKER_QUERY_SECONDS": "2"}
    with log.open("w") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "flows.worker", "2"],
            cwd=up.workspace.folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            text=True,
        )
