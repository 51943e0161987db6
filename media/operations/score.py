"""Random variations of piano rolls. Each takes uint8 (T, 128) and gives the same; other fields than `roll` pass through.

A roll holds no drums, so none is transposed. An amount of 0 changes nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from media.operations.amounts import from_zero_to
from media.sample import Operation

Sample = Mapping[str, np.ndarray]
Change = Callable[[np.ndarray, np.random.Generator, Any], np.ndarray]
LOUDEST = 127
FASTEST = 0.5


def transpose(roll: np.ndarray, draw: np.random.Generator, semitones: int) -> np.ndarray:
    """Higher or lower by up to `semitones`, as far as all notes stay among the 128."""
    pitches = np.flatnonzero(roll.any(axis=0))
    if not len(pitches):
        return roll
    lowest, highest = int(pitches[0]), int(pitches[-1])
    by = int(draw.integers(-min(semitones, lowest), min(semitones, roll.shape[1] - 1 - highest), endpoint=True))
    return np.roll(roll, by, axis=1)


def tempo(roll: np.ndarray, draw: np.random.Generator, fraction: float) -> np.ndarray:
    """Faster or slower by up to `fraction`, from its start: cut at the old length, or silence after its end."""
    places = np.rint(np.arange(len(roll)) * (1 + draw.uniform(-fraction, fraction))).astype(np.intp)
    return np.pad(roll, ((0, 1), (0, 0)))[np.minimum(places, len(roll))]


def velocity(roll: np.ndarray, draw: np.random.Generator, amount: float) -> np.ndarray:
    """Louder or softer by up to `amount` of 127; what sounds goes on to sound."""
    by = round(draw.uniform(-amount, amount))
    return np.where(roll > 0, np.clip(roll.astype(np.int16) + by, 1, LOUDEST), 0).astype(np.uint8)


def _on_roll(change: Change) -> Callable[[Sample, np.random.Generator, Any], Sample]:
    return lambda sample, draw, amount: {**sample, "roll": change(sample["roll"], draw, amount)}


def _semitones(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LOUDEST:
        raise ValueError(f"must be a whole number from 0 to {LOUDEST}")
    return value


OPERATIONS = (
    Operation("tempo", "fraction, up or down", from_zero_to(FASTEST), _on_roll(tempo)),
    Operation("transpose", "semitones, up or down", _semitones, _on_roll(transpose)),
    Operation("velocity", "of 127, louder or softer", from_zero_to(LOUDEST), _on_roll(velocity)),
)
"""In the order in which they are applied."""
