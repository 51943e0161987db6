"""Videos to look at: three frames of each, from its first seconds."""

from collections.abc import Iterator, Sequence

import numpy as np

from media import footage, image, tiles
from media.catalog import Row
from media.sheets import Shown

SUFFIX = ".png"
SIDE_PX = 104
FRAMES = 3
LONGEST_S = 3.0
"""What comes later is not decoded."""


def draw(title: str, shown: Sequence[Shown]) -> bytes:
    """PNG; three frames of each side by side."""
    return tiles.sheet(title, shown, seen)


def seen(data: bytes, row: Row) -> tuple[np.ndarray, str]:
    """uint8, (SIDE_PX, FRAMES * SIDE_PX, 3), and duration, size and number of frames."""
    facts = f"{row['duration_s']:.3g} s, {row['width']} x {row['height']} px, {row['frames']:,} frames"
    return strip(data, row["duration_s"]), facts


def strip(data: bytes, duration_s: float) -> np.ndarray:
    """The first frames that appear at or after equal parts of the time: uint8, (SIDE_PX, FRAMES * SIDE_PX, 3)."""
    with footage.opened(data) as film:
        pictures = list(_spaced(film.frames(), min(duration_s, LONGEST_S) / FRAMES))
    pictures += [pictures[-1]] * (FRAMES - len(pictures))
    return np.concatenate(pictures, axis=1)


def _spaced(frames: Iterator[footage.Frame], step_s: float) -> Iterator[np.ndarray]:
    number = 0
    for frame in frames:
        if frame.start_s >= number * step_s:
            pixels = image.centred(image.reduced(frame.picture(), SIDE_PX, True), SIDE_PX)
            yield pixels.transpose(1, 2, 0)
            number += 1
        if number == FRAMES:
            return
