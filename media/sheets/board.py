"""Boards to look at: walls dark, floor light, the start green and the goal orange."""

from collections.abc import Sequence

import numpy as np

from media import board, tiles
from media.catalog import Row
from media.sheets import Shown

SUFFIX = ".png"
SIDE_PX = 128
COLOURS = np.array([[238, 238, 238], [60, 60, 60], [0, 158, 115], [230, 120, 0]], np.uint8)
"""Of FLOOR, WALL, START and GOAL."""


def draw(title: str, shown: Sequence[Shown]) -> bytes:
    """PNG; each board as large as it can be."""
    return tiles.sheet(title, shown, seen)


def seen(data: bytes, row: Row) -> tuple[np.ndarray, str]:
    """uint8, (SIDE_PX, SIDE_PX, 3), and its size and the length of a shortest way."""
    grid = board.grid(data)
    return picture(grid), f"{grid.shape[1]} x {grid.shape[0]}, {board.shortest(grid)} moves"


def picture(grid: np.ndarray) -> np.ndarray:
    """A grid (height, width) in a square: uint8, (SIDE_PX, SIDE_PX, 3). Of one larger than that, some tiles are left out."""
    scale = SIDE_PX / max(grid.shape)
    rows, columns = (np.arange(max(1, int(length * scale))) / scale for length in grid.shape)
    drawn = COLOURS[grid[rows.astype(int)][:, columns.astype(int)]]
    filled = np.full((SIDE_PX, SIDE_PX, 3), 255, np.uint8)
    filled[: drawn.shape[0], : drawn.shape[1]] = drawn
    return filled
