"""Cross-validation: how much a metric depends on which samples were held out."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from torch import nn

from models.data import Samples
from models.job import Fitted, Job
from models.outcome import Outcome
from project.errors import DailiesError


def cross_validate(
    job: Job,
    *,
    net: Callable[[Any, Mapping[str, Any]], nn.Module],
    fit: Callable[[Job], Fitted],
    evaluate: Callable[[nn.Module, Samples, Mapping[str, Any], Samples], Outcome],
) -> dict[str, dict[str, float]]:
    """Train `job.settings.folds` networks, each without one fold of the training samples, and measure each on its own.

    `evaluate` gets (network, samples of the fold, facts, samples that were trained on).

    The fold of a sample is its column `fold` modulo the number of folds. Originals alone are held out; their augmented
    copies share the fold, so nothing is trained on them either. What a training looks at while it learns, as `patience`
    does, is `job.validation`: the fold is for the measure alone. `job.net` is not used.

    Returns {metric: {"mean": …, "spread": …}}, the spread being the standard deviation over folds (n - 1). Raises
    DailiesError before anything is trained when a fold is empty.
    """
    folds = job.settings.folds
    place = np.asarray(job.train.column("fold")) % folds
    original = np.asarray(job.train.column("copy")) == 0
    empty = np.flatnonzero(np.bincount(place[original], minlength=folds) == 0)
    if len(empty):
        raise DailiesError(f"folds is {folds}: fold {empty[0]} has no original sample; set fewer folds")
    measured = []
    for fold in range(folds):
        held_out = job.train.where((place == fold) & original)
        part = dataclasses.replace(
            job,
            net=net(job.settings, job.facts),
            train=job.train.where(place != fold),
            checkpoints=job.checkpoints / f"fold-{fold}" if job.checkpoints else None,
        )
        fit(part)
        measured.append(evaluate(part.net, held_out, job.facts, part.train).metrics)
    return {name: _summary([values[name] for values in measured]) for name in measured[0]}


def _summary(values: list[float]) -> dict[str, float]:
    return {"mean": float(np.mean(values)), "spread": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0}
