"""Read a table once, and say what it is."""

from typing import Any

import numpy as np

from media import table

VERSION = f"table 1, numpy {np.__version__}"
"""Names what `probe` would say: an earlier result of the same version holds."""

SUFFIXES: dict[str, tuple[str, ...]] = {}
"""A table may have any name."""


def probe(data: bytes) -> dict[str, Any]:
    """Format, events, the time from first to last in s, and signals; or the reason why it cannot be used."""
    if not data:
        return {"reason": "an empty file"}
    try:
        events = table.interactions(data)
    except table.Unreadable as error:
        return {"reason": str(error)}
    except MemoryError:
        return {"reason": "needs more memory than a table may"}
    return {
        "format": "CSV",
        "events": len(events),
        "duration_s": float(events["time"][-1] - events["time"][0]),
        "signals": ["repeated items"] if len(np.unique(events["item"])) < len(events) else [],
    }
