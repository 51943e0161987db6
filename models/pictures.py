"""Pictures for reports, as PNG bytes: the same numbers give the same bytes. Drawn by matplotlib without pyplot."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from models import metrics
from models.evaluate import Outcome

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#6B7280"  # Okabe and Ito 2008: told apart with any colour vision


def classification(outcome: Outcome, facts: Mapping[str, Any]) -> dict[str, bytes]:
    """File name → PNG: confusion matrix, reliability diagram and worst mistakes; the loss curve where `facts` has a
    `history`."""
    right = outcome.rows["label"] == outcome.rows["prediction"]
    pictures = {
        "confusion.png": confusion_matrix(outcome.confusion, list(facts["classes"])),
        "reliability.png": reliability(outcome.rows["confidence"], right),
        "mistakes.png": mistakes(outcome.mistakes),
    }
    if facts.get("history"):
        pictures["loss.png"] = loss_curve(facts["history"])
    return pictures


def confusion_matrix(counts: np.ndarray, classes: Sequence[str]) -> bytes:
    """Counts (classes, classes), rows are true classes; shades are fractions of the row."""
    figure = Figure((6, 6), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(counts / np.maximum(counts.sum(1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(classes)), classes)
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel="predicted", ylabel="true")
    return _png(figure)


def reliability(confidence: np.ndarray, right: np.ndarray) -> bytes:
    """How often the answers were right (N,) where they were this sure (N,)."""
    table = metrics.reliability(confidence, right)
    figure = Figure((6, 6), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=GREY)
    filled = table[:, 0] > 0
    axes.plot(table[filled, 1], table[filled, 2], "o-", color=BLUE)
    axes.set(xlabel="confidence", ylabel="accuracy")
    return _png(figure)


def loss_curve(history: Sequence[Mapping[str, float]]) -> bytes:
    """Training and validation loss over epochs."""
    figure = Figure((6, 4), layout="constrained")
    axes = figure.add_subplot()
    for name, colour in (("train_loss", BLUE), ("validation_loss", ORANGE)):
        rows = [row for row in history if name in row]
        axes.plot([row["epoch"] for row in rows], [row[name] for row in rows], color=colour, label=name)
    axes.legend()
    return _png(figure)


def mistakes(worst: Sequence[Mapping[str, Any]]) -> bytes:
    """The most confident wrong answers with true and predicted class."""
    figure = Figure((8, 6), layout="constrained")
    for place, mistake in enumerate(worst[:24]):
        axes = figure.add_subplot(4, 6, place + 1)
        axes.imshow(mistake["image"].transpose(1, 2, 0).squeeze(), cmap="gray")
        axes.set_axis_off()
        axes.set_title(f"{mistake['label']} → {mistake['prediction']}")
    return _png(figure)


def _png(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    return buffer.getvalue()
