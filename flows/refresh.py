"""Refresh: ingest every source that changed, then retrain every model that is not current, each as a run of its own."""

import argparse
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from prefect import flow, get_client
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_run_logger
from prefect.states import Cancelling, Completed, Failed

from flows import child, quiet
from flows.deployments import RETRAIN
from lineage import current
from project import layout, params
from project.errors import DailiesError
from registry import dvc, git
from registry.landing import land
from registry.runs import Run
from tasks.ingest import ingest
from tasks.plan import plan
from tasks.stage import bring_up_to_date

LOOK_EVERY_S = 2.0


@flow(name="refresh", flow_run_name="{run_id}", validate_parameters=False)
def refresh(limit: int, run_id: str, base: str) -> State[dict[str, str]]:
    """What came of each source that failed and of each model that was run, name → phrase."""
    root = Path.cwd()
    read = params.read(root / "params.yaml")
    run = Run(run_id, "refresh", layout.private(root).parent, root)
    models = {name: read.model(name).source for name in read.in_order()}
    looks = current.look_at_all(run.workspace, models)
    stale = {name: source for name, source in models.items() if looks[name].reasons}
    told = {f"source {name}": said for name, said in bring_in(run, base, list(dict.fromkeys(stale.values()))).items()}
    told |= Retraining(read, limit, run_id).run(list(stale))
    rows = [{"what": name, "result": said} for name, said in told.items()]
    create_table_artifact(key="refresh", table=rows, description=f"What {run_id} did")
    failed = [name for name, said in told.items() if said.startswith(FAILED)]
    if failed:
        return Failed(data=told, message=f"{len(failed)} of {len(told)} failed: {', '.join(failed)}")
    return Completed(data=told, message=f"{len(told)} models were run")


FAILED = ("Failed", "Crashed", "Cancel", "TimedOut")
"""How the phrase of a model or source begins that a person should look at."""


def bring_in(run: Run, base: str, sources: list[str]) -> dict[str, str]:
    """Ingest those sources that changed, push what that made, and land it; what went wrong, by source.

    Before any model runs: else each model of a source would do it once more.
    """
    stages = [f"ingest@{source}" for source in sources]
    moved = next(filter(None, (current.moved_source(run.folder, source) for source in sources)), "")
    plan(["plan", *stages], moved)
    failed, ran = {}, []
    for source, stage in zip(sources, stages, strict=True):
        try:
            if ingest(source).ran:
                ran.append(stage)
        except DailiesError as error:
            failed[source] = f"Failed: {error}"
    if ran:
        git.add(run.folder, "params.yaml", "dvc.lock", "data/plan")
        names = ", ".join(stage.partition("@")[2] for stage in ran)
        git.commit(run.folder, f"Ingest {names}", {"Run": run.id})
        dvc.push(run.folder, ran, layout.cached(dvc.outputs(dvc.read_lock(run.folder), ran)))
        land(run, base, ["plan", *ran], lambda: _replan())
    return failed


def _replan() -> None:
    bring_up_to_date("plan", force=True)


@dataclass(slots=True)
class Retraining:
    """Runs of models, `limit` at a time, each after the one that it is to follow."""

    read: params.Params
    limit: int
    run_id: str
    running: dict[str, FlowRun] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)

    def run(self, names: list[str]) -> dict[str, str]:
        """What came of each. When this is ended, the runs that are under way are cancelled."""
        waiting = list(names)
        try:
            while waiting or self.running:
                for name in [name for name in waiting if self._may(name, waiting)]:
                    if len(self.running) < self.limit:
                        waiting.remove(name)
                        self._start(name)
                self._look()
                time.sleep(LOOK_EVERY_S if self.running else 0)
        except BaseException:
            self._cancel()
            raise
        return {name: self.told[name] for name in names}

    def _may(self, name: str, waiting: list[str]) -> bool:
        before = self.read.before(name)
        return before not in waiting and before not in self.running

    def _start(self, name: str) -> None:
        threads = max(1, (os.cpu_count() or 1) // self.limit)
        try:
            self.running[name] = cast(
                FlowRun,
                run_deployment(
                    f"{RETRAIN}/{name}",
                    timeout=0,
                    idempotency_key=f"{self.run_id}-{name}",
                    job_variables={"env": {"DAILIES_THREADS": str(threads)}},
                ),
            )
            get_run_logger().info("%s begins", name)
        except ObjectNotFound:
            self.told[name] = "Failed: the server does not know it yet; run: dailies deploy"

    def _look(self) -> None:
        with get_client(sync_client=True) as client:
            for name, run in list(self.running.items()):
                state = client.read_flow_run(run.id).state
                if state and state.is_final():
                    del self.running[name]
                    self.told[name] = f"{state.name}: {state.message}" if state.message else str(state.name)
                    get_run_logger().info("%s: %s", name, self.told[name])

    def _cancel(self) -> None:
        with get_client(sync_client=True) as client:
            for run in self.running.values():
                client.set_flow_run_state(run.id, Cancelling(message="the refresh that asked for it has ended"))


def main() -> None:
    """Run in the present folder, a worktree, and write what came of it for the command that waits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--limit", type=int, default=1)
    parser.add_argument("--flow-run", type=UUID, help="the Prefect flow run that waits to be taken up")
    parser.add_argument("--result", type=Path, required=True)
    asked = parser.parse_args()
    quiet.console()
    if child.may_begin():
        child.explained(asked.result, lambda said: child.tell("failed", "refresh", said), lambda: _run(asked))


def _run(asked: argparse.Namespace) -> dict[str, Any]:
    parameters = {"limit": asked.limit, "run_id": asked.run_id, "base": asked.base}
    return {"told": cast(dict[str, str], child.run(refresh, parameters, asked.flow_run))}


if __name__ == "__main__":
    main()
