"""A source looked at as a whole, before anything is written: near-duplicates, checks, drift, and when it is too much."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from media import checks, drift, folders, likeness, near_duplicates
from media.catalog import QUARANTINED, WITHDRAWN
from media.checks import Finding
from media.near_duplicates import REASON
from media.sources import DOCUMENT
from project.errors import QuarantineError
from project.source import Source

WORST = 3
"""How many reasons an error names."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """The catalog, of which near-duplicates are refused where the source says so; their pairs; what the checks found."""

    table: pa.Table
    alike: pa.Table
    findings: Sequence[Finding]


def inspect(source: Source, table: pa.Table, before: likeness.Before | None = None) -> Inspected:
    """All of it follows from the catalog and the source's own words; `before` spares comparisons."""
    alike = likeness.pairs(table, before)
    if source.near_duplicates == "refuse":
        table = near_duplicates.refuse(table, alike)
    return Inspected(table, alike, checks.examine(source, table, alike))


def write(folder: Path, name: str, source: Source, inspected: Inspected) -> None:
    """Write checks.json and near_duplicates.parquet beside a catalog."""
    near_duplicates.write(folder, inspected.alike, source.near_duplicates)
    told = checks.document(name, inspected.table, inspected.findings)
    (folder / "checks.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def watch_drift(name: str, source: Source, now: pa.Table, before: pa.Table | None, to: Path | None) -> None:
    """Compare with the catalog of an earlier result, and leave the findings in the JSON file `to`.

    What is in `data/` depends on the source alone, so they lie elsewhere. Raises QuarantineError above max_drift.
    """
    if before is None:
        return
    gone = now.filter(pc.equal(now["status"], WITHDRAWN))["asset_id"].combine_chunks()
    before = before.filter(pc.invert(pc.is_in(before["asset_id"], gone)))  # an order is no drift
    now = now.filter(pc.not_equal(now["status"], WITHDRAWN))
    if before.select(["asset_id", "status"]).equals(now.select(["asset_id", "status"])):
        return  # the same assets: what was said of their arrival still holds
    findings = drift.compare(before, now, source.max_drift)
    if to is not None:
        _write_whole(to, [asdict(finding) for finding in findings])
    beyond = [finding.message for finding in findings if finding.verdict == "exceeded"]
    if beyond:
        raise QuarantineError(
            f"source {name!r} has moved further than it may: {'; '.join(beyond[:WORST])}; if that is right, raise "
            "max_drift for this once"
        )


def check_quarantined(name: str, table: pa.Table, allowed: float, refusals: Path) -> None:
    """Raise QuarantineError when too large a part is refused.

    Documents are expected beside media, so they count neither as refused nor as assets; and who has near-duplicates
    refused knows that there are some.
    """
    rows = table.filter(pc.equal(table["status"], QUARANTINED)).to_pylist()
    refused = [row for row in rows if row["reason"] != DOCUMENT and not row["reason"].startswith(REASON)]
    assets = len(table) - sum(row["reason"] == DOCUMENT for row in rows)
    if len(refused) <= allowed * assets:
        return
    reasons: Iterable[tuple[str, int]] = Counter(row["reason"] for row in refused).most_common(WORST)
    worst = "; ".join(f"{count} x {reason}" for reason, count in reasons)
    raise QuarantineError(
        f"source {name!r}: {len(refused)} of {assets} assets are refused, more than max_quarantined {allowed:g}: "
        f"{worst}; the first is {min(row['paths'][0] for row in refused)}; all are in {refusals}, "
        f"see: dailies data quarantine {name}"
    )


def _write_whole(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.writing")
    unfinished.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    folders.sync(unfinished)
    unfinished.replace(path)
