"""Retrain one model: plan, ingest, augment, train, validate, register. Runs in the worktree that it was started in."""

import argparse
import contextlib
import datetime
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any, cast

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from flows import quiet
from lineage import current
from project import layout, params
from project.errors import DailiesError, full
from project.secrets import scrubbed
from registry import run_log
from registry.publish import Candidate, Registration
from registry.runs import Run, who
from tasks import record
from tasks.augment import augment
from tasks.ingest import ingest
from tasks.plan import plan
from tasks.register import register
from tasks.stage import Outcome
from tasks.train import train
from tasks.validate import validate


@flow(name="retrain", flow_run_name="{run_id}", validate_parameters=False)
def retrain(
    run_id: str, model: str, base: str, promote: bool, overrides: dict[str, Any], trigger: str
) -> State[Registration]:
    """Bring every stage of `model` up to date and register the result; the state says what came of it."""
    started = time.time()
    root = Path.cwd()
    run_log.note(layout.logs(root, run_id), flow_run_id=str(flow_run.id or ""))
    entry = params.read(root / "params.yaml").model(model)
    outcomes = [
        plan(layout.stages(model, entry.source), current.moved(root, model, entry.source)),
        ingest(entry.source),
        augment(model),
        train(model),
        validate(model),
    ]
    run = Run(run_id, model, layout.private(root).parent, root)
    told = _record(entry, outcomes, started, trigger, overrides)
    made = register(Candidate(run, entry.source, base, promote, bool(overrides), told))
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

    The flow begins when that command has written a line; an end of input instead means that there is nothing to do.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--no-promote", action="store_true")
    parser.add_argument("--overrides", default="{}")
    parser.add_argument("--trigger", default="hand")
    parser.add_argument("--result", type=Path, required=True)
    asked = parser.parse_args()
    quiet.console()
    if not sys.stdin.readline():
        return
    try:
        overrides, promote = json.loads(asked.overrides), not asked.no_promote
        facts = {"trigger": asked.trigger, "promote": promote, "overrides": overrides}
        with record.kept(asked.result.parent, asked.model, asked.run_id, **facts) as keep:
            made = cast(Registration, retrain(asked.run_id, asked.model, asked.base, promote, overrides, asked.trigger))
            keep(made)
    except (DailiesError, OSError) as error:
        known = error if isinstance(error, DailiesError) else full(error)
        if known is None:
            raise
        said = {"error": str(known), "exit_code": known.exit_code, "kind": type(known).__name__}
        with contextlib.suppress(OSError):  # a full disk takes no result either; the exit code says it as well
            layout.write_json(asked.result, said)
        sys.exit(known.exit_code)
    layout.write_json(asked.result, scrubbed(made.as_dict()))


if __name__ == "__main__":
    main()
