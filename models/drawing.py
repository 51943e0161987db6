"""How pictures for reports are drawn, as PNG bytes: the same numbers give the same bytes on any screen and with any
matplotlibrc.

Colours are told apart with any colour vision (Okabe and Ito 2008). pyplot is left out: it keeps figures and costs time.
"""

import io
import warnings
from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

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


def headline(figure: Figure, title: str, subtitle: str) -> None:
    """Title and subtitle at the top left; what is drawn has the rest."""
    width, height = figure.get_size_inches()
    figure.text(0.15 / width, 1 - 0.15 / height, title, va="top", weight="bold", fontsize=13)
    figure.text(0.15 / width, 1 - 0.42 / height, subtitle, va="top", color=GREY)
    margins = {"rect": (0.1 / width, 0.1 / height, 1 - 0.25 / width, 1 - 0.8 / height)}  # left, bottom, width, height
    figure.set_layout_engine("constrained", **margins)


def short(name: str, letters: int) -> str:
    """The name, cut to so many letters."""
    return name if len(name) <= letters else f"{name[: letters - 1]}…"


def picture(axes: Axes, image: np.ndarray, left: float, top: float, side: float) -> None:
    """Draw an image, uint8 (1 or 3, H, W), into a square of `side` in the units of `axes`, which point down."""
    shown = np.moveaxis(image, 0, -1)
    height, width = np.array(shown.shape[:2]) / max(shown.shape[:2]) * side
    coloured = np.repeat(shown, 3, axis=2) if shown.shape[2] == 1 else shown
    axes.imshow(coloured.astype(np.uint8), extent=(left, left + width, top + height, top))
