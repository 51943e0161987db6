"""Augment: training samples and their augmented copies, in shards, with their derivation."""

import json
from pathlib import Path

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from project import layout
from tasks.stage import Outcome, artifact_key, bring_up_to_date


@task(name="augment", cache_policy=NO_CACHE, timeout_seconds=12 * 3600)
def augment(model: str) -> Outcome:
    """Bring `data/shards/<model>` up to date and publish how many samples each split has."""
    outcome = bring_up_to_date(f"augment@{model}")
    facts = json.loads((layout.shards(Path.cwd(), model) / "facts.json").read_text(encoding="utf-8"))
    rows = [{"split": split, "samples": count} for split, count in facts["counts"].items()]
    create_table_artifact(key=artifact_key("shards", model), table=rows, description=f"Samples of {model}")
    return outcome
