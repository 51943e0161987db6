"""Validate: metrics, pictures, the floors of the gate and the report."""

import base64
import io
import json
from pathlib import Path

from PIL import Image
from prefect import task
from prefect.artifacts import create_image_artifact, create_link_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from project import layout
from tasks.stage import Outcome, artifact_key, bring_up_to_date

MOST_PICTURES, LARGEST_PICTURE = 4, 64_000
"""A picture stands in the server's database, so there are few of each run, of so many bytes at the most."""
COLOURS = 48


@task(name="validate", cache_policy=NO_CACHE, timeout_seconds=6 * 3600)
def validate(model: str) -> Outcome:
    """Bring `data/reports/<model>` up to date, publish the metrics, pictures and a link to the report."""
    outcome = bring_up_to_date(f"validate@{model}")
    folder = layout.reports(Path.cwd(), model)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    rows = [{"metric": name, "value": round(value, 5)} for name, value in metrics.items()]
    create_table_artifact(
        key=artifact_key("metrics", model), table=rows, description=f"Metrics of {model} on its test split"
    )
    landed = layout.reports(layout.private(Path.cwd()).parent, model) / "report.html"
    create_link_artifact(
        key=artifact_key("report", model), link=landed.as_uri(), link_text=f"Report of {model}, once the run has landed"
    )
    if outcome.ran:
        _publish_pictures(model, folder / "pictures")
    return outcome


def _publish_pictures(model: str, folder: Path) -> None:
    """The first few; the curve of the loss was published by train."""
    found = [path for path in sorted(folder.glob("*.png")) if path.stem != "loss"]
    for path in found[:MOST_PICTURES]:
        data = fewer_colours(path)
        if len(data) <= LARGEST_PICTURE:
            create_image_artifact(
                key=artifact_key(path.stem.replace("_", "-"), model),
                image_url=f"data:image/png;base64,{base64.b64encode(data).decode()}",
                description=f"{path.stem.replace('_', ' ').capitalize()} of {model} on its test split",
            )


def fewer_colours(path: Path) -> bytes:
    """The picture with a palette, as PNG: a third of the bytes, and drawings look the same."""
    with Image.open(path, formats=["PNG"]) as picture:
        small = picture.convert("RGB").quantize(COLOURS)
    out = io.BytesIO()
    small.save(out, "PNG", optimize=True)
    return out.getvalue()
