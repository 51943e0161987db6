"""A contact sheet: pictures fitted into squares, as training would see them in colour."""

from collections.abc import Sequence

import numpy as np

from media import image, tiles
from media.catalog import Row
from media.sheets import Shown

SUFFIX = ".png"
SIDE_PX = 128


def draw(title: str, shown: Sequence[Shown]) -> bytes:
    """PNG; each picture with its size below."""
    return tiles.sheet(title, shown, seen)


def seen(data: bytes, row: Row) -> tuple[np.ndarray, str]:
    """uint8, (SIDE_PX, SIDE_PX, 3), and its size."""
    pixels = image.square(data, SIDE_PX, colour=True).transpose(1, 2, 0)
    return np.ascontiguousarray(pixels), f"{row['width']} x {row['height']} px"
