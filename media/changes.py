"""What has changed in a source from one catalog to another, in counts of assets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from media.catalog import ADMITTED

COMPARED = ("labels", "split", "licence", "consent")


def changes(before: Path, now: Path) -> dict[str, int]:
    """Admitted assets that are new, gone, or have another label, split, licence or consent; from two catalog files."""
    then, present = _admitted(before), _admitted(now)
    both = then.keys() & present.keys()
    return {
        "new": len(present.keys() - both),
        "gone": len(then.keys() - both),
        **{f"other {name}": sum(then[each][name] != present[each][name] for each in both) for name in COMPARED},
    }


def _admitted(path: Path) -> dict[str, Mapping[str, Any]]:
    with path.open("rb") as file:
        table = pq.ParquetFile(file).read(["asset_id", "status", *COMPARED], use_threads=False)
    return {row["asset_id"]: row for row in table.to_pylist() if row["status"] == ADMITTED}
