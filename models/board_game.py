"""Boards to play on, many at once: an agent goes from tile to tile until it stands on the goal, which may walk.

Boards are planes of bits, (B, 4, H, W): floor, wall, start, goal. A tile's place is its row · W + its column. A move goes
one tile up, right, down or left; one into a wall leaves the agent where it is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models import order

FLOOR, WALL, START, GOAL = range(4)
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))
NAMES = ("up", "right", "down", "left")
PAUSE, TURN = 0.25, 0.2
"""How likely a walker stands still, and how likely it turns although it could go on."""
Decide = Callable[[np.ndarray], np.ndarray]
"""Boards (B, 4, H, W), their goal where it is now → the worth of each move on each tile, (B, 4 moves, H, W)."""


@dataclass(frozen=True, slots=True)
class Played:
    """What an agent did on B boards.

    places   int64 (B, T + 1), where it was
    goals    int64 (B, T + 1), where the goal was
    arrived  int64 (B,), the number of moves until it first stood on the goal; -1 if it never did
    """

    places: np.ndarray
    goals: np.ndarray
    arrived: np.ndarray


def destinations(boards: np.ndarray) -> np.ndarray:
    """The place that each move leads to from each tile: int64 (B, 4, H · W)."""
    _, _, height, width = boards.shape
    row, column = np.divmod(np.arange(height * width), width)
    walls = boards[:, WALL].reshape(len(boards), -1).astype(bool)
    reached = np.empty((len(boards), len(MOVES), height * width), np.int64)
    for move, (down, right) in enumerate(MOVES):
        inside = (row + down >= 0) & (row + down < height) & (column + right >= 0) & (column + right < width)
        there = np.where(inside, (row + down) * width + column + right, row * width + column)
        reached[:, move] = np.where(walls[:, there], row * width + column, there)
    return reached


def places(boards: np.ndarray, tile: int) -> np.ndarray:
    """Where the only tile of a kind is: int64 (B,)."""
    return boards[:, tile].reshape(len(boards), -1).argmax(1)


def with_goals(boards: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """The boards with their goal at places (B,)."""
    moved = boards.copy()
    moved[:, FLOOR] |= moved[:, GOAL]
    moved[:, GOAL] = 0
    flat = moved.reshape(len(boards), len(boards[0]), -1)
    flat[np.arange(len(boards)), GOAL, goals] = 1
    flat[np.arange(len(boards)), FLOOR, goals] = 0
    return moved


class Walkers:
    """A walker a board, who mostly goes on as before, else turns or stands still. Their chance follows from `seeds`."""

    def __init__(self, boards: np.ndarray, seeds: np.ndarray, steps: int) -> None:
        self._reached = destinations(boards)
        self._draws = np.stack([order.uniform(order.stream(order.PLAY, int(seed), 0), (steps, 3)) for seed in seeds])
        self._heading = np.zeros(len(boards), np.int64)

    def walk(self, step: int, goals: np.ndarray) -> np.ndarray:
        """Where they are next, int64 (B,)."""
        each = np.arange(len(goals))
        pause, turn, choice = self._draws[:, step].T
        free = self._reached[each, :, goals] != goals[:, None]  # (B, 4 moves)
        go_on = free[each, self._heading] & (turn >= TURN)
        drawn = np.floor(choice * free.sum(1)).astype(np.int64)  # which of the free moves
        turned = (np.cumsum(free, 1) > drawn[:, None]).argmax(1)
        self._heading = np.where(go_on, self._heading, turned)
        moves = (pause >= PAUSE) & free.any(1)
        return np.where(moves, self._reached[each, self._heading, goals], goals)


def play(decide: Decide, boards: np.ndarray, steps: int, walkers: Walkers | None = None) -> Played:
    """Take the best move on each board, `steps` times or until all have arrived; `walkers` are followed to the end."""
    each, reached = np.arange(len(boards)), destinations(boards)
    place, goal = places(boards, START), places(boards, GOAL)
    trail, targets = [place], [goal]
    arrived = np.where(place == goal, 0, -1)
    worth = decide(boards)
    for step in range(steps):
        move = worth.reshape(len(boards), len(MOVES), -1)[each, :, place].argmax(1)
        still = (arrived >= 0) & (walkers is None)
        place = np.where(still, place, reached[each, move, place])
        arrived = np.where((arrived < 0) & (place == goal), step + 1, arrived)
        if walkers:
            goal = walkers.walk(step, goal)
            arrived = np.where((arrived < 0) & (place == goal), step + 1, arrived)
            worth = decide(with_goals(boards, goal))
        trail.append(place)
        targets.append(goal)
        if not walkers and (arrived >= 0).all():
            break
    return Played(np.stack(trail, 1), np.stack(targets, 1), arrived)


def near(boards: np.ndarray, places: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """Where one is at most two moves away from the other: bool, shaped like places and goals, (B, T)."""
    reached = destinations(boards)
    each = np.arange(len(boards))[:, None, None]
    one = np.moveaxis(reached[each[..., 0], :, goals], 2, 1)  # (B, 4, T)
    two = reached[each, :, one]  # (B, 4, T, 4)
    away = [goals == places, (one == places[:, None]).any(1), (two == places[:, None, :, None]).any((1, 3))]
    return np.logical_or.reduce(away)
