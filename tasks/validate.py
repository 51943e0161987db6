"""Validate: metrics, pictures, the floors of the gate and the report."""

import json
from pathlib import Path

from prefect import task
from prefect.artifacts import create_link_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from project import layout
from tasks.stage import Outcome, artifact_key, bring_up_to_date


@task(name="validate", cache_policy=NO_CACHE, timeout_seconds=6 * 3600)
def validate(model: str) -> Outcome:
    """Bring `data/reports/<model>` up to date, publish the metrics and a link to the report."""
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
    return outcome
