"""Pictures of how a classifier of texts does."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from models import drawing, pictures
from models.drawing import BLUE, GREY, INK

if TYPE_CHECKING:
    from models.outcome import Outcome

COLUMNS, LETTERS, CLASSES = 3, 26, 12


def classification(outcome: "Outcome", facts: Mapping[str, Any]) -> dict[str, bytes]:
    """File name → PNG: confusion matrix, reliability diagram, telling words, and the loss curve where there is one."""
    right = outcome.rows["label"] == outcome.rows["prediction"]
    drawn = {
        "confusion.png": pictures.confusion_matrix(
            outcome.shown["confusion"], [str(name) for name in facts["classes"]]
        ),
        "reliability.png": pictures.reliability(outcome.rows["confidence"], right),
    }
    if outcome.shown["telling"]:
        drawn["telling_words.png"] = telling(outcome.shown["telling"])
    if facts.get("history"):
        drawn["loss.png"] = pictures.loss_curve(facts["history"])
    return drawn


def telling(found: Mapping[str, Sequence[tuple[str, float]]]) -> bytes:
    """For each class (twelve at most), the words that alone make it most probable, and how probable."""
    shown = dict(list(found.items())[:CLASSES])
    columns = min(COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    return drawing.png(lambda figure: _draw(figure, shown, rows, columns), 9.6, 0.9 + 2.9 * rows)


def _draw(figure: Figure, shown: Mapping[str, Sequence[tuple[str, float]]], rows: int, columns: int) -> None:
    for place, (name, words) in enumerate(shown.items()):
        axes = figure.add_subplot(rows, columns, place + 1)
        heights = range(len(words))
        axes.barh(heights, [score for _, score in words], color=BLUE, alpha=0.35, height=0.8)
        for height, (ngram, _) in zip(heights, words, strict=True):
            axes.text(0.02, height, drawing.short(ngram, LETTERS), va="center", color=INK, fontsize=9)
        axes.set(
            xlim=(0, 1),
            ylim=(len(words) - 0.4, -0.6),
            xticks=[0, 0.5, 1],
            xticklabels=["0", "50 %", "100 %"],
            yticks=[],
        )
        axes.set_title(drawing.short(name, LETTERS), loc="left", fontsize=10, color=GREY, weight="bold")
    drawing.headline(figure, "Telling words", "how probable each class is when these words are all that is read")
