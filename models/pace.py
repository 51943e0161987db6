"""How far a training is: in epochs, or in time where `minutes` sets a budget.

By time, the learning rate follows the share of the budget that is used, so it has come down when the time is over,
whatever the machine. That share is read from a clock, so such a training gives other bits each time.
"""

import time
from collections.abc import Callable

from models import schedules
from models.settings import Training

MS = 1000.0  # a schedule counts milliseconds as it counts steps


class Pace:
    """The time of one training, that of earlier processes included. `begin` starts it."""

    def __init__(self, settings: Training, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._began_s = 0.0
        self._earlier_s = 0.0
        self.by_time = settings.minutes > 0

    def begin(self, earlier_s: float) -> None:
        """Start the clock; earlier processes have used so many seconds."""
        self._began_s, self._earlier_s = self._clock(), earlier_s

    @property
    def used_s(self) -> float:
        """Seconds of training; 0 where epochs count."""
        return self._earlier_s + self._clock() - self._began_s if self.by_time else 0.0

    def over(self, epochs: float) -> bool:
        """Whether so many epochs are all, or the time is over."""
        return self.used_s >= self._budget_s if self.by_time else epochs >= self._settings.epochs

    def done(self, epochs: float) -> float:
        """What progress counts: epochs, or minutes up to the budget."""
        return min(self.used_s, self._budget_s) / 60 if self.by_time else epochs

    def share(self, epochs: float) -> float:
        """How much of the training is done, from 0 to 1."""
        return min(1.0, self.done(epochs) / (self._settings.minutes if self.by_time else self._settings.epochs))

    def rate(self, epoch: int, step: int, steps: int) -> float:
        """The learning rate of a step (from 0) of an epoch of so many steps."""
        if self.by_time:
            return schedules.rate(self._settings, min(self.used_s, self._budget_s) * MS, self._budget_s * MS)
        return schedules.rate(self._settings, epoch * steps + step, self._settings.epochs * steps)

    def row(self, epoch: int) -> dict[str, float]:
        """What the history tells of an epoch that has just ended: its number from 1, and by time the minutes used."""
        return {"epoch": epoch, **({"minutes": round(self.used_s / 60, 4)} if self.by_time else {})}

    @property
    def _budget_s(self) -> float:
        return self._settings.minutes * 60
