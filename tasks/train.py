"""Train: weights, with the loss curve for people to look at."""

import base64
import json
from pathlib import Path

from prefect import task
from prefect.artifacts import create_image_artifact
from prefect.cache_policies import NO_CACHE

from project import layout
from tasks.stage import Outcome, artifact_key, bring_up_to_date

WIDTH, HEIGHT, MARGIN = 640, 320, 40


@task(name="train", cache_policy=NO_CACHE, timeout_seconds=24 * 3600)
def train(model: str) -> Outcome:
    """Bring `data/weights/<model>` up to date and publish its loss curve. A step that is run again resumes by itself."""
    outcome = bring_up_to_date(f"train@{model}")
    history = json.loads((layout.weights(Path.cwd(), model) / "history.json").read_text(encoding="utf-8"))
    picture = base64.b64encode(loss_curve(history).encode()).decode()
    create_image_artifact(
        key=artifact_key("loss", model),
        image_url=f"data:image/svg+xml;base64,{picture}",
        description=f"Loss of {model} by epoch: training solid, validation dashed",
    )
    return outcome


def loss_curve(history: list[dict[str, float]]) -> str:
    """Training and validation loss by epoch as a small SVG, on a linear scale from 0."""
    series = [[row[key] for row in history if key in row] for key in ("train_loss", "validation_loss")]
    top = max((value for values in series for value in values), default=1.0) or 1.0
    bottom, right = HEIGHT - MARGIN, WIDTH - MARGIN
    lines = [
        f'<polyline fill="none" stroke="{colour}" stroke-width="2" {dash} points="{_points(values, top)}"/>'
        for values, colour, dash in zip(series, ("#0072b2", "#d55e00"), ("", 'stroke-dasharray="6 4"'), strict=True)
    ]
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            f'<path d="M{MARGIN} {MARGIN}V{bottom}H{right}" fill="none" stroke="#555"/>',
            f'<text x="4" y="{MARGIN}">{top:.3g}</text><text x="24" y="{bottom}">0</text>',
            f'<text x="{right}" y="{HEIGHT - 16}" text-anchor="end">epoch {len(history)}</text>',
            *lines,
            "</svg>",
        ]
    )


def _points(values: list[float], top: float) -> str:
    across, up = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    steps = max(len(values) - 1, 1)
    return " ".join(
        f"{MARGIN + across * i / steps:.1f},{HEIGHT - MARGIN - up * v / top:.1f}" for i, v in enumerate(values)
    )
