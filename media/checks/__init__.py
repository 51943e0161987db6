"""What is wrong with the data of a source as a whole; every file here is one check, and is found by being here.

Each has `check(subject: Subject) -> Iterator[Finding]`. A check reads columns of the catalog, never a file, so that all
of them together take about a second for 100,000 assets.
"""

import importlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from media import likeness
from media.catalog import ADMITTED, QUARANTINED
from project.source import Source

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


@dataclass(frozen=True, slots=True)
class Subject:
    """What checks look at: the whole catalog, its admitted rows, and its near-duplicates as `likeness.pairs` finds them."""

    source: Source
    table: pa.Table
    admitted: pa.Table
    pairs: pa.Table


def names() -> list[str]:
    """All checks: the files of this folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def examine(source: Source, table: pa.Table, pairs: pa.Table | None = None) -> list[Finding]:
    """What all checks say of a source's catalog, in the order of their names. Depends on nothing but its arguments.

    `pairs` are the near-duplicates; they are looked for when not given.
    """
    found = likeness.pairs(table) if pairs is None else pairs
    subject = Subject(source, table, table.filter(pc.equal(table["status"], ADMITTED)), found)
    return [finding for name in names() for finding in _check(name, subject)]


def _check(name: str, subject: Subject) -> Iterator[Finding]:
    said: Iterator[Finding] = importlib.import_module(f"media.checks.{name}").check(subject)
    return said


def examples(rows: pa.Table) -> Examples:
    """The paths of the first assets by path."""
    order = pc.sort_indices(pc.list_element(rows["paths"], 0))[:EXAMPLES]
    return tuple(tuple(paths[:EXAMPLES]) for paths in rows["paths"].take(order).to_pylist())


def listed(words: Iterable[str], most: int = EXAMPLES) -> str:
    """The first few words, and how many more there are: 'a', 'b' and 3 more."""
    words = list(words)
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(map(repr, words[:most])) + more


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
