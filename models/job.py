"""What a fitting loop is given and what it gives back."""

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.data import Samples
from models.pace import Pace
from models.settings import Training

PROBED = 16


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to train, on what, and where to keep the way back after a kill.

    net          trained in place
    facts        what the samples are: classes, fields, mean, std
    checkpoints  a folder for this training alone; the caller removes it when all is done
    tick         called as tick(epochs done, loss=…), with fractions within an epoch; by time with minutes used
    start        weights to begin with; entries that do not fit, as for other classes, keep their random start
    clock        what tells seconds where `settings.minutes` counts
    pace         how far this training is; each job has its own
    """

    net: nn.Module
    settings: Training
    facts: Mapping[str, Any]
    train: Samples
    validation: Samples
    checkpoints: Path | None = None
    tick: Callable[..., None] = lambda done, **values: None
    start: Mapping[str, Tensor] | None = None
    clock: Callable[[], float] = time.monotonic
    pace: Pace = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pace", Pace(self.settings, self.clock))


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """`history` has a row an epoch, counted from 1: epoch, rate, train_loss, train_accuracy, validation_loss … and by time
    the minutes used when it ended.

    `best_epoch` has the lowest validation loss; it is 0 without validation samples.
    """

    history: list[dict[str, float]]
    best_epoch: int
    stopped_early: bool


def identity(job: Job) -> str:
    """What must be equal for a checkpoint to belong to this job: settings, first weights, samples and torch."""
    digest = hashlib.sha256()
    about = [dataclasses.asdict(job.settings), list(job.facts["classes"]), torch.__version__]
    digest.update(json.dumps(about).encode())
    for samples in (job.train, job.validation):
        digest.update(_fingerprint(samples))
    for name, value in job.net.state_dict().items():
        digest.update(f"{name} {tuple(value.shape)} {value.double().sum().item()!r}".encode())
    return digest.hexdigest()


def _fingerprint(samples: Samples) -> bytes:
    """All ids and labels, and the fields of a few samples: reading every picture would cost an epoch."""
    digest = hashlib.sha256("\n".join(map(str, samples.column("sample_id"))).encode())
    digest.update(np.ascontiguousarray(samples.column("label")).tobytes())
    if len(samples):
        probed = np.unique(np.linspace(0, len(samples) - 1, PROBED).astype(np.int64))
        for name, values in sorted(samples.take(probed).items()):
            digest.update(f"{name} {values.dtype} {values.shape}".encode() + np.ascontiguousarray(values).tobytes())
    return digest.digest()
