"""Read a board once, and say what it is."""

from typing import Any

import numpy as np

from media import board

VERSION = "board 1"
"""Names what `probe` would say: an earlier result of the same version holds."""

SUFFIXES: dict[str, tuple[str, ...]] = {}
"""A board may have any name."""


def probe(data: bytes) -> dict[str, Any]:
    """Format, width and height in tiles and signals; or the reason why it cannot be used."""
    if not data:
        return {"reason": "an empty file"}
    try:
        tiles = board.grid(data)
    except board.Unreadable as error:
        return {"reason": str(error)}
    for tile, mark in ((board.START, "A"), (board.GOAL, "G")):
        count = int((tiles == tile).sum())
        if count != 1:
            return {"reason": f"has {count} of {mark} ({board.NAMES[tile]}); a board has one"}
    if board.shortest(tiles) < 0:
        return {"reason": "its goal cannot be reached from its start"}
    return {
        "format": "TILES",
        "width": tiles.shape[1],
        "height": tiles.shape[0],
        "signals": ["open edge"] if _is_open(tiles) else [],
    }


def _is_open(tiles: np.ndarray) -> bool:
    """Whether the outermost tiles are not all walls."""
    edge = np.concatenate([tiles[0], tiles[-1], tiles[:, 0], tiles[:, -1]])
    return bool((edge != board.WALL).any())
