"""What a source holds, in numbers that a person looks at: from its catalog."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from media import catalog
from media.summary import counts

COUNTED = ("format", "mode", "split", "licence", "holder", "consent", "valid_until")
"""Columns of which each value is counted."""
MEASURED = ("bytes", "width", "height", "frames", "rate_hz", "channels", "duration_s", "characters", "events")
"""Columns of which least, median and most are told; those that no asset has are left out."""
SUMMED = ("bytes", "frames", "duration_s", "characters", "events")
"""Of these the sum means something, too."""


def overview(assets: Path) -> dict[str, Any]:
    """Counts and sizes of the admitted assets in a folder of `media.ingest`, and how many are not admitted.

    labels, splits, formats … value → assets, most frequent first
    sizes                     column → min, median, max, and sum where it means something, in the unit that its name says
    groups, released          how many there are
    """
    table = catalog.read_table(assets)
    admitted = table.filter(pc.equal(table["status"], catalog.ADMITTED))
    return {
        "assets": len(table),
        "status": counts(table["status"]),
        "reasons": by_count(counts(table["reason"])),
        "labels": by_count(counts(pc.list_flatten(admitted["labels"]))),
        **{name: by_count(counts(admitted[name])) for name in COUNTED},
        "signals": by_count(counts(pc.list_flatten(admitted["signals"]))),
        "groups": len(counts(admitted["group"])),
        "released": len(admitted) - _empty(admitted["released"]),
        "sizes": {name: told for name in MEASURED if (told := _measured(name, admitted[name]))},
    }


def by_count(counted: Mapping[str, int]) -> dict[str, int]:
    """Most frequent first, then by name."""
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def _measured(name: str, column: pa.ChunkedArray) -> dict[str, float]:
    known = column.drop_null()
    if not len(known):
        return {}
    least_and_most = pc.min_max(known).as_py()
    median = pc.quantile(known, 0.5)[0].as_py()
    told = {"min": least_and_most["min"], "median": median, "max": least_and_most["max"]}
    return told | ({"sum": pc.sum(known).as_py()} if name in SUMMED else {})


def _empty(column: pa.ChunkedArray) -> int:
    return sum(not value for value in column.to_pylist())
