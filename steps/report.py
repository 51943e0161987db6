"""The report: one self-contained page, pictures inside, no script, nothing fetched."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

TITLES = {
    "confusion.png": "Confusion matrix: which class was taken for which",
    "reliability.png": "Calibration: how sure it was, and how often it was right",
    "mistakes.png": "Worst mistakes: the most confident wrong answers",
    "loss.png": "Loss by epoch",
    "explained.png": "Why it said so: what spoke for its answers, of some right and some wrong ones",
    "hit_rate.png": "Hits: how many people find their next choice among k recommendations",
    "popularity.png": "Popularity: on which items recommendations fall",
}


def page(
    name: str,
    metrics: Mapping[str, float],
    rules: Sequence[Mapping[str, Any]],
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    shown: Mapping[str, bytes],
    card: Mapping[str, Any],
    history: Sequence[Mapping[str, float]],
) -> str:
    """The HTML of one model's report. Holds no date and no path: the same results give the same bytes.

    `shown` is what the recipe shows: file name → PNG or WAV.
    """
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.get_template("report.html.jinja").render(
        name=name,
        metrics=metrics,
        rules=rules,
        tables=tables,
        pictures=[_inside(file, data) for file, data in shown.items() if file.endswith(".png")],
        sounds=[_inside(file, data) for file, data in shown.items() if file.endswith(".wav")],
        card=card,
        facts=card["facts"],
        last=history[-1] if history else {},
    )


def _inside(file: str, data: bytes) -> tuple[str, str]:
    """Title and bytes in base64."""
    return title(file), base64.b64encode(data).decode()


def title(file: str) -> str:
    """What is to be seen or heard in a file that a recipe shows."""
    return TITLES.get(file) or Path(file).stem.replace("_", " ").capitalize()
