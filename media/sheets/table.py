"""Tables to look at: how one subject's ratings are distributed."""

from collections.abc import Sequence

import numpy as np

from media import table, tiles
from media.catalog import Row
from media.sheets import Shown

SUFFIX = ".png"
WIDTH_PX, HEIGHT_PX = 192, 64
BINS = 12
BAR, PAPER = (0, 114, 178), (244, 244, 244)


def draw(title: str, shown: Sequence[Shown]) -> bytes:
    """PNG; a bar for each range of ratings."""
    return tiles.sheet(title, shown, seen)


def seen(data: bytes, row: Row) -> tuple[np.ndarray, str]:
    """uint8, (HEIGHT_PX, WIDTH_PX, 3), and how many events there are, between which ratings."""
    ratings = table.interactions(data)["rating"]
    return bars(ratings), f"{len(ratings):,} events, ratings {ratings.min():.3g} to {ratings.max():.3g}"


def bars(values: np.ndarray) -> np.ndarray:
    """Their histogram from least to most, the fullest bin as high as the picture: uint8, (HEIGHT_PX, WIDTH_PX, 3)."""
    counts, _ = np.histogram(values, BINS)
    heights = np.repeat(counts / counts.max() * HEIGHT_PX, WIDTH_PX // BINS)  # (WIDTH_PX,)
    filled = np.arange(HEIGHT_PX, 0, -1)[:, None] <= heights
    filled[:, :: WIDTH_PX // BINS] = False
    return np.where(filled[..., None], np.array(BAR, np.uint8), np.array(PAPER, np.uint8))
