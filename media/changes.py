"""What has changed in a source from one catalog to another, in counts of assets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from media import parquet_file
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
    rows = parquet_file.read(path, ["asset_id", "status", *COMPARED]).to_pylist()
    return {row["asset_id"]: row for row in rows if row["status"] == ADMITTED}
