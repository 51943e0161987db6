"""The few numbers about a source that people look at first, from its catalog."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from media.catalog import ADMITTED
from media.findings import CONFLICTS

EXAMPLES = 20


def summarise(table: pa.Table) -> dict[str, Any]:
    """Counts of assets by status, and of the admitted ones by label and split; reasons; assets with several paths."""
    admitted = table.filter(pc.equal(table["status"], ADMITTED))
    return {
        "assets": len(table),
        "status": counts(table["status"]),
        "bytes": pc.sum(admitted["bytes"]).as_py() or 0,
        "labels": counts(pc.list_flatten(admitted["labels"])),
        "splits": counts(admitted["split"]),
        "formats": counts(admitted["format"]),
        "reasons": counts(table["reason"]),
        "duplicates": _duplicates(table),
    }


def counts(column: pa.ChunkedArray) -> dict[str, int]:
    """How often each value occurs, sorted by value; empty ones and nulls do not count."""
    pairs = ((each["values"], each["counts"]) for each in column.value_counts().to_pylist())
    return dict(sorted((value, count) for value, count in pairs if value))


def _duplicates(table: pa.Table) -> dict[str, Any]:
    """Assets of several paths: how many, how many of them disagree with themselves and in what, and some examples."""
    several = table.filter(pc.greater(pc.list_value_length(table["paths"]), 1)).select(["paths", "conflicts"])
    conflicts = Counter(_flat(several["conflicts"].to_pylist()))
    return {
        "assets": len(several),
        **{name: conflicts[name] for name in CONFLICTS},
        "examples": [paths[:EXAMPLES] for paths in several["paths"][:EXAMPLES].to_pylist()],
    }


def _flat(lists: Iterable[list[str] | None]) -> Iterable[str]:
    return (each for values in lists for each in values or ())
