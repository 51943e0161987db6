"""How methods explore, from which seeds, and what came of it. All chance is a function of (seed, epoch)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from models import order
from models.episodes import Decide, Step
from models.job import Job


def seeds(job: Job, epoch: int) -> list[int]:
    """The training episodes that this epoch begins with, one for each environment."""
    settings: Any = job.settings
    visits = np.resize(order.shuffled(len(job.train), settings.seed, epoch), settings.environments)
    return [int(seed) for seed in job.train.take(visits)["seed"]]


def draws(settings: Any, epoch: int, shape: tuple[int, ...]) -> np.ndarray:
    """The numbers in [0, 1) that an epoch explores by."""
    return order.uniform(order.stream(order.PLAY, settings.seed, epoch), shape)


def share(job: Job, epoch: int) -> float:
    """How many moves are drawn by lot: it falls from all to `exploration` in the first half of the training."""
    settings: Any = job.settings
    return 1.0 + (settings.exploration - 1.0) * min(1.0, 2 * job.pace.share(epoch))


def greedy(worth: Callable[[np.ndarray], np.ndarray], job: Job, epoch: int, steps: int) -> Decide:
    """The best move by `worth` (B, …) → (B, moves), or one drawn by lot (Sutton and Barto 2018, section 2.2)."""
    settings: Any = job.settings
    each = iter(draws(settings, epoch, (steps, 2, settings.environments)))
    by_lot = share(job, epoch)

    def decide(seen: np.ndarray) -> np.ndarray:
        whether, which = next(each)
        told = worth(seen)
        drawn = np.floor(which * told.shape[1]).astype(np.int64)
        return np.where(whether < by_lot, drawn, told.argmax(1))

    return decide


class Tally:
    """The returns of the episodes that ended while exploring."""

    def __init__(self) -> None:
        self._running: np.ndarray = np.zeros(0)
        self._ended: list[float] = []

    def add(self, step: Step) -> None:
        """Count a step."""
        self._running = step.reward + (self._running if len(self._running) else 0)
        ended = step.over | step.cut
        self._ended.extend(self._running[ended].tolist())
        self._running[ended] = 0

    def measures(self) -> dict[str, float]:
        """episodes, and their mean return; {} while there are none."""
        return {"episodes": len(self._ended), "return": float(np.mean(self._ended))} if self._ended else {}
