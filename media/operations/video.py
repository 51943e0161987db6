"""Random variations of clips. Each takes uint8 (T, C, H, W) and gives the same; fields other than `clip` pass through.

What varies a picture varies all frames of a clip by the same draw. An amount of 0 changes nothing.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from media.operations import image as pictures
from media.operations.amounts import from_zero_to, probability
from media.sample import Operation

Sample = Mapping[str, np.ndarray]
Change = Callable[[np.ndarray, np.random.Generator, Any], np.ndarray]
FASTEST = 0.5


def reverse(clip: np.ndarray, draw: np.random.Generator, chance: float) -> np.ndarray:
    """Run backwards with this probability."""
    return np.ascontiguousarray(clip[::-1]) if draw.random() < chance else clip


def rate(clip: np.ndarray, draw: np.random.Generator, fraction: float) -> np.ndarray:
    """Run faster or slower by up to `fraction`, about the middle. A faster clip starts and ends on a standing frame."""
    middle = (len(clip) - 1) / 2
    stride = 1 + draw.uniform(-fraction, fraction)
    return _at(clip, middle + (np.arange(len(clip)) - middle) * stride)


def offset(clip: np.ndarray, draw: np.random.Generator, fraction: float) -> np.ndarray:
    """Start earlier or later by up to `fraction` of the length; the first or last frame stands meanwhile."""
    by = round(draw.uniform(-fraction, fraction) * len(clip))
    return _at(clip, np.arange(len(clip)) + by)


def _at(clip: np.ndarray, places: np.ndarray) -> np.ndarray:
    nearest = np.clip(np.rint(places), 0, len(clip) - 1).astype(np.intp)
    return clip[nearest]


def _each_frame(change: Operation) -> Operation:
    """The same operation on every frame, each from the same state of the generator."""

    def apply(sample: Sample, draw: np.random.Generator, amount: Any) -> Sample:
        frames = [change.apply({"image": frame}, copy.deepcopy(draw), amount)["image"] for frame in sample["clip"]]
        return {**sample, "clip": np.stack(frames)}

    return Operation(change.key, f"{change.unit}; the same for all frames", change.check, apply)


def _on_clip(change: Change) -> Callable[[Sample, np.random.Generator, Any], Sample]:
    return lambda sample, draw, amount: {**sample, "clip": change(sample["clip"], draw, amount)}


OPERATIONS = (
    Operation("rate", "fraction, up or down", from_zero_to(FASTEST), _on_clip(rate)),
    Operation("offset", "fraction of the length, either way", from_zero_to(1), _on_clip(offset)),
    Operation("reverse", "probability of running backwards; true is 0.5", probability, _on_clip(reverse)),
    *(_each_frame(operation) for operation in pictures.OPERATIONS),
)
"""In the order in which they are applied."""
