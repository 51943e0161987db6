"""Pictures: whole PNG files, the same bytes for the same numbers, whatever the outcome looks like."""

import io
from typing import Any

import matplotlib
import numpy as np
import pytest
from PIL import Image

from models import metrics, pictures
from models.outcome import Outcome


def outcome(classes: int = 10, samples: int = 200, wrong: int = 20, channels: int = 1, name: str = "{}") -> Outcome:
    draws = np.random.default_rng(0)
    labels = np.arange(samples) % classes
    predictions = np.where(np.arange(samples) < wrong, (labels + 1) % classes, labels)
    names = np.array([name.format(number) for number in range(classes)], dtype=object)
    rows = {"label": names[labels], "prediction": names[predictions], "confidence": draws.uniform(0.3, 1, samples)}
    mistakes: list[dict[str, Any]] = [
        {key: column[index] for key, column in rows.items()}
        | {"image": draws.integers(0, 255, (channels, 9, 12)).astype(np.uint8)}
        for index in range(min(wrong, 24))
    ]
    counts = metrics.confusion(labels, predictions, classes)
    return Outcome(metrics={}, rows=rows, shown={"confusion": counts, "mistakes": mistakes})


def drawn(result: Outcome, **given: Any) -> dict[str, bytes]:
    classes = sorted(set(result.rows["label"]) | set(result.rows["prediction"]))
    return pictures.classification(result, {"classes": classes, **given})


def history(epochs: int, **columns: float) -> list[dict[str, float]]:
    return [{"epoch": epoch + 1, "train_loss": 1 / (epoch + 1), **columns} for epoch in range(epochs)]


@pytest.mark.parametrize(
    "result",
    [
        outcome(),
        outcome(wrong=0),
        outcome(wrong=200),
        outcome(classes=2, samples=2, wrong=1),
        outcome(classes=70, channels=3, name="a name of the class that is long {}"),
        outcome(name="类 {} & $x_1$"),
    ],
    ids=["usual", "no mistake", "no right answer", "two samples", "many long names in colour", "other script"],
)
def test_every_outcome_gives_whole_pictures(result: Outcome) -> None:
    files = drawn(result)
    assert files.keys() == {"confusion.png", "reliability.png", "mistakes.png"}
    for content in files.values():
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            assert image.format == "PNG"
            assert min(image.size) >= 100
            assert max(image.size) <= 1700


@pytest.mark.parametrize("epochs", [1, 30])
@pytest.mark.parametrize("columns", [{}, {"validation_loss": 0.5}, {"train_accuracy": 0.9, "validation_accuracy": 0.8}])
def test_a_history_gives_a_loss_curve(epochs: int, columns: dict[str, float]) -> None:
    content = drawn(outcome(), history=history(epochs, **columns))["loss.png"]
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (1152, 456)


def test_the_same_numbers_give_the_same_bytes_whatever_matplotlibrc_says() -> None:
    first = drawn(outcome(), history=history(3))
    with matplotlib.rc_context({"font.size": 30, "axes.grid": True, "savefig.dpi": 30}):
        again = drawn(outcome(), history=history(3))
        assert matplotlib.rcParams["font.size"] == 30
    assert again == first


def test_different_numbers_give_different_pictures() -> None:
    first, second = drawn(outcome()), drawn(outcome(wrong=19))
    assert all(first[name] != second[name] for name in first)


def test_nothing_in_the_files_tells_when_or_by_what_they_were_made() -> None:
    for content in drawn(outcome()).values():
        assert b"tEXt" not in content
        assert b"tIME" not in content
