"""Pictures of why a classifier said what it said: blue spoke for its answer, orange against it."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import ndimage

from models import drawing
from models.drawing import BLUE, GREY, INK, ORANGE
from models.explanations import Explained

SPEAKS = matplotlib.colors.LinearSegmentedColormap.from_list("speaks", [ORANGE, "#FFFFFF", BLUE])
COLUMNS, APART, GAP, LINES = 4, 1.08, 0.04, 0.34  # samples in a row; a picture and its explanation share a column
LETTERS, LINE_LETTERS, LINE_IN = 13, 116, 0.24
STRONG = 99.0  # percentile of an explanation that is drawn at full strength
TITLE = "Why it said so"
SUBTITLE = "blue spoke for its answer, orange against it; right answers first, then the surest wrong ones"


def pictures(found: Sequence[Explained]) -> dict[str, bytes]:
    """File name → PNG: each picture beside what spoke for its answer; {} without samples."""
    if not found:
        return {}
    height = max(each.seen.shape[1] / max(each.seen.shape[1:]) for each in found) * (1 - GAP)
    stacked = height <= 0.5  # wide ones, as spectrograms are, one below the other
    cell = (2 * height + GAP if stacked else height / 2) + LINES
    rows = -(-len(found) // COLUMNS)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.set_axis_off()
        for place, each in enumerate(found):
            _draw_picture(axes, each, place % COLUMNS * APART, place // COLUMNS * cell, stacked, height)
        axes.set(xlim=(-0.02, COLUMNS * APART), ylim=(rows * cell, -0.02), aspect="equal", anchor="NW")
        drawing.headline(figure, TITLE, SUBTITLE)

    return {"explained.png": drawing.png(draw, 9.6, 0.9 + 2.15 * cell * rows)}


def _draw_picture(axes: Axes, each: Explained, left: float, top: float, stacked: bool, height: float) -> None:
    side = 1 - GAP if stacked else 0.5 - GAP
    drawn = height if stacked else height / 2
    drawing.picture(axes, each.seen, left, top, side)
    beside = (left, top + drawn + GAP) if stacked else (left + 0.5, top)
    drawing.picture(axes, _coloured(each.spoke), *beside, side)
    below = top + (2 * drawn + GAP if stacked else drawn)
    _write(axes, each, left, below)


def _coloured(spoke: np.ndarray) -> np.ndarray:
    """An explanation (H, W) as an image, uint8 (3, H, W), a little smoothed: single pixels say nothing to people."""
    smooth = ndimage.gaussian_filter(spoke, max(spoke.shape) / 60)
    strong = float(np.percentile(np.abs(smooth), STRONG)) or 1.0
    colours = SPEAKS(np.clip(0.5 + smooth / strong / 2, 0, 1))[..., :3]
    return np.moveaxis((colours * 255).round().astype(np.uint8), -1, 0)


def _write(axes: Axes, each: Explained, left: float, below: float) -> None:
    right = each.label == each.prediction
    said = drawing.short(each.prediction, LETTERS)
    axes.text(left, below + 0.09, f"said {said}", color=BLUE if right else ORANGE, va="center", weight="bold")
    axes.text(left + 1 - GAP, below + 0.09, f"{each.confidence:.0%}", color=GREY, va="center", ha="right")
    truth = "which is right" if right else f"is {drawing.short(each.label, LETTERS)}"
    axes.text(left, below + 0.21, truth, color=GREY, va="center")


def texts(found: Sequence[Explained]) -> dict[str, bytes]:
    """File name → PNG: each text with its words coloured by what they spoke for; {} without samples."""
    if not found:
        return {}
    laid = [_lines(each.seen) for each in found]
    count = sum(len(lines) + 1.6 for lines in laid)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.set_axis_off()
        top = 0.0
        for each, lines in zip(found, laid, strict=True):
            _head(axes, each, top)
            _draw_words(axes, each, lines, top + 1)
            top += len(lines) + 1.6
        axes.set(xlim=(0, LINE_LETTERS), ylim=(count, -0.3))
        drawing.headline(figure, TITLE, SUBTITLE)

    return {"explained.png": drawing.png(draw, 9.6, 0.9 + LINE_IN * count)}


def _head(axes: Axes, each: Explained, top: float) -> None:
    right = each.label == each.prediction
    said = f"said {drawing.short(each.prediction, 30)}, {each.confidence:.0%}"
    truth = "right" if right else f"is {drawing.short(each.label, 30)}"
    axes.text(0, top + 0.45, f"{said}, {truth}", color=BLUE if right else ORANGE, va="center", weight="bold")


def _draw_words(axes: Axes, each: Explained, lines: Sequence[Sequence[int]], top: float) -> None:
    strong = float(np.abs(each.spoke).max()) or 1.0
    for number, line in enumerate(lines):
        left = 0
        for place in line:
            word, share = drawing.short(each.seen[place], LINE_LETTERS), float(each.spoke[place]) / strong
            colour = SPEAKS(0.5 + 0.35 * share)
            box = {"facecolor": colour, "edgecolor": "none", "pad": 1.2}
            axes.text(left, top + number + 0.45, word, family="monospace", color=INK, va="center", fontsize=9, bbox=box)
            left += len(word) + 1


def _lines(words: Sequence[str]) -> list[list[int]]:
    """The places of the words, line by line."""
    lines: list[list[int]] = [[]]
    length = 0
    for place, word in enumerate(words):
        room = min(len(word), LINE_LETTERS) + 1
        if length + room > LINE_LETTERS + 1 and lines[-1]:
            lines.append([])
            length = 0
        lines[-1].append(place)
        length += room
    return lines
