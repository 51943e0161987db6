"""Retrain one model: plan, ingest, augment, train, validate, register. Runs in the worktree that it was started in."""

import argparse
import datetime
import json
import os
import platform
import time
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from flows import approval, child, quiet
from lineage import current
from project import layout, params, schedule
from project.secrets import scrubbed
from registry import run_log, tags
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
    model: str, promote: bool, overrides: dict[str, Any], run_id: str, base: str, trigger: str
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
    may = promote and entry.promote != "never"
    ask_s = schedule.seconds(entry.approve_within) if entry.promote == "ask" else 0
    made = register(Candidate(run, entry.source, base, may, bool(overrides), told, entry.worse_by, ask_s))
    if made.promoted or not made.new:
        return Completed(data=made, message=f"{made.version.tag}")
    if made.waits_until:
        approval.ask(made.version.tag)
        return Completed(data=made, name="Waiting", message=f"{made.version.tag} waits for a person")
    return Completed(data=made, name="Refused" if may else "Registered", message=f"{made.version.tag} is not promoted")


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
    """Run in the present folder, a run's worktree, and write what came of it for the command that waits."""
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
    if child.may_begin():
        child.explained(asked.result, lambda said: _tell(asked, "failed", said), lambda: _run(asked))


def _run(asked: argparse.Namespace) -> dict[str, Any]:
    facts = {
        "trigger": asked.trigger,
        "promote": not asked.no_promote,
        "overrides": json.loads(asked.overrides),
    }
    parameters = {"model": asked.model, "run_id": asked.run_id, "base": asked.base, **facts}
    before = tags.live(Path.cwd(), asked.model)
    with record.kept(asked.result.parent, asked.model, asked.run_id, **facts) as keep:
        made = cast(Registration, child.run(retrain, parameters, asked.flow_run))
        keep(made)
    if made.promoted and (before is None or before.tag != made.version.tag):
        _tell(asked, "promoted", made.as_dict())
    elif made.new:
        _tell(asked, "registered" if asked.no_promote or made.waits_until else "refused", made.as_dict())
    return scrubbed(made.as_dict())


def _tell(asked: argparse.Namespace, outcome: str, said: dict[str, Any]) -> None:
    child.tell(outcome, asked.model, scrubbed({"run": asked.run_id, **said}))


if __name__ == "__main__":
    main()
