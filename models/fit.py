"""Supervised training. Killed at any point and started again, it ends with the same weights: on a CPU bit for bit.

All randomness is a function of (seed, epoch, step); whatever else a step reads (weights, optimizer, average, sums of
the epoch, history) is in the checkpoint.
"""

import contextlib
import dataclasses
import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from models import data, device, optimizers, order, state, weights
from models.ahead import ahead
from models.average import MovingAverage
from models.batches import Batches, sampled
from models.checkpoint import Checkpoint, Keeper
from models.device import Device
from models.jitter import Jitter
from models.job import Fitted, Job, identity
from models.losses import Criterion, Loss, Scored
from models.state import Position
from project.errors import DailiesError

__all__ = ["Fitted", "Job", "supervised", "untrained"]

SMALL_BATCH_NUMBERS = 50_000  # 32 pictures of 39 px, or 128 of 19 px: a second thread then saves a third at best
LARGE_BATCH_NUMBERS = 1_000_000  # 128 pictures of 90 px; handing over a smaller batch costs as much as taking it


@dataclass(kw_only=True)
class _Run:
    """A job under way."""

    job: Job
    machine: Device
    criterion: Criterion
    jitter: Jitter | None
    batches: Batches
    ahead: bool
    optimizer: Optimizer
    average: MovingAverage | None
    keeper: Keeper
    steps: int
    position: Position = field(default_factory=Position)
    best: dict[str, Tensor] = field(default_factory=dict)


def untrained(job: Job) -> Fitted:
    """Leave `job.net` as it is: it has nothing to learn."""
    job.tick(job.settings.minutes or job.settings.epochs)
    job.net.eval()
    return Fitted(history=[], best_epoch=0, stopped_early=False)


def supervised(
    job: Job, *, loss: Loss, jitter: Jitter | None = None, batches: Batches = sampled, heavy: bool = False
) -> Fitted:
    """Train `job.net` in place, on `batches` that `jitter` varies. `heavy` says that every number of a batch costs as much
    as many of a picture do, as a word costs a transformer, so that small batches too get all threads.

    It ends with its last weights; with their moving average where `average` is on; with those of the best epoch where
    `patience` is.

    Raises DailiesError naming epoch and step when the loss is not finite; the last checkpoint stays.
    """
    run = _begin(job, loss, jitter, batches, heavy)
    with device.deterministic():
        while run.position.step or not (job.pace.over(run.position.epoch) or _out_of_patience(run)):
            _epoch(run)
    if job.settings.patience and run.best:
        job.net.load_state_dict(run.best)
    elif run.average:
        run.average.wear()
    job.net.eval()
    return Fitted(
        history=run.position.history,
        best_epoch=run.position.best_epoch,
        stopped_early=not job.pace.over(run.position.epoch),
    )


def _begin(job: Job, loss: Loss, jitter: Jitter | None, batches: Batches, heavy: bool) -> _Run:
    if len(job.train) == 0:
        raise DailiesError("there is no training sample; see the split section of the model and its labels")
    numbers = _numbers(job)
    machine = device.prepare(job.settings.precision, small=not heavy and numbers < SMALL_BATCH_NUMBERS)
    job.net.to(machine.device)
    if job.start is not None:
        weights.warm_start(job.net, job.start)
    labels = np.asarray(job.train.column("label"))
    run = _Run(
        job=job,
        machine=machine,
        criterion=loss(job.settings, job.facts, labels),
        jitter=jitter,
        batches=batches,
        ahead=numbers >= LARGE_BATCH_NUMBERS,
        optimizer=optimizers.build(job.net, job.settings),
        average=MovingAverage(job.net, job.settings.average) if job.settings.average else None,
        keeper=Keeper(job.checkpoints, identity(job) if job.checkpoints else ""),
        steps=order.steps(len(job.train), job.settings.batch),
    )
    _resume(run)
    job.pace.begin(run.position.used_s)
    return run


def _numbers(job: Job) -> int:
    """How many numbers a batch holds."""
    one = job.train.take(np.zeros(1, dtype=np.int64))
    return job.settings.batch * sum(values.size for values in one.values())


def _resume(run: _Run) -> None:
    kept = run.keeper.kept()
    if kept is not None:
        run.position = Position(**kept.position)
        run.best = state.unpack(kept.tensors, run.job.net, run.optimizer, run.average)


def _keep(run: _Run) -> None:
    tensors = state.pack(run.job.net, run.optimizer, run.average, run.best)
    position = dataclasses.replace(run.position, used_s=run.job.pace.used_s)
    run.keeper.keep(Checkpoint(tensors, dataclasses.asdict(position)))


def _epoch(run: _Run) -> None:
    """Train the rest of an epoch, or of the time, validate, and note both in the history."""
    position, pace = run.position, run.job.pace
    run.job.net.train()
    with contextlib.closing(_batches(run)) as batches:
        for step, arrays in batches:
            _count(position, _step(run, step, arrays), len(next(iter(arrays.values()))))
            position.step = step + 1
            done = position.epoch + position.step / run.steps
            run.job.tick(pace.done(done), loss=position.sums["loss"] / position.seen)
            if run.keeper.due():
                _keep(run)
            if pace.by_time and pace.over(done):
                break
    row = {"rate": pace.rate(position.epoch, run.steps - 1, run.steps)}
    row |= {f"train_{name}": total / position.seen for name, total in position.sums.items()}
    row |= {f"validation_{name}": value for name, value in _validate(run).items()}
    _close(run, pace.row(position.epoch + 1) | row)


def _batches(run: _Run) -> Generator[tuple[int, dict[str, np.ndarray]], None, None]:
    """(step, batch) of the steps of this epoch that are still to do; large batches are taken ahead by a thread."""
    settings, epoch, samples = run.job.settings, run.position.epoch, run.job.train
    visits = list(enumerate(run.batches(samples, settings, epoch)))[run.position.step :]
    if run.ahead:
        return ahead(lambda visit: (visit[0], samples.take(visit[1])), visits)
    return ((step, samples.take(indices)) for step, indices in visits)


def _step(run: _Run, step: int, arrays: Mapping[str, np.ndarray]) -> Scored:
    """One batch forward and back. Raises DailiesError when its loss is not finite, before any weight is touched."""
    settings, epoch = run.job.settings, run.position.epoch
    batch = run.machine.put(arrays)
    if run.jitter:
        batch = run.jitter(batch, settings.seed, epoch, step)
    run.machine.seed(int(order.stream(order.DROPOUT, settings.seed, epoch, step).random_raw() >> 1))
    with run.machine.autocast():
        scored = run.criterion(run.job.net, batch)
    if not math.isfinite(scored.loss.item()):
        raise DailiesError(
            f"the loss is {scored.loss.item()} in epoch {epoch + 1}, step {step + 1} of {run.steps}: "
            f"it must be finite; lower rate (={settings.rate:g}) or set clip (={settings.clip:g})"
        )
    run.optimizer.zero_grad()
    torch.autograd.backward(scored.loss)
    if settings.clip:
        nn.utils.clip_grad_norm_(run.job.net.parameters(), settings.clip)
    for group in run.optimizer.param_groups:
        group["lr"] = run.job.pace.rate(epoch, step, run.steps)
    run.optimizer.step()
    if run.average:
        run.average.update(epoch * run.steps + step + 1)
    return scored


def _count(position: Position, scored: Scored, samples: int) -> None:
    values = {"loss": scored.loss.item()} | {name: value.mean().item() for name, value in scored.measures.items()}
    position.seen += samples
    for name, value in values.items():
        position.sums[name] = position.sums.get(name, 0.0) + value * samples


def _validate(run: _Run) -> dict[str, float]:
    """Loss and measures over the validation samples, with the averaged weights where there are; {} without samples."""
    samples = run.job.validation
    if len(samples) == 0:
        return {}
    total = Position()
    run.job.net.eval()
    with torch.inference_mode(), run.average.worn() if run.average else contextlib.nullcontext():
        for indices in data.blocks(samples):
            with run.machine.autocast():
                _count(total, run.criterion(run.job.net, run.machine.put(samples.take(indices))), len(indices))
    return {name: value / total.seen for name, value in total.sums.items()}


def _close(run: _Run, row: dict[str, float]) -> None:
    """End the epoch: history, best weights, checkpoint."""
    position = run.position
    loss = row.get("validation_loss")
    if loss is not None and (position.best_loss is None or loss < position.best_loss):
        position.best_epoch, position.best_loss = position.epoch + 1, loss
        if run.job.settings.patience:
            run.best = _weights_to_keep(run)
    run.position = Position(
        epoch=position.epoch + 1,
        history=[*position.history, row],
        best_epoch=position.best_epoch,
        best_loss=position.best_loss,
    )
    _keep(run)


def _weights_to_keep(run: _Run) -> dict[str, Tensor]:
    averaged = run.average.values if run.average else {}
    return {name: averaged.get(name, value).clone() for name, value in run.job.net.state_dict().items()}


def _out_of_patience(run: _Run) -> bool:
    patience, position = run.job.settings.patience, run.position
    return bool(patience and position.best_epoch and position.epoch - position.best_epoch >= patience)
