"""Retrain one model: plan, ingest, augment, train, validate, register. Runs in the worktree that it was started in."""

import argparse
import contextlib
import datetime
import json
import os
import platform
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.engine import handle_engine_signals
from prefect.events import emit_event
from prefect.flow_engine import load_flow_run, run_flow
from prefect.runtime import flow_run
from prefect.states import Completed

from flows import quiet
from lineage import current
from project import layout, params
from project.errors import DailiesError, full
from registry.publish import Candidate, Registration
from registry.runs import Run, who
from tasks.augment import augment
from tasks.ingest import ingest
from tasks.plan import plan
from tasks.register import register
from tasks.stage import Outcome
from tasks.train import train
from tasks.validate import validate


@flow(name="retrain", flow_run_name="{run_id}", validate_parameters=False)
def retrain(
    model: str, promote: bool, overrides: dict[str, Any], run_id: str, base: str, trigger: str
) -> State[Registration]:
    """Bring every stage of `model` up to date and register the result; the state says what came of it."""
    started = time.time()
    root = Path.cwd()
    entry = params.read(root / "params.yaml").model(model)
    outcomes = [
        plan(layout.stages(model, entry.source), current.moved(root, model, entry.source)),
        ingest(entry.source),
        augment(model),
        train(model),
        validate(model),
    ]
    run = Run(run_id, model, layout.private(root).parent, root)
    record = _record(entry, outcomes, started, trigger, overrides)
    made = register(Candidate(run, entry.source, base, promote, bool(overrides), record))
    if made.promoted or not made.new:
        return Completed(data=made, message=f"{made.version.tag}")
    return Completed(
        data=made, name="Refused" if promote else "Registered", message=f"{made.version.tag} is not promoted"
    )


def _record(
    entry: params.Model, outcomes: list[Outcome], started: float, trigger: str, overrides: dict[str, Any]
) -> dict[str, Any]:
    """What a version's tag and run.json tell of its run."""
    return {
        "recipe": entry.recipe,
        "source": entry.source,
        "flow_run_id": str(flow_run.id or ""),
        "who": who(),
        "trigger": trigger,
        "overrides": overrides,
        "started": datetime.datetime.fromtimestamp(started, datetime.UTC).isoformat(timespec="seconds"),
        "seconds": {outcome.stage: round(outcome.seconds, 1) for outcome in outcomes if outcome.ran},
        "python": platform.python_version(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
    }


def main() -> None:
    """Run in the present folder, a run's worktree, and write what came of it for the command that waits.

    The flow begins when that command has written a line; an end of input instead means that there is nothing to do. When
    the input ends later, that command has been killed, and the flow ends as well.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--no-promote", action="store_true")
    parser.add_argument("--overrides", default="{}")
    parser.add_argument("--trigger", default="hand")
    parser.add_argument("--flow-run", type=UUID, help="the Prefect flow run that waits to be taken up")
    parser.add_argument("--result", type=Path, required=True)
    asked = parser.parse_args()
    quiet.console()
    if not sys.stdin.readline():
        return
    threading.Thread(target=_end_with_the_input, daemon=True).start()
    parameters = {
        "model": asked.model,
        "promote": not asked.no_promote,
        "overrides": json.loads(asked.overrides),
        "run_id": asked.run_id,
        "base": asked.base,
        "trigger": asked.trigger,
    }
    try:
        found = _taken_up(asked.flow_run, parameters) if asked.flow_run else retrain(**parameters)
    except (DailiesError, OSError) as error:
        known = error if isinstance(error, DailiesError) else full(error)
        if known is None:
            raise
        said = {"error": str(known), "exit_code": known.exit_code, "kind": type(known).__name__}
        _tell(asked.model, asked.run_id, "failed", said)
        with contextlib.suppress(OSError):  # a full disk takes no result either; the exit code says it as well
            layout.write_json(asked.result, said)
        sys.exit(known.exit_code)
    made = cast(Registration, found)
    result = made.as_dict()
    refused = not made.promoted and not asked.no_promote and made.new
    _tell(asked.model, asked.run_id, "promoted" if made.promoted else "refused" if refused else "registered", result)
    layout.write_json(asked.result, result)


def _taken_up(flow_run: UUID, parameters: dict[str, Any]) -> Any:
    """Run the flow as the flow run that the server has scheduled, as Prefect's own engine would. Leaves the process when
    the server does not let it run, or ends it."""
    with handle_engine_signals(flow_run):
        try:
            return run_flow(retrain, flow_run=load_flow_run(flow_run), parameters=parameters)
        except (DailiesError, OSError) as error:
            failed = error
    raise failed


def _tell(model: str, run_id: str, outcome: str, said: dict[str, Any]) -> None:
    """One event for what came of the run; automations wait for it."""
    resource = {"prefect.resource.id": f"dailies.model.{model}", "prefect.resource.name": model}
    emit_event(f"dailies.{outcome}", resource, payload={"run": run_id, **said})


def _end_with_the_input() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
