"""What an engineer looks at to judge a generator, as PNG bytes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from models import drawing, pictures

if TYPE_CHECKING:
    from models.outcome import Outcome

PAIRS_A_ROW, PAIR, CELL = 6, 2.3, 1.4  # of the nearest pictures: two pictures and a gap wide, with a line of text below
LETTERS = 11


def generation(outcome: "Outcome", facts: Mapping[str, Any]) -> dict[str, bytes]:
    """File name → PNG: samples of each class, generated pictures beside the training picture nearest to each, and the
    losses of both players where `facts` has a `history`."""
    classes = [str(name) for name in facts["classes"]]
    drawn = {
        "samples_by_class.png": samples(outcome.shown["sheet"], classes),
        "nearest_training_pictures.png": nearest(outcome.shown["pairs"], classes),
    }
    if facts.get("history"):
        drawn["loss.png"] = pictures.loss_curve(facts["history"])
    return drawn


def samples(sheet: np.ndarray, classes: Sequence[str]) -> bytes:
    """A row of pictures for each class: uint8 (classes, N, C, H, W). They are the first N, not chosen."""
    rows, count = sheet.shape[:2]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for row, column in np.ndindex(rows, count):
            drawing.picture(axes, sheet[row, column], column, row, 0.95)
        axes.set(xlim=(-0.03, count), ylim=(rows, -0.03), aspect="equal", anchor="NW", xticks=[])
        axes.set_yticks(np.arange(rows) + 0.475, [drawing.short(name, LETTERS) for name in classes[:rows]])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        drawing.headline(figure, "What it draws", f"the first {count} pictures of each class, not chosen")

    return drawing.png(draw, 9.6, 0.9 + 8.6 / count * rows)


def nearest(pairs: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> bytes:
    """Generated pictures, each left of the training picture that is nearest to it, and how far apart they are."""
    rows = max(1, -(-len(pairs) // PAIRS_A_ROW))

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.set_axis_off()
        for place, pair in enumerate(pairs):
            left, top = place % PAIRS_A_ROW * PAIR, place // PAIRS_A_ROW * CELL
            for beside, name in enumerate(("generated", "nearest")):
                drawing.picture(axes, pair[name], left + beside, top, 0.95)
            told = f"{drawing.short(classes[pair['label']], LETTERS)}: {pair['distance']:.1f} apart"
            axes.text(left, top + 1.12, told, color=drawing.GREY, va="center")
        axes.set(xlim=(-0.03, PAIRS_A_ROW * PAIR), ylim=(rows * CELL, -0.03), aspect="equal", anchor="NW")
        said = "left generated, right the training picture nearest to it; grey levels apart, root mean square"
        drawing.headline(figure, "Nearest to training", said)

    return drawing.png(draw, 9.6, 0.9 + 0.95 * rows)
