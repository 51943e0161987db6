"""Pictures for reports, as PNG bytes: the same numbers give the same bytes on any screen and with any matplotlibrc.

Colours are told apart with any colour vision (Okabe and Ito 2008). pyplot is left out: it keeps figures and costs time.
"""

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from models import metrics

if TYPE_CHECKING:
    from models.outcome import Outcome

BLUE, ORANGE, INK, GREY, PALE = "#0072B2", "#D55E00", "#1F2937", "#6B7280", "#E5E7EB"
BLUES = matplotlib.colors.LinearSegmentedColormap.from_list("right", ["#FFFFFF", "#BBD9EC", BLUE])
ORANGES = matplotlib.colors.LinearSegmentedColormap.from_list("wrong", ["#FFFFFF", "#F6C9A8", ORANGE])
DPI = 120
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": PALE,
    "text.parse_math": False,  # a class may be called $x$
}
COLUMNS, CELL = 6, 1.29  # of the mistakes: a picture and two lines of text, in picture widths
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
    return png(lambda figure: _draw_confusion(figure, counts, classes), *[min(14.0, 3.0 + 0.38 * len(classes))] * 2)


def reliability(confidence: np.ndarray, right: np.ndarray) -> bytes:
    """How often answers of some confidence (N,) were right (N,), with 95 % intervals, and how many there are."""
    return png(lambda figure: _draw_reliability(figure, confidence, right), 5.6, 6.2)


def loss_curve(history: Sequence[Mapping[str, float]]) -> bytes:
    """Loss, and accuracy where it was measured, of training and validation samples over epochs."""
    return png(lambda figure: _draw_history(figure, history), 9.6, 3.8)


def mistakes(worst: Sequence[Mapping[str, Any]]) -> bytes:
    """The most confident wrong answers: picture, true class, predicted class, confidence."""
    rows = max(1, -(-len(worst) // COLUMNS))
    return png(lambda figure: _draw_mistakes(figure, worst, rows), 9.6, 0.9 + 2.0 * rows)


def _draw_confusion(figure: Figure, counts: np.ndarray, classes: Sequence[str]) -> None:
    axes, count = figure.add_subplot(), len(classes)
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    wrong = share * ~np.eye(count, dtype=bool)
    colours = np.where(np.eye(count, dtype=bool)[..., None], BLUES(share), ORANGES(wrong / max(wrong.max(), 1e-9)))
    axes.imshow(colours)
    if count <= NUMBERED_CLASSES:
        _write_counts(axes, counts, colours)
    axes.set_xticks(np.arange(count + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(count + 1) - 0.5, minor=True)
    axes.grid(which="minor")
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    places = range(0, count, -(-count // NAMED_CLASSES))
    names = [_short(classes[place], AXIS_LETTERS) for place in places]
    axes.set_xticks(places, names, rotation=0 if max(map(len, names)) <= 3 else 90)
    axes.set_yticks(places, names)
    axes.set(xlabel="predicted class", ylabel="true class")
    headline(figure, "What was taken for what", f"{np.trace(counts):,} of {counts.sum():,} right")


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
    headline(figure, "Is it right as often as it is sure?", f"expected calibration error {error:.1%}")


def _draw_history(figure: Figure, history: Sequence[Mapping[str, float]]) -> None:
    shown = [name for name in ("loss", "accuracy") if f"train_{name}" in history[0]]
    for place, name in enumerate(shown):
        axes = figure.add_subplot(1, len(shown), place + 1)
        for kind, colour in (("train", BLUE), ("validation", ORANGE)):
            points = [(row["epoch"], row[f"{kind}_{name}"]) for row in history if f"{kind}_{name}" in row]
            if points:
                _draw_line(axes, points, kind, colour)
        axes.set(xlabel="epoch", title=name)
        axes.grid(axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False)
    told = [f"{name.replace('_', ' ')} {value:.4g}" for name, value in history[-1].items() if "validation" in name]
    headline(figure, "How it learnt", ", ".join([f"{len(history)} epochs", *told]))


def _draw_line(axes: Axes, points: Sequence[tuple[float, float]], label: str, colour: str) -> None:
    epochs, values = zip(*points, strict=True)
    axes.plot(epochs, values, color=colour, linewidth=2, label=label, marker="o", markevery=[-1], markersize=5)


def _draw_mistakes(figure: Figure, worst: Sequence[Mapping[str, Any]], rows: int) -> None:
    axes = figure.add_subplot()
    axes.set_axis_off()
    for place, mistake in enumerate(worst):
        _draw_mistake(axes, mistake, left=place % COLUMNS, top=place // COLUMNS * CELL)
    axes.set(xlim=(-0.03, COLUMNS - 0.03), ylim=(rows * CELL, -0.02), aspect="equal", anchor="NW")
    headline(figure, "Surest mistakes", "what it is, what the model said, and how sure it was" if worst else "none")


def _draw_mistake(axes: Axes, mistake: Mapping[str, Any], left: float, top: float) -> None:
    image = np.moveaxis(mistake["image"], 0, -1)
    height, width = np.array(image.shape[:2]) / max(image.shape[:2]) * 0.95
    shown = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
    axes.imshow(shown.astype(np.uint8), extent=(left, left + width, top + height, top))
    label, prediction = (_short(mistake[name], PICTURE_LETTERS) for name in ("label", "prediction"))
    axes.text(left, top + 1.03, f"is {label}", color=BLUE, va="center", weight="bold")
    axes.text(left, top + 1.16, f"said {prediction}", color=ORANGE, va="center", weight="bold")
    axes.text(left + 0.95, top + 1.03, f"{mistake['confidence']:.0%}", color=GREY, va="center", ha="right")


def _short(name: str, letters: int) -> str:
    return name if len(name) <= letters else f"{name[: letters - 1]}…"


def headline(figure: Figure, title: str, subtitle: str) -> None:
    width, height = figure.get_size_inches()
    figure.text(0.15 / width, 1 - 0.15 / height, title, va="top", weight="bold", fontsize=13)
    figure.text(0.15 / width, 1 - 0.42 / height, subtitle, va="top", color=GREY)
    margins = {"rect": (0.1 / width, 0.1 / height, 1 - 0.25 / width, 1 - 0.8 / height)}  # left, bottom, width, height
    figure.set_layout_engine("constrained", **margins)


def png(draw: Callable[[Figure], None], width_in: float, height_in: float) -> bytes:
    """The figure that `draw` fills, width × height in inches."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # a class name in a script without a font
        figure = Figure((width_in, height_in), dpi=DPI)
        draw(figure)
        FigureCanvasAgg(figure)
        figure.savefig(buffer, format="png", metadata={"Software": None})  # no version of matplotlib in the bytes
    return buffer.getvalue()
