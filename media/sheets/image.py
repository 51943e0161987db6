"""A contact sheet: pictures fitted into squares, as training would see them in colour."""

from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from media import image, tiles
from media.sheets import Shown

SUFFIX = ".png"
SIDE_PX = 128


def draw(title: str, shown: Sequence[Shown]) -> bytes:
    """PNG; below each picture its caption, name and size."""
    return tiles.page(title, [_tile(each) for each in shown])


def _tile(each: Shown) -> tiles.Tile:
    pixels = image.square(each.data, SIDE_PX, colour=True).transpose(1, 2, 0)
    name = PurePosixPath(each.row["paths"][0]).name
    return tiles.Tile(
        np.ascontiguousarray(pixels), (each.caption, name, f"{each.row['width']} x {each.row['height']} px")
    )
