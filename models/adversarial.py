"""Adversarial training: a generator learns from a critic, which learns to tell its pictures from real ones.

Goodfellow et al. 2014; hinge loss as in Lim and Ye 2017, Geometric GAN. Killed at any point and started again, it ends
with the same weights: noise, order and rate are functions of (seed, epoch, step), all else is in the checkpoint.
"""

import dataclasses
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

from models import device, optimizers, order, state, weights
from models.average import MovingAverage
from models.checkpoint import Checkpoint, Keeper
from models.device import Device
from models.job import Fitted, Job, identity
from models.state import Position
from project.errors import DailiesError, UsageError

BETAS = (0.0, 0.99)  # of Adam: momentum makes two players circle each other (Gidel et al. 2019, Negative Momentum)


@dataclass(kw_only=True)
class _Run:
    """A job under way."""

    job: Job
    players: Any
    machine: Device
    optimizers: Mapping[str, Optimizer]
    average: MovingAverage | None
    keeper: Keeper
    steps: int
    position: Position = field(default_factory=Position)


def adversarial(job: Job) -> Fitted:
    """Train `job.net` in place on pictures `image` (B, C, H, W), uint8, and their `label`.

    It has a `generator`, (noise (B, N), label (B,)) → pictures from -1 to 1, and a `critic`, (pictures, label) → (B,).

    The generator ends with the moving average of its weights where `average` is on. The history has both losses of
    each epoch; neither says how good the pictures are, so there is no best epoch. Raises UsageError for `patience`,
    which needs one, and DailiesError when a loss is not finite.
    """
    run = _begin(job)
    with device.deterministic():
        while run.position.step or not job.pace.over(run.position.epoch):
            _epoch(run)
    if run.average:
        run.average.wear()
    job.net.eval()
    return Fitted(history=run.position.history, best_epoch=0, stopped_early=False)


def _begin(job: Job) -> _Run:
    if job.settings.patience:
        raise UsageError(f"patience is {job.settings.patience}: must be 0, the losses of two players need not fall")
    if len(job.train) == 0:
        raise DailiesError("there is no training sample; see the split section of the model and its labels")
    machine = device.prepare(job.settings.precision)
    job.net.to(machine.device)
    if job.start is not None:
        weights.warm_start(job.net, job.start)
    players: Any = job.net
    run = _Run(
        job=job,
        players=players,
        machine=machine,
        optimizers={
            "generator": optimizers.build(players.generator, job.settings, BETAS),
            "critic": optimizers.build(players.critic, job.settings, BETAS),
        },
        average=MovingAverage(players.generator, job.settings.average) if job.settings.average else None,
        keeper=Keeper(job.checkpoints, identity(job) if job.checkpoints else ""),
        steps=order.steps(len(job.train), job.settings.batch),
    )
    _resume(run)
    job.pace.begin(run.position.used_s)
    return run


def _resume(run: _Run) -> None:
    kept = run.keeper.kept()
    if kept is None:
        return
    run.position = Position(**kept.position)
    for name, optimizer in run.optimizers.items():
        tensors = state.below(f"{name}/", kept.tensors)
        state.unpack(tensors, getattr(run.players, name), optimizer, _average_of(run, name))


def _keep(run: _Run) -> None:
    tensors: dict[str, Tensor] = {}
    for name, optimizer in run.optimizers.items():
        packed = state.pack(getattr(run.players, name), optimizer, _average_of(run, name), {})
        tensors |= {f"{name}/{key}": value for key, value in packed.items()}
    position = dataclasses.replace(run.position, used_s=run.job.pace.used_s)
    run.keeper.keep(Checkpoint(tensors, dataclasses.asdict(position)))


def _average_of(run: _Run, player: str) -> MovingAverage | None:
    return run.average if player == "generator" else None


def _epoch(run: _Run) -> None:
    """Play the rest of an epoch, or of the time, and note its mean losses in the history."""
    settings, position, pace = run.job.settings, run.position, run.job.pace
    if settings.sampling == "balanced":
        visits = order.balanced(run.job.train.column("label"), settings.seed, position.epoch)
    else:
        visits = order.shuffled(len(run.job.train), settings.seed, position.epoch)
    run.job.net.train()
    for step, indices in itertools.islice(enumerate(np.array_split(visits, run.steps)), position.step, None):
        for name, value in _step(run, step, indices).items():
            position.sums[name] = position.sums.get(name, 0.0) + value * len(indices)
        position.seen += len(indices)
        position.step = step + 1
        done = position.epoch + position.step / run.steps
        run.job.tick(pace.done(done), **_means(position))
        if run.keeper.due():
            _keep(run)
        if pace.by_time and pace.over(done):
            break
    row = pace.row(position.epoch + 1) | {"rate": pace.rate(position.epoch, run.steps - 1, run.steps)}
    row |= {f"train_{name}": mean for name, mean in _means(position).items()}
    run.position = Position(epoch=position.epoch + 1, history=[*position.history, row])
    _keep(run)


def _means(position: Position) -> dict[str, float]:
    return {name: total / position.seen for name, total in position.sums.items()}


def _step(run: _Run, step: int, indices: np.ndarray) -> dict[str, float]:
    """One move of the critic, then one of the generator against the critic as it is now, by the same pictures."""
    players, batch = run.players, run.machine.put(run.job.train.take(indices))
    real, label = batch["image"].float() / 127.5 - 1, batch["label"].long()
    with run.machine.autocast():
        drawn = players.generator(_noise(run, step, len(indices)), label).float()
        scores = players.critic(torch.cat([real, drawn.detach()]), label.repeat(2)).float()
    of_real, of_drawn = scores.chunk(2)
    critic_loss = functional.relu(1 - of_real).mean() + functional.relu(1 + of_drawn).mean()
    _move(run, "critic", critic_loss, step)
    players.critic.requires_grad_(False)
    with run.machine.autocast():
        generator_loss = -players.critic(drawn, label).float().mean()
    _move(run, "generator", generator_loss, step)
    players.critic.requires_grad_(True)
    if run.average:
        run.average.update(run.position.epoch * run.steps + step + 1)
    return {"critic_loss": critic_loss.item(), "generator_loss": generator_loss.item()}


def _noise(run: _Run, step: int, count: int) -> Tensor:
    """Normal draws (B, N)."""
    source = order.stream(order.NOISE, run.job.settings.seed, run.position.epoch, step)
    return device.tensor(order.normal(source, (count, run.players.generator.noise))).to(run.machine.device)


def _move(run: _Run, player: str, loss: Tensor, step: int) -> None:
    """Change the weights of one player. Raises DailiesError when its loss is not finite, before any is touched."""
    settings: Any = run.job.settings
    optimizer = run.optimizers[player]
    if not math.isfinite(loss.item()):
        raise DailiesError(
            f"the loss of the {player} is {loss.item()} in epoch {run.position.epoch + 1}, step {step + 1} of "
            f"{run.steps}: it must be finite; lower rate (={settings.rate:g}) or set clip (={settings.clip:g})"
        )
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    if settings.clip:
        nn.utils.clip_grad_norm_(getattr(run.players, player).parameters(), settings.clip)
    factor = settings.critic_rate if player == "critic" else 1.0
    for group in optimizer.param_groups:
        group["lr"] = factor * run.job.pace.rate(run.position.epoch, step, run.steps)
    optimizer.step()
