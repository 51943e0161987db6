"""Ingest: assets of a source, checked, catalogued and stored in buckets."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from project import layout
from project.errors import QuarantineError
from tasks.stage import Outcome, artifact_key, bring_up_to_date, may_recover

MOST_ROWS = 200
"""Refusals in an artifact."""


@task(
    name="ingest",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=[10, 60],
    retry_condition_fn=may_recover,
    timeout_seconds=12 * 3600,
)
def ingest(source: str) -> Outcome:
    """Bring `data/assets/<source>` up to date and publish its counts, what was refused and what the checks found."""
    root = Path.cwd()
    try:
        outcome = bring_up_to_date(f"ingest@{source}")
    except QuarantineError:
        with layout.refusals(root, source).open(encoding="utf-8", newline="") as file:
            _publish_refusals(source, list(csv.DictReader(file)))
        raise
    folder = layout.assets(root, source)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    counts = [{"what": key, "count": value} for key, value in summary.items() if isinstance(value, int)]
    create_table_artifact(key=artifact_key("assets", source), table=counts, description=f"Assets of {source}")
    found = json.loads((folder / "checks.json").read_text(encoding="utf-8"))
    drift = layout.drift(root, source)
    moved = json.loads(drift.read_text(encoding="utf-8")) if drift.is_file() else []
    _publish_refusals(source, found["refused"])
    _publish_findings(source, [*found["checks"], *moved])
    return outcome


def _publish_refusals(source: str, refused: Sequence[Mapping[str, Any]]) -> None:
    """The refused files with their reasons, also when they are too many for the ingest to end well."""
    shown = f", the first {MOST_ROWS} here" if len(refused) > MOST_ROWS else ""
    create_table_artifact(
        key=artifact_key("refused", source),
        table=[{key: each[key] for key in ("path", "reason", "asset_id")} for each in refused[:MOST_ROWS]],
        description=f"{len(refused)} refused files of {source}{shown}; all: dailies data quarantine {source}",
    )


def _publish_findings(source: str, checks: Sequence[Mapping[str, Any]]) -> None:
    rows = [{key: each[key] for key in ("check", "value", "limit", "verdict", "message")} for each in checks]
    create_table_artifact(key=artifact_key("checks", source), table=rows, description=f"Checks of {source}")
