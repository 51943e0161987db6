"""Ingest: assets of a source, checked, catalogued and stored in buckets."""

import json
from pathlib import Path

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from project import layout
from tasks.stage import Outcome, artifact_key, bring_up_to_date, may_recover


@task(
    name="ingest",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=[10, 60],
    retry_condition_fn=may_recover,
    timeout_seconds=12 * 3600,
)
def ingest(source: str) -> Outcome:
    """Bring `data/assets/<source>` up to date and publish its counts."""
    outcome = bring_up_to_date(f"ingest@{source}")
    summary = json.loads((layout.assets(Path.cwd(), source) / "summary.json").read_text(encoding="utf-8"))
    counts = [{"what": key, "count": value} for key, value in summary.items() if isinstance(value, int)]
    create_table_artifact(key=artifact_key("assets", source), table=counts, description=f"Assets of {source}")
    return outcome
