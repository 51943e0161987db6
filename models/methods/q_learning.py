"""Q-learning with a table: Watkins and Dayan 1992, Q-learning; Sutton and Barto 2018, section 6.5.

For environments that show one of a few states. The table starts optimistic (Sutton and Barto 2018, section 2.6), so that
what was never tried is tried. Of several environments in the same state with the same move, the mean counts.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models import episodes, exploration
from models.job import Job
from project.errors import UsageError


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """States (B,) → the worth of each move (B, moves). `settings`: optimism. Raises UsageError without states."""
    seen = episodes.spaces(facts["learnt"])
    if not seen.states:
        raise UsageError(
            f"method q_learning needs an environment with states to count, {facts['learnt']['environment']} shows "
            f"{seen.numbers} numbers; set method to dqn or ppo"
        )
    return Table(seen.states, seen.moves, settings.optimism)


class Table(nn.Module):
    """`worth`, (states, moves)."""

    def __init__(self, states: int, moves: int, optimism: float) -> None:
        super().__init__()
        self.worth = nn.Parameter(torch.full((states, moves), optimism))

    def forward(self, states: Tensor) -> Tensor:
        return self.worth[states]


def learner(job: Job) -> "QLearning":
    return QLearning(job)


class QLearning:
    """An epoch is `steps` steps of all environments together."""

    def __init__(self, job: Job) -> None:
        self._job = job
        settings: Any = job.settings
        self._settings = settings
        self._environments = episodes.make(job.facts["learnt"], settings.environments)
        self._updates = max(1, settings.steps // settings.environments)

    def epoch(self, epoch: int) -> dict[str, float]:
        settings = self._settings
        worth = self._job.net.worth.detach().numpy()  # type: ignore[union-attr, operator]  # the parameter's own memory
        decide = exploration.greedy(lambda states: worth[states], self._job, epoch, self._updates)
        seeds = exploration.seeds(self._job, epoch)
        tally, losses = exploration.Tally(), []
        for number, step in enumerate(episodes.steps(self._environments, seeds, decide, self._updates)):
            after = np.where(step.over, 0, worth[step.then].max(1))
            error = step.reward + settings.discount * after - worth[step.seen, step.moves]
            _shift(worth, step, error, self._job.pace.rate(epoch, number, self._updates))
            tally.add(step)
            losses.append(float(np.mean(error**2)))
        return {"loss": float(np.mean(losses)), **tally.measures()}

    def tensors(self) -> dict[str, Tensor]:
        return {name: value.clone() for name, value in self._job.net.state_dict().items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self._job.net.load_state_dict(tensors)


def _shift(worth: np.ndarray, step: episodes.Step, error: np.ndarray, rate: float) -> None:
    place = step.seen * worth.shape[1] + step.moves
    count = np.bincount(place, minlength=worth.size)
    total = np.bincount(place, error, minlength=worth.size)
    worth += (rate * total / np.maximum(count, 1)).reshape(worth.shape).astype(worth.dtype)
