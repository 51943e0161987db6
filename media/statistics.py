"""Mean and spread of images from exact integer sums, so that they do not depend on order, files or workers."""

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np

CHUNK = 1024
Sums = dict[str, list[int]]


def sums(images: np.ndarray) -> Sums:
    """Of images (N, C, H, W), uint8, for each channel: how many values, their sum and the sum of their squares."""
    channels = images.shape[1]
    total, squares = np.zeros(channels, np.int64), np.zeros(channels, np.int64)
    for first in range(0, len(images), CHUNK):
        values = images[first : first + CHUNK].astype(np.uint32)
        total += values.sum(axis=(0, 2, 3), dtype=np.int64)
        squares += np.square(values).sum(axis=(0, 2, 3), dtype=np.int64)
    return {
        "values": [images[:, 0].size] * channels,
        "total": total.tolist(),
        "squares": squares.tolist(),
    }


def mean_and_spread(parts: Sequence[Mapping[str, list[int]]]) -> dict[str, list[float]]:
    """`mean` and `std` of each channel in grey levels, from the sums of all parts; nothing when there is none."""
    if not parts:
        return {}
    count, total, squares = (
        [sum(values) for values in zip(*(part[name] for part in parts), strict=True)]
        for name in ("values", "total", "squares")
    )
    mean = [t / n for t, n in zip(total, count, strict=True)]
    spread = [sqrt(n * s - t * t) / n for n, t, s in zip(count, total, squares, strict=True)]
    return {"mean": mean, "std": spread}
