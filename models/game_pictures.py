"""Pictures of games: boards with the way an agent took, how returns are spread, and how it learnt."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from models import board_game, drawing
from models.board_game import GOAL, START, WALL
from models.drawing import BLUE, GREY, INK, ORANGE, PALE

if TYPE_CHECKING:
    from models.outcome import Outcome

COLUMNS, SIDE_IN = 4, 2.5
CURVES = ("train_loss", "train_return", "validation_score")


def show(outcome: "Outcome", facts: Mapping[str, Any]) -> dict[str, bytes]:
    """File name → PNG: games.png or returns.png, and learning.png where `facts` has a `history`."""
    shown = outcome.shown
    drawn = {"games.png": games(shown)} if "played" in shown else {"returns.png": returns(shown["returns"])}
    return drawn | ({"learning.png": learning(facts["history"])} if facts.get("history") else {})


def games(shown: Mapping[str, Any]) -> bytes:
    """Boards with the way of the agent in blue, a walker's in orange; failures first, then the longest."""
    rows = -(-len(shown["boards"]) // COLUMNS)
    return drawing.png(lambda figure: _draw_games(figure, shown, rows), COLUMNS * SIDE_IN, 0.9 + rows * (SIDE_IN + 0.3))


def returns(values: np.ndarray) -> bytes:
    """How many episodes had which return."""
    return drawing.png(lambda figure: _draw_returns(figure, values), 6.4, 3.6)


def learning(history: Sequence[Mapping[str, float]]) -> bytes:
    """Loss, return while exploring and validation score, whatever was measured, over epochs."""
    return drawing.png(lambda figure: _draw_learning(figure, history), 9.6, 3.6)


def _draw_games(figure: Figure, shown: Mapping[str, Any], rows: int) -> None:
    played, follows = shown["played"], (shown["played"].goals != shown["played"].goals[:, :1]).any()
    for place, board in enumerate(shown["boards"]):
        axes = figure.add_subplot(rows, COLUMNS, place + 1)
        axes.imshow(np.where(board[WALL] == 1, 0.25, 1.0), cmap="gray", vmin=0, vmax=1)
        axes.set_axis_off()
        arrived = int(played.arrived[place])
        end = arrived + 1 if arrived >= 0 and not follows else played.places.shape[1]
        if follows:
            _draw_way(axes, played.goals[place], board.shape[2], ORANGE, 0.12)
        _draw_way(axes, played.places[place, :end], board.shape[2], BLUE, -0.12 if follows else 0.0)
        if follows or arrived < 0:
            _draw_end(axes, played.places[place, end - 1], board.shape[2])
        _mark(axes, board)
        axes.set_title(_told(arrived, int(shown["shortest"][place]), follows), fontsize=8.5, color=INK, loc="left")
    subtitle = "agent blue, walker orange" if follows else "agent blue, from A to G"
    drawing.headline(
        figure,
        "What it did on boards it had not seen",
        f"{subtitle}; the worst and longest first, then some of the rest",
    )


def _draw_way(axes: Axes, places: np.ndarray, width: int, colour: str, aside: float) -> None:
    rows, columns = np.divmod(places, width)
    axes.plot(columns + aside, rows + aside, color=colour, linewidth=1.8, alpha=0.8, solid_joinstyle="round")


def _draw_end(axes: Axes, place: int, width: int) -> None:
    row, column = divmod(int(place), width)
    axes.plot(column, row, "o", color=BLUE, markersize=4)


def _mark(axes: Axes, board: np.ndarray) -> None:
    for tile, letter in ((START, "A"), (GOAL, "G")):
        row, column = divmod(int(board_game.places(board[None], tile)[0]), board.shape[2])
        axes.text(column, row, letter, ha="center", va="center", fontsize=8, weight="bold", color=INK)


def _told(arrived: int, shortest: int, follows: bool) -> str:
    if follows:
        return f"caught after {arrived} moves" if arrived >= 0 else "never caught"
    return f"{arrived} moves, {shortest} needed" if arrived >= 0 else f"lost; {shortest} moves needed"


def _draw_returns(figure: Figure, values: np.ndarray) -> None:
    axes = figure.add_subplot()
    low, high = min(0.0, values.min()), max(0.0, values.max())
    edges = np.linspace(low, high, 26).tolist() if high > low else [-0.5, 0.5]
    axes.hist(values, bins=edges, color=BLUE, edgecolor="white")
    axes.set(xlabel="return of an episode", ylabel="episodes")
    axes.grid(axis="y", color=PALE)
    axes.set_axisbelow(True)
    drawing.headline(figure, "How it played", f"{len(values):,} episodes, mean return {values.mean():.4g}")


def _draw_learning(figure: Figure, history: Sequence[Mapping[str, float]]) -> None:
    names = [name for name in CURVES if any(name in row for row in history)]
    for place, name in enumerate(names):
        axes = figure.add_subplot(1, len(names), place + 1)
        epochs, values = zip(*[(row["epoch"], row[name]) for row in history if name in row], strict=True)
        colour = ORANGE if name.startswith("validation") else BLUE
        axes.plot(epochs, values, color=colour, linewidth=2, marker="o", markevery=[-1], markersize=5)
        axes.set(xlabel="epoch")
        axes.set_title(name.replace("_", " "), color=GREY)
        axes.grid(axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    drawing.headline(figure, "How it learnt", f"{len(history)} epochs")
