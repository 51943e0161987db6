"""Tune: look for settings that do better on the validation split. `python -m steps.tune MODEL TRIALS MINUTES RESULT`.

Every trial is a training as `train` makes it, with other settings, measured on validation samples, or by folds where the
model has them; test samples are never opened. Trials are kept in `.dailies/tune/<fingerprint>/`, where the fingerprint
is of everything that they have in common. Killed at any point and started again, the search goes on: a trial under way
is taken up at its checkpoint, and the trials that follow are those that would have followed. RESULT gets all of it.
"""

import dataclasses
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from media.shards import Shards
from models import folds, search
from models.settings import Training, resolve
from project import layout, params
from project.errors import DailiesError, UsageError
from project.progress import Progress, note
from recipes import Recipe, load
from steps.command import read_plan, run
from steps.train import fingerprint, new_job, new_net, start_weights

DIGITS = 3
"""Significant digits of a number that a trial tries, so that what params.yaml then says is what was measured."""
FAILED = "failed"


class TimeUp(Exception):
    """The budget of minutes is used; the trial under way goes on next time."""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """The metric by which trials are compared: the first floor of the model's gate."""

    metric: str
    larger_is_better: bool


@dataclass(frozen=True, kw_only=True)
class Search:
    """What all trials share."""

    recipe: Recipe
    settings: Training
    shards: Shards
    start: Any
    goal: Goal
    space: list[search.Dimension]
    folder: Path
    over: Callable[[], bool]


def main(root: Path, name: str, trials: int, minutes: float, result: Path) -> None:
    """Bring the number of trials of model `name` up to `trials`, or use `minutes`; write what is known to `result`."""
    ends = time.monotonic() + 60 * minutes if minutes else float("inf")
    found = _search(root, name, lambda: time.monotonic() >= ends)
    study = _study(found)
    progress = Progress("trials", trials)
    while _counted(study) < trials and not found.over():
        try:
            _try(found, study, partial(_tick, progress, _counted(study)))
        except TimeUp:
            break
    layout.write_json(result, _told(found, study))


def _tick(progress: Progress, before: int, share: float) -> None:
    progress.tick(before + share)


def _search(root: Path, name: str, over: Callable[[], bool]) -> Search:
    plan = read_plan(root, "train", name)
    recipe = load(plan["recipe"])
    settings = resolve(recipe.settings, plan["settings"], f"models.{name}.settings")
    shards = Shards(layout.shards(root, name))
    named = params.read(root / "params.yaml").model(name).tune
    space = search.space(settings, recipe.search, named, f"models.{name}.tune")
    goal = _goal(name, layout.read_plan(root, "validate", name)["gate"])
    if not settings.folds and len(shards.split("validation")) == 0:
        raise UsageError(
            f"{name} has no validation samples, on which trials are compared; set models.{name}.split.validation above 0, "
            "or settings.folds to compare by folds of the training samples"
        )
    told = [fingerprint(root, name), *map(repr, space), repr(goal)]
    folder = layout.private(root) / "tune" / f"{name}-{hashlib.sha256(''.join(told).encode()).hexdigest()[:16]}"
    start = start_weights(root, plan["start"])
    return Search(recipe=recipe, settings=settings, shards=shards, start=start, goal=goal, space=space, folder=folder,
                  over=over)  # fmt: skip


def _goal(name: str, gate: Mapping[str, Mapping[str, float]]) -> Goal:
    for metric, limit in gate.items():
        return Goal(metric=metric, larger_is_better="at_least" in limit)
    raise UsageError(f"{name} has no gate, whose first metric trials are compared by; set models.{name}.gate")


def _study(found: Search) -> optuna.Study:
    """The search so far. Trials that a killed process left come first again; the first of all has the present settings."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    found.folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=f"sqlite:///{found.folder / 'trials.sqlite'}",
        study_name="trials",
        direction="maximize" if found.goal.larger_is_better else "minimize",
        load_if_exists=True,
    )
    if not study.trials:
        study.enqueue_trial({dimension.name: getattr(found.settings, dimension.name) for dimension in found.space})
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        _again(study, trial.number, trial.params)
    return study


def _again(study: optuna.Study, number: int, values: Mapping[str, Any]) -> None:
    study.enqueue_trial(dict(values))
    study.tell(number, state=TrialState.FAIL)


def _counted(study: optuna.Study) -> int:
    """Trials that ended: measured, or failed for a reason of their own."""
    return sum(trial.state == TrialState.COMPLETE or FAILED in trial.user_attrs for trial in study.trials)


def _try(found: Search, study: optuna.Study, tick: Callable[[float], None]) -> None:
    """One trial. Its draws follow from the seed and from how many came before it. Raises TimeUp."""
    study.sampler = optuna.samplers.TPESampler(seed=found.settings.seed + _counted(study), multivariate=True)
    trial = study.ask()
    chosen = {dimension.name: _chosen(trial, dimension) for dimension in found.space}
    started = time.monotonic()

    def told(done: float, **values: float) -> None:
        tick(min(1.0, done / (found.settings.minutes or found.settings.epochs)))
        if found.over():
            raise TimeUp

    try:
        metrics = _measured(found, chosen, told)
        value = metrics[found.goal.metric]
    except TimeUp:
        _again(study, trial.number, trial.params)
        raise
    except KeyError:
        raise UsageError(
            f"the gate asks for {found.goal.metric!r}, which is not measured; known: {', '.join(sorted(metrics))}"
        ) from None
    except DailiesError as error:
        shutil.rmtree(found.folder / "checkpoints", ignore_errors=True)
        trial.set_user_attr(FAILED, str(error))
        study.tell(trial, state=TrialState.FAIL)
        note(f"trial {_counted(study)} failed: {error}")
        return
    trial.set_user_attr("metrics", metrics)
    trial.set_user_attr("seconds", round(time.monotonic() - started, 1))
    study.tell(trial, value)
    shutil.rmtree(found.folder / "checkpoints", ignore_errors=True)
    note(f"trial {_counted(study)}: {found.goal.metric} {value:.4f} with {_spelt(chosen)}")


def _chosen(trial: optuna.Trial, dimension: search.Dimension) -> Any:
    if dimension.choices:
        return trial.suggest_categorical(dimension.name, dimension.choices)
    if dimension.whole:
        return trial.suggest_int(dimension.name, int(dimension.low), int(dimension.high), log=dimension.log)
    return _rounded(trial.suggest_float(dimension.name, dimension.low, dimension.high, log=dimension.log))


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _measured(found: Search, chosen: Mapping[str, Any], tick: Callable[..., None]) -> dict[str, float]:
    """Metrics of a training with the chosen settings, on samples that it did not learn from."""
    settings = dataclasses.replace(found.settings, **chosen)
    job = new_job(found.recipe, settings, found.shards, found.folder / "checkpoints", tick, found.start)
    if settings.folds:
        measured = folds.cross_validate(
            job,
            net=lambda settings, facts: new_net(found.recipe, settings, dict(facts)),
            fit=found.recipe.fit,
            evaluate=found.recipe.measure,
        )
        return {name: values["mean"] for name, values in measured.items()}
    found.recipe.fit(job)
    outcome = found.recipe.measure(job.net, job.validation, job.facts, job.train)
    return {name: float(value) for name, value in outcome.metrics.items()}


def _told(found: Search, study: optuna.Study) -> dict[str, Any]:
    """The search as JSON: the goal, its space, each trial that ended, in order, and which did best."""
    ended = [trial for trial in study.trials if trial.state == TrialState.COMPLETE or FAILED in trial.user_attrs]
    trials = [
        {
            "trial": number,
            "value": trial.value,
            "settings": {name: _rounded(v) if isinstance(v, float) else v for name, v in trial.params.items()},
            **trial.user_attrs,
        }
        for number, trial in enumerate(ended, 1)
    ]
    measured = [trial for trial in trials if trial["value"] is not None]
    sign = -1 if found.goal.larger_is_better else 1
    best = min(measured, key=lambda trial: (sign * trial["value"], trial["trial"]), default=None)
    return {
        "metric": found.goal.metric,
        "larger_is_better": found.goal.larger_is_better,
        "measured_on": f"{found.settings.folds} folds of the training samples" if found.settings.folds
        else f"{len(found.shards.split('validation'))} validation samples",
        "searched": [dimension.told() for dimension in found.space],
        "present": {dimension.name: getattr(found.settings, dimension.name) for dimension in found.space},
        "trials": trials,
        "best": best["trial"] if best else None,
        "kept": str(found.folder),
    }  # fmt: skip


def _spelt(chosen: Mapping[str, Any]) -> str:
    return json.dumps(chosen).strip("{}").replace('"', "")


if __name__ == "__main__":
    count, budget, place = int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4])
    run(lambda root, name: main(root, name, count, budget, place), verb="tune")
