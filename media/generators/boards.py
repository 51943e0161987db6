"""Game levels that can be won: mazes, or rooms with corridors between them. They have no label.

maze   depth-first search with backtracking (J. Buck, Mazes for Programmers, 2015, chapter 5), then some more openings
rooms  rectangles that do not touch, each joined to the one before by a corridor with one bend

The start is anywhere, the goal as far from it as can be, or as `apart` says.
"""

from collections import deque
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from media import board
from project.source import Strict

KIND, SUFFIX = "board", ".txt"
SMALLEST_ROOM, LARGEST_ROOM = 2, 6
TRIES = 20
"""How often a place is sought for a room, before it is left out."""
Tile = tuple[int, int]
"""Row and column."""


class Settings(Strict):
    """Width and height count tiles, walls included, and are odd."""

    width: Annotated[int, Field(ge=7, le=255)] = 15
    height: Annotated[int, Field(ge=7, le=255)] = 15
    style: Literal["maze", "rooms"] = "maze"
    openings: Annotated[float, Field(ge=0, le=1)] = 0.05
    """The fraction of a maze's inner walls that are opened, so that several ways lead to the goal."""
    rooms: Annotated[int, Field(ge=1, le=100)] = 6
    """How many rooms there are at most."""
    apart: Annotated[int, Field(ge=0, le=10_000)] = 0
    """The goal is no more moves than this from the start; 0 for no limit."""

    @field_validator("width", "height")
    @classmethod
    def _odd(cls, side: int) -> int:
        if side % 2 == 0:
            raise ValueError("must be odd, for walls and ways alternate")
        return side


def labels(settings: Settings) -> tuple[str, ...]:
    return ()


def make(draws: np.random.Generator, settings: Settings, label: str) -> bytes:
    """The text of one board, as `media.board` reads it."""
    tiles = {"maze": _maze, "rooms": _rooms}[settings.style](draws, settings)
    floor = [(int(row), int(column)) for row, column in np.argwhere(tiles == board.FLOOR)]
    start = floor[draws.integers(len(floor))]
    goal = _farthest(tiles, start, settings.apart)
    tiles[start], tiles[goal] = board.START, board.GOAL
    return board.text(tiles).encode()


def _maze(draws: np.random.Generator, settings: Settings) -> np.ndarray:
    tiles = np.full((settings.height, settings.width), board.WALL, np.uint8)
    tiles[1, 1] = board.FLOOR
    trail: list[Tile] = [(1, 1)]
    while trail:
        row, column = trail[-1]
        ahead = [move for move in board.MOVES if _is_wall(tiles, row + 2 * move[0], column + 2 * move[1])]
        if ahead:
            down, right = ahead[draws.integers(len(ahead))]
            tiles[row + down, column + right] = board.FLOOR
            trail.append((row + 2 * down, column + 2 * right))
            tiles[trail[-1]] = board.FLOOR
        else:
            trail.pop()
    between = (np.indices(tiles.shape).sum(0) % 2 == 1) & (tiles == board.WALL)  # what parts two neighbouring cells
    between[[0, -1]], between[:, [0, -1]] = False, False
    tiles[between & (draws.random(tiles.shape) < settings.openings)] = board.FLOOR
    return tiles


def _is_wall(tiles: np.ndarray, row: int, column: int) -> bool:
    """Whether there is a wall at that place of the board; its edge is never opened."""
    inside = 0 < row < tiles.shape[0] - 1 and 0 < column < tiles.shape[1] - 1
    return inside and bool(tiles[row, column] == board.WALL)


def _rooms(draws: np.random.Generator, settings: Settings) -> np.ndarray:
    tiles = np.full((settings.height, settings.width), board.WALL, np.uint8)
    before: Tile | None = None
    for _ in range(settings.rooms):
        room = next(filter(None, (_free_place(draws, tiles) for _ in range(TRIES))), None)
        if room is None:
            break
        top, left, high, wide = room
        tiles[top : top + high, left : left + wide] = board.FLOOR
        middle = (top + high // 2, left + wide // 2)
        if before:
            tiles[before[0], min(before[1], middle[1]) : max(before[1], middle[1]) + 1] = board.FLOOR
            tiles[min(before[0], middle[0]) : max(before[0], middle[0]) + 1, middle[1]] = board.FLOOR
        before = middle
    return tiles


def _free_place(draws: np.random.Generator, tiles: np.ndarray) -> tuple[int, int, int, int] | None:
    """Top, left, height and width of a rectangle of walls with walls around it, if that is where it fell."""
    high, wide = (int(draws.integers(SMALLEST_ROOM, min(LARGEST_ROOM, side - 2) + 1)) for side in tiles.shape)
    top, left = (int(draws.integers(1, side - size)) for side, size in zip(tiles.shape, (high, wide), strict=True))
    around = tiles[top - 1 : top + high + 1, left - 1 : left + wide + 1]
    return (top, left, high, wide) if (around == board.WALL).all() else None


def _farthest(tiles: np.ndarray, start: Tile, most: int) -> Tile:
    """The tile that takes most moves to reach, no more than `most` unless that is 0: breadth first, the last one found."""
    moves, waiting, last = {start: 0}, deque([start]), start
    while waiting:
        last = waiting.popleft()
        for down, right in board.MOVES:
            beside = (last[0] + down, last[1] + right)
            if beside not in moves and tiles[beside] == board.FLOOR and moves[last] != (most or -1):
                moves[beside] = moves[last] + 1
                waiting.append(beside)
    return last
