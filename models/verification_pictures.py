"""Pictures of how well people are told apart."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from models import drawing, pictures, verification
from models.drawing import BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from models.outcome import Outcome

BINS, COLUMNS, NAME_LETTERS = 50, 3, 12
LEAST_SHARE = 1e-3  # of false accepts that the curve begins at


def draw(outcome: "Outcome", facts: Mapping[str, Any]) -> dict[str, bytes]:
    """File name → PNG: the receiver operating characteristic, the similarities of pairs, the hardest pairs, and what
    was measured by epoch where `facts` has a `history`."""
    same, different = outcome.shown["same"], outcome.shown["different"]
    drawn = {
        "roc.png": roc(same, different),
        "similarities.png": similarities(same, different),
        "hardest_pairs.png": hardest(outcome.shown["hardest"]),
    }
    if facts.get("history"):
        drawn["loss.png"] = pictures.loss_curve(facts["history"])
    return drawn


def roc(same: np.ndarray, different: np.ndarray) -> bytes:
    """The share of pairs of one person that are accepted against that of two people, which is on a logarithmic axis."""
    return drawing.png(lambda figure: _draw_roc(figure, same, different), 5.6, 5.2)


def similarities(same: np.ndarray, different: np.ndarray) -> bytes:
    """How similar pairs of one person are, and pairs of two, each kind as shares of itself."""
    return drawing.png(lambda figure: _draw_similarities(figure, same, different), 7.2, 4.4)


def hardest(pairs: Sequence[Mapping[str, Any]]) -> bytes:
    """The pairs of one person that look least alike, and those of two that look most alike: images, labels,
    similarity."""
    rows = max(1, -(-len(pairs) // COLUMNS))
    return drawing.png(lambda figure: _draw_hardest(figure, pairs, rows), 9.6, 0.9 + 1.9 * rows)


def _draw_roc(figure: Figure, same: np.ndarray, different: np.ndarray) -> None:
    axes = figure.add_subplot()
    false, true = verification.curve(same, different)
    equal = verification.equal_error_rate(same, different)
    axes.step(np.maximum(false, LEAST_SHARE), true, where="post", color=BLUE, linewidth=2)
    axes.plot(max(equal, LEAST_SHARE), 1 - equal, "o", color=ORANGE, markersize=6)
    axes.text(
        0.97, 0.03, f"equal error rate {equal:.1%}", transform=axes.transAxes, ha="right", color=ORANGE, weight="bold"
    )
    axes.set(xscale="log", xlim=(LEAST_SHARE, 1), ylim=(min(0.9, true[1:].min(initial=1)) - 0.02, 1.005))
    axes.set(xlabel="pairs of two people accepted", ylabel="pairs of one person accepted")
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid()
    area = verification.roc_area(same, different)
    drawing.headline(figure, "Accepted rightly and wrongly", f"area under the curve {area:.4f}")


def _draw_similarities(figure: Figure, same: np.ndarray, different: np.ndarray) -> None:
    axes = figure.add_subplot()
    edges = np.linspace(min(same.min(), different.min()), 1, BINS + 1).tolist()
    for values, colour, name in ((different, ORANGE, "two people"), (same, BLUE, "one person")):
        weights = np.full(len(values), 1 / len(values))
        label = f"{name}: {len(values):,} pairs"
        axes.hist(values, edges, weights=weights, color=colour, alpha=0.65, label=label)
    axes.set(xlabel="cosine similarity of a pair", ylabel="share of its kind")
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.legend(frameon=False, loc="upper left")
    drawing.headline(figure, "How similar pairs are", "the less they overlap the better")


def _draw_hardest(figure: Figure, pairs: Sequence[Mapping[str, Any]], rows: int) -> None:
    axes = figure.add_subplot()
    axes.set_axis_off()
    for place, pair in enumerate(pairs):
        left, top = place % COLUMNS * 2.15, place // COLUMNS * 1.3
        for number, image in enumerate(pair["images"]):
            drawing.picture(axes, image, left + number, top, 0.97)
        first, second = (drawing.short(name, NAME_LETTERS) for name in pair["labels"])
        colour, said = (BLUE, f"both {first}") if first == second else (ORANGE, f"{first}, {second}")
        axes.text(left, top + 1.07, said, color=colour, va="center", weight="bold")
        axes.text(left + 1.97, top + 1.07, f"{pair['similarity']:.2f}", color=GREY, va="center", ha="right")
    axes.set(xlim=(-0.03, COLUMNS * 2.15 - 0.1), ylim=(rows * 1.3, -0.02), aspect="equal", anchor="NW")
    drawing.headline(figure, "Hardest pairs", "one person who looks different, then two who look alike; similarity")
