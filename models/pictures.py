"""Pictures of how a classifier does and how a network learnt."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from models import drawing, metrics
from models.drawing import BLUE, GREY, INK, ORANGE

if TYPE_CHECKING:
    from models.outcome import Outcome

COLUMNS, SIDE, LINES = 6, 0.95, 0.34  # of the mistakes: a picture's longer side and two lines of text, in columns
PICTURE_LETTERS, AXIS_LETTERS, NUMBERED_CLASSES, NAMED_CLASSES = 11, 24, 20, 60


def classification(outcome: "Outcome", facts: Mapping[str, Any]) -> dict[str, bytes]:
    """File name → PNG: confusion matrix, reliability diagram and worst mistakes, and the loss curve where `facts` has a
    `history`."""
    right = outcome.rows["label"] == outcome.rows["prediction"]
    pictures = {
        "confusion.png": confusion_matrix(outcome.shown["confusion"], [str(name) for name in facts["classes"]]),
        "reliability.png": reliability(outcome.rows["confidence"], right),
        "mistakes.png": mistakes(outcome.shown["mistakes"]),
    }
    if facts.get("history"):
        pictures["loss.png"] = loss_curve(facts["history"])
    return pictures


def confusion_matrix(counts: np.ndarray, classes: Sequence[str]) -> bytes:
    """What each class was taken for: counts, int64 (classes, classes), true classes in rows.

    Right answers are blue by their share of the row. Wrong ones are orange on a scale of their own, else the few
    mistakes of a good model would be white.
    """
    return drawing.png(
        lambda figure: _draw_confusion(figure, counts, classes), *[min(14.0, 3.0 + 0.38 * len(classes))] * 2
    )


def reliability(confidence: np.ndarray, right: np.ndarray) -> bytes:
    """How often answers of some confidence (N,) were right (N,), with 95 % intervals, and how many there are."""
    return drawing.png(lambda figure: _draw_reliability(figure, confidence, right), 5.6, 6.2)


def loss_curve(history: Sequence[Mapping[str, float]]) -> bytes:
    """Loss, and whatever else was measured, of training and validation samples over epochs."""
    return drawing.png(lambda figure: _draw_history(figure, history), 9.6, 3.8)


def mistakes(worst: Sequence[Mapping[str, Any]]) -> bytes:
    """The most confident wrong answers: picture, true class, predicted class, confidence."""
    rows = max(1, -(-len(worst) // COLUMNS))
    cell = _picture_height(worst) + LINES
    return drawing.png(lambda figure: _draw_mistakes(figure, worst, rows), 9.6, 0.9 + 1.55 * cell * rows)


def _picture_height(worst: Sequence[Mapping[str, Any]]) -> float:
    """The height that the highest picture is drawn at, in columns."""
    shapes = [mistake["image"].shape[1:] for mistake in worst]
    return SIDE * max((height / max(height, width) for height, width in shapes), default=1.0)


def _draw_confusion(figure: Figure, counts: np.ndarray, classes: Sequence[str]) -> None:
    axes, count = figure.add_subplot(), len(classes)
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    wrong = share * ~np.eye(count, dtype=bool)
    colours = np.where(
        np.eye(count, dtype=bool)[..., None], drawing.BLUES(share), drawing.ORANGES(wrong / max(wrong.max(), 1e-9))
    )
    axes.imshow(colours)
    if count <= NUMBERED_CLASSES:
        _write_counts(axes, counts, colours)
    axes.set_xticks(np.arange(count + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(count + 1) - 0.5, minor=True)
    axes.grid(which="minor")
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    places = range(0, count, -(-count // NAMED_CLASSES))
    names = [drawing.short(classes[place], AXIS_LETTERS) for place in places]
    axes.set_xticks(places, names, rotation=0 if max(map(len, names)) <= 3 else 90)
    axes.set_yticks(places, names)
    axes.set(xlabel="predicted class", ylabel="true class")
    drawing.headline(figure, "What was taken for what", f"{np.trace(counts):,} of {counts.sum():,} right")


def _write_counts(axes: Axes, counts: np.ndarray, colours: np.ndarray) -> None:
    """Each count that is not 0, white where its cell is dark."""
    luminance = colours[..., :3] @ [0.299, 0.587, 0.114]  # ITU-R BT.601
    for row, column in np.argwhere(counts):
        ink = "white" if luminance[row, column] < 0.6 else INK
        axes.text(column, row, f"{counts[row, column]:,}", ha="center", va="center", fontsize=9, color=ink)


def _draw_reliability(figure: Figure, confidence: np.ndarray, right: np.ndarray) -> None:
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    table = metrics.reliability(confidence, right)
    samples, stated, reached = table[table[:, 0] > 0].T
    low, high = metrics.wilson(reached * samples, samples)
    upper.plot([0, 1], [0, 1], color=GREY, linestyle=(0, (4, 3)), linewidth=1)
    upper.text(
        0.05, 0.09, "as right as sure", color=GREY, rotation=45, rotation_mode="anchor", transform_rotates_text=True
    )
    upper.vlines(stated, low, high, color=BLUE, linewidth=1.5)
    upper.plot(stated, reached, "o", color=BLUE, markersize=6)
    upper.set(ylim=(0, 1.02), ylabel="share that was right")
    edges = np.linspace(0, 1, len(table) + 1)
    lower.bar(edges[:-1], table[:, 0], np.diff(edges), align="edge", color=BLUE, edgecolor="white")
    lower.set(yscale="symlog", xlim=(0, 1), xlabel="confidence", ylabel="samples")
    powers = [0, *(10**power for power in range(10) if 10**power <= table[:, 0].max())]
    lower.set_yticks(powers, [f"{power:,}" for power in powers])
    for axes in (upper, lower):
        axes.grid(axis="y")
        axes.set_axisbelow(True)
    upper.yaxis.set_major_formatter(PercentFormatter(1))
    lower.xaxis.set_major_formatter(PercentFormatter(1))
    error = metrics.expected_calibration_error(confidence, right)
    drawing.headline(figure, "Is it right as often as it is sure?", f"expected calibration error {error:.1%}")


def _draw_history(figure: Figure, history: Sequence[Mapping[str, float]]) -> None:
    measured = [name.split("_", 1) for name in history[0] if name.startswith(("train_", "validation_"))]
    shown = list(dict.fromkeys(name for _, name in measured))
    for place, name in enumerate(shown):
        axes = figure.add_subplot(1, len(shown), place + 1)
        for kind, colour in (("train", BLUE), ("validation", ORANGE)):
            points = [(row["epoch"], row[f"{kind}_{name}"]) for row in history if f"{kind}_{name}" in row]
            if points:
                _draw_line(axes, points, kind, colour)
        axes.set(xlabel="epoch", title=name.replace("_", " "))
        axes.grid(axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False)
    told = [f"{name.replace('_', ' ')} {value:.4g}" for name, value in history[-1].items() if "validation" in name]
    drawing.headline(figure, "How it learnt", ", ".join([f"{len(history)} epochs", *told]))


def _draw_line(axes: Axes, points: Sequence[tuple[float, float]], label: str, colour: str) -> None:
    epochs, values = zip(*points, strict=True)
    axes.plot(epochs, values, color=colour, linewidth=2, label=label, marker="o", markevery=[-1], markersize=5)


def _draw_mistakes(figure: Figure, worst: Sequence[Mapping[str, Any]], rows: int) -> None:
    axes = figure.add_subplot()
    axes.set_axis_off()
    height = _picture_height(worst)
    cell = height + LINES
    for place, mistake in enumerate(worst):
        _draw_mistake(axes, mistake, place % COLUMNS, place // COLUMNS * cell, height)
    axes.set(xlim=(-0.03, COLUMNS - 0.03), ylim=(rows * cell, -0.02), aspect="equal", anchor="NW")
    drawing.headline(
        figure, "Surest mistakes", "what it is, what the model said, and how sure it was" if worst else "none"
    )


def _draw_mistake(axes: Axes, mistake: Mapping[str, Any], left: float, top: float, height: float) -> None:
    drawing.picture(axes, mistake["image"], left, top, SIDE)
    label, prediction = (drawing.short(mistake[name], PICTURE_LETTERS) for name in ("label", "prediction"))
    below = top + height
    axes.text(left, below + 0.08, f"is {label}", color=BLUE, va="center", weight="bold")
    axes.text(left, below + 0.21, f"said {prediction}", color=ORANGE, va="center", weight="bold")
    axes.text(left + SIDE, below + 0.08, f"{mistake['confidence']:.0%}", color=GREY, va="center", ha="right")
