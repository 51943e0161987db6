"""Sheets of generated pictures, and how the players got on, as PNG bytes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from models import pictures
from models.outcome import Outcome

PAIR_COLUMNS = 6


def generation(outcome: Outcome, facts: Mapping[str, Any]) -> dict[str, bytes]:
    """File name → PNG: samples of each class, generated pictures beside their nearest training picture, and the losses
    where `facts` has a `history`."""
    classes = [str(name) for name in facts["classes"]]
    drawn = {
        "samples_by_class.png": samples(outcome.shown["sheet"], classes),
        "nearest_training_pictures.png": neighbours(outcome.shown["pairs"], classes),
    }
    if facts.get("history"):
        drawn["losses_of_both_players.png"] = losses(facts["history"])
    return drawn


def samples(sheet: np.ndarray, classes: Sequence[str]) -> bytes:
    """A row of pictures for each class: uint8 (classes, N, C, H, W). None is chosen: they are the first N numbers."""
    rows = len(sheet)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        tiled = sheet.transpose(0, 3, 1, 4, 2)  # (classes, H, N, W, C)
        height, count, width = tiled.shape[1:4]
        show(axes, tiled.reshape(rows * height, count * width, -1), (0, count * width, rows * height, 0))
        axes.set_yticks((np.arange(rows) + 0.5) * height, [pictures.shortened(name) for name in classes[:rows]])
        pictures.headline(figure, "What it draws", f"the first {count} of each class, not chosen")

    return pictures.png(draw, 9.6, 0.9 + 0.72 * rows)


def neighbours(pairs: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> bytes:
    """The generated pictures that are nearest to a training picture, each left of it, with their distance."""
    rows = max(1, -(-len(pairs) // PAIR_COLUMNS))

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, pair in enumerate(pairs):
            left, top = place % PAIR_COLUMNS * 2.3, place // PAIR_COLUMNS * 1.4
            for offset, image in enumerate((pair["generated"], pair["nearest"])):
                show(axes, np.moveaxis(image, 0, -1), (left + offset, left + offset + 0.98, top + 1, top))
            told = f"{pictures.shortened(classes[pair['label']])}: {pair['distance']:.1f} apart"
            axes.text(left, top + 1.15, told, color=pictures.GREY, va="center")
        axes.set(xlim=(0, PAIR_COLUMNS * 2.3), ylim=(rows * 1.4, 0), aspect="equal")
        pictures.headline(figure, "Nearest to training", "left generated, right the training picture nearest to it")

    return pictures.png(draw, 9.6, 0.9 + 1.0 * rows)


def losses(history: Sequence[Mapping[str, float]]) -> bytes:
    """Both hinge losses over epochs."""

    def draw(figure: Figure) -> None:
        for place, (player, colour) in enumerate((("critic", pictures.BLUE), ("generator", pictures.ORANGE))):
            axes = figure.add_subplot(1, 2, place + 1)
            points = [(row["epoch"], row[f"{player}_loss"]) for row in history]
            pictures.line(axes, points, player, colour)
            axes.set(xlabel="epoch", title=f"loss of the {player}")
            axes.grid(axis="y")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        pictures.headline(figure, "How they played", "a critic that tells nothing apart is at 2; neither loss need fall")

    return pictures.png(draw, 9.6, 3.8)


def show(axes: Axes, image: np.ndarray, extent: tuple[float, float, float, float]) -> None:
    """One picture (H, W, 1 or 3) at (left, right, bottom, top), without a frame around the axes."""
    shown = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
    axes.imshow(shown, extent=extent, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
