"""The learning rate at a step, as pure functions of how far the training is: nothing to save, nothing to restore.

Every schedule rises during warm-up and reaches `settings.rate` at its end.
"""

import math
from collections.abc import Callable

from models.settings import Training

ONE_CYCLE_START, ONE_CYCLE_END = 1 / 25, 1e-5  # of the peak rate, as in torch's OneCycleLR
STEPS_DOWN = 3  # the step schedule divides the rate by ten at each third


def _half_cosine(start: float, end: float, at: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * at)) / 2


def _step(at: float) -> float:
    return float(10.0 ** -min(int(at * STEPS_DOWN), STEPS_DOWN - 1))


_AFTER_WARMUP: dict[str, Callable[[float], float]] = {
    "constant": lambda at: 1.0,
    "step": _step,
    "linear": lambda at: 1.0 - at,
    "cosine": lambda at: _half_cosine(1.0, 0.0, at),  # Loshchilov and Hutter 2017, SGDR, equation 5, without restarts
    "one_cycle": lambda at: _half_cosine(1.0, ONE_CYCLE_END, at),  # Smith and Topin 2018, Super-Convergence
}


def rate(settings: Training, step: float, steps: float) -> float:
    """The learning rate of `step` (from 0) among `steps`, or of a moment among as many."""
    warm = settings.warmup * steps
    if step < warm:
        if settings.schedule == "one_cycle":
            return settings.rate * _half_cosine(ONE_CYCLE_START, 1.0, step / warm)
        return settings.rate * (step + 1) / (math.ceil(warm) + 1)
    at = (step - warm) / max(steps - warm, 1)
    return settings.rate * _AFTER_WARMUP[settings.schedule](at)
