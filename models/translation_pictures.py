"""Pictures of how well sentences were translated."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from models import drawing, pictures
from models.drawing import BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from models.outcome import Outcome

BINS = 8


def translation(outcome: "Outcome", facts: Mapping[str, Any]) -> dict[str, bytes]:
    """File name → PNG: how good by length, and the loss curve where `facts` has a `history`."""
    drawn = {"quality_by_length.png": by_length(outcome.shown["words"], outcome.rows["score"])}
    if facts.get("history"):
        drawn["loss.png"] = pictures.loss_curve(facts["history"])
    return drawn


def by_length(words: np.ndarray, scores: np.ndarray) -> bytes:
    """The score of each sentence (N,) over how many words its source has (N,), with the median of sentences alike."""
    return drawing.png(lambda figure: _draw(figure, words, scores), 7.2, 4.6)


def _draw(figure: Figure, words: np.ndarray, scores: np.ndarray) -> None:
    axes = figure.add_subplot()
    axes.scatter(words, 100 * scores, s=9, color=BLUE, alpha=0.25, linewidths=0)
    alike = np.array_split(np.argsort(words, kind="stable"), min(BINS, len(words)))
    axes.plot([words[b].mean() for b in alike], [100 * np.median(scores[b]) for b in alike], color=ORANGE, marker="o")
    axes.text(0.99, 0.02, "orange: median of sentences about as long", transform=axes.transAxes, ha="right", color=GREY)
    axes.set(xlabel="words of the source", ylabel="chrF of its translation", ylim=(0, 102), xlim=(0, None))
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    drawing.headline(
        figure, "Are long sentences harder?", f"{len(scores):,} sentences, median chrF {100 * np.median(scores):.0f}"
    )
