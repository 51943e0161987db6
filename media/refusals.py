"""What an ingest refused, for people: from the catalog, or from the table that also an ingest leaves that failed."""

import csv
from dataclasses import dataclass
from pathlib import Path

from media import catalog
from media.findings import by_rule
from media.sources import DOCUMENT

COLUMNS = ["asset_id", "paths", "format", "status", "reason"]


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """One file that was refused. `releasable` when it was a rule that refused it, not the attempt to read it."""

    path: str
    reason: str
    asset_id: str
    releasable: bool


def of_catalog(assets: Path) -> list[Refusal]:
    """The refusals of the ingest that wrote the folder `assets`, by path; documents are none."""
    rows = [row for row in catalog.read(assets, COLUMNS) if row["status"] == catalog.QUARANTINED]
    return sorted(
        Refusal(path, row["reason"], row["asset_id"], by_rule(row))
        for row in rows
        if row["reason"] != DOCUMENT
        for path in row["paths"]
    )


def of_table(path: Path) -> list[Refusal]:
    """The refusals that the last ingest of this workspace listed in a CSV table, however it ended."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Refusal(row["path"], row["reason"], row["asset_id"], row.get("releasable") == "yes")
        for row in rows
        if row["reason"] != DOCUMENT
    ]
