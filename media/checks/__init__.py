"""What is wrong with the data of a source as a whole; every file here is one check, and is found by being here.

Each has `check(source: Source, table: pyarrow.Table) -> list[Finding]`, where `table` is the whole catalog. A check
reads columns, never a file, so that all of them together take about a second for 100,000 assets.
"""

import importlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from media.catalog import QUARANTINED
from project.params import Source

EXAMPLES = 5
Examples = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one check says.

    value     what was counted or measured
    limit     where it becomes `exceeded`, or None when nothing is asked of it
    verdict   ok; noted: somebody should look; exceeded: beyond a limit
    message   one line: what, value, rule, next step
    examples  paths that belong together, at most EXAMPLES times
    """

    check: str
    value: float
    limit: float | None = None
    verdict: Literal["ok", "noted", "exceeded"]
    message: str
    examples: Examples = ()


def names() -> list[str]:
    """All checks: the files of this folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def examine(source: Source, table: pa.Table) -> list[Finding]:
    """What all checks say of a source's catalog, in the order of their names. Depends on nothing but its arguments."""
    return [
        finding for name in names() for finding in importlib.import_module(f"media.checks.{name}").check(source, table)
    ]


def document(name: str, table: pa.Table, findings: Iterable[Finding]) -> dict[str, Any]:
    """The content of `checks.json`: what was found, and every refused path with its reason, sorted by path."""
    refused = table.filter(pc.equal(table["status"], QUARANTINED)).select(["paths", "reason", "asset_id"])
    lines = [
        {"path": path, "reason": row["reason"], "asset_id": row["asset_id"]}
        for row in refused.to_pylist()
        for path in row["paths"]
    ]
    return {
        "source": name,
        "checks": [asdict(finding) for finding in findings],
        "refused": sorted(lines, key=lambda line: (line["path"], line["reason"])),
    }
