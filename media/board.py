"""Boards as samples: game levels written as a rectangle of characters become a grid of tiles.

    #########
    #A..#..G#
    #...#...#     # wall   . or space: floor   A start   G goal
    #.......#
    #########

A figure moves by one tile up, down, left or right, and never into a wall.
"""

from collections import deque

import numpy as np

from media.sample import Field

FLOOR, WALL, START, GOAL = range(4)
TILES = {".": FLOOR, " ": FLOOR, "#": WALL, "A": START, "G": GOAL}
NAMES = ("floor", "wall", "start", "goal")
LONGEST_SIDE = 256
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))


class Unreadable(ValueError):
    """A file that cannot be used as a board; the message is the reason for a catalog."""


def field(height: int, width: int) -> Field:
    """The field that `planes` fills: uint8, (4, height, width)."""
    return Field("uint8", (len(NAMES), height, width))


def grid(data: bytes) -> np.ndarray:
    """The tiles of a board file: uint8, (height, width), values FLOOR, WALL, START, GOAL. Raises Unreadable."""
    rows = _rows(data)
    width = len(rows[0])
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise Unreadable(f"row {number} has {len(row)} tiles, the first has {width}; a board is a rectangle")
        if unknown := next((place for place, tile in enumerate(row, 1) if tile not in TILES), 0):
            raise Unreadable(
                f"row {number} has {row[unknown - 1]!r} at place {unknown}; tiles are # (wall), . or space (floor), "
                "A (start) and G (goal)"
            )
    return np.array([[TILES[tile] for tile in row] for row in rows], np.uint8)


def shortest(tiles: np.ndarray) -> int:
    """The number of moves of a shortest way from start to goal of (height, width), by breadth-first search; -1 if none.

    The board has one start and one goal.
    """
    start, goal = (divmod(int(np.flatnonzero(tiles == tile)[0]), tiles.shape[1]) for tile in (START, GOAL))
    walls = np.pad(tiles == WALL, 1, constant_values=True)  # so that no move leaves the board
    moves = np.full(walls.shape, -1, np.int64)
    place, aim = (start[0] + 1, start[1] + 1), (goal[0] + 1, goal[1] + 1)
    moves[place] = 0
    waiting = deque([place])
    while waiting and place != aim:
        place = waiting.popleft()
        for down, right in MOVES:
            beside = (place[0] + down, place[1] + right)
            if not walls[beside] and moves[beside] < 0:
                moves[beside] = moves[place] + 1
                waiting.append(beside)
    return int(moves[aim])


def planes(tiles: np.ndarray, height: int, width: int) -> np.ndarray:
    """A grid as one plane a tile, 0 or 1, top left in a field of walls: uint8, (4, height, width).

    Raises ValueError for a board that is larger.
    """
    if tiles.shape[0] > height or tiles.shape[1] > width:
        raise ValueError(f"a board of {tiles.shape[0]} x {tiles.shape[1]} tiles does not fit into {height} x {width}")
    walled = np.full((height, width), WALL, np.uint8)
    walled[: tiles.shape[0], : tiles.shape[1]] = tiles
    return (walled == np.arange(len(NAMES), dtype=np.uint8)[:, None, None]).astype(np.uint8)


def text(tiles: np.ndarray) -> str:
    """A grid written as a board file, with a line end after each row: what `grid` reads."""
    return "".join("".join(".#AG"[tile] for tile in row) + "\n" for row in tiles)


def _rows(data: bytes) -> list[str]:
    """The lines, without empty ones at either end. Spaces are floor, so they stay."""
    try:
        content = data.decode("utf-8-sig").replace("\r\n", "\n").strip("\n")
    except UnicodeDecodeError as error:
        raise Unreadable(f"not a text: byte {error.start:,} is not UTF-8") from None
    rows = content.split("\n", LONGEST_SIDE)
    if not content.strip():
        raise Unreadable("an empty board")
    if len(rows) > LONGEST_SIDE or len(rows[0]) > LONGEST_SIDE:
        raise Unreadable(f"larger than {LONGEST_SIDE} x {LONGEST_SIDE} tiles")
    return rows
