"""Cross-validation: how much a metric depends on which samples were held out."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from torch import nn

from models.data import Samples
from models.evaluate import Outcome
from models.fit import Fitted, Job
from project.errors import DailiesError


def cross_validate(
    job: Job,
    *,
    net: Callable[[Any, Mapping[str, Any]], nn.Module],
    fit: Callable[[Job], Fitted],
    evaluate: Callable[[nn.Module, Samples, Mapping[str, Any]], Outcome],
) -> dict[str, dict[str, float]]:
    """Train `job.settings.folds` networks, each without one fold of the training samples, and measure each on its own.

    The fold of a sample is its column `fold` modulo the number of folds. Originals alone are held out; their augmented
    copies share the fold, so nothing is trained on them either. Returns {metric: {"mean": …, "spread": …}}, the spread
    being the standard deviation over folds (n - 1).
    """
    folds = job.settings.folds
    place = np.asarray(job.train.column("fold")) % folds
    original = np.asarray(job.train.column("copy")) == 0
    measured = []
    for fold in range(folds):
        held_out = job.train.where((place == fold) & original)
        if len(held_out) == 0:
            raise DailiesError(f"folds is {folds}: fold {fold} has no sample; use fewer folds")
        part = dataclasses.replace(
            job,
            net=net(job.settings, job.facts),
            train=job.train.where(place != fold),
            validation=held_out,
            checkpoints=job.checkpoints / f"fold-{fold}" if job.checkpoints else None,
        )
        fit(part)
        measured.append(evaluate(part.net, held_out, job.facts).metrics)
    return {name: _spread([values[name] for values in measured]) for name in measured[0]}


def _spread(values: list[float]) -> dict[str, float]:
    return {"mean": float(np.mean(values)), "spread": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0}
