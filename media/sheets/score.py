"""Scores to look at: the piano roll of their beginning, high notes on top. Drums are left out, as in training."""

from collections.abc import Sequence

import numpy as np

from media import score, tiles
from media.catalog import Row
from media.sheets import Shown

SUFFIX = ".png"
STEPS = 256
STEPS_PER_QUARTER = {"MIDI": 4, "JSON": 1}
"""A list of chords has its own steps."""
LINE = np.array([232, 232, 232], np.uint8)
SOFT, LOUD = np.array([158, 202, 225]), np.array([8, 48, 107])


def draw(title: str, shown: Sequence[Shown]) -> bytes:
    """PNG; a step a column, a pitch a row."""
    return tiles.sheet(title, shown, seen)


def seen(data: bytes, row: Row) -> tuple[np.ndarray, str]:
    """uint8, (128, STEPS, 3), and the number of notes."""
    return picture(data, row["format"]), f"{row['events']:,} notes"


def picture(data: bytes, format: str) -> np.ndarray:
    """The first steps, darker where notes are louder, with a line at each C: uint8, (128, STEPS, 3)."""
    roll = score.roll(score.notes(data, format), STEPS_PER_QUARTER[format], STEPS)  # (STEPS, 128)
    pixels = np.full((score.PITCHES, STEPS, 3), 250, np.uint8)
    pixels[::12] = LINE
    loudness = roll.T[..., None] / 127
    pixels = np.where(loudness > 0, (SOFT + loudness * (LOUD - SOFT)).astype(np.uint8), pixels)
    return np.ascontiguousarray(pixels[::-1])
