"""Read a score once, and say what it is."""

from typing import Any

import mido
import numpy as np

from media import midi, score

VERSION = f"score 1, mido {mido.version_info.public}, numpy {np.__version__}"
"""Names what `probe` would say: an earlier result of the same version holds."""

SUFFIXES = {"MIDI": (".mid", ".midi", ".smf", ".kar"), "JSON": (".json",)}


def probe(data: bytes) -> dict[str, Any]:
    """Format, events (notes), duration, channels (tracks or voices) and signals; or the reason why it cannot be used."""
    if not data:
        return {"reason": "an empty file"}
    kind = "MIDI" if data.startswith(midi.START) else "JSON"
    try:
        found = score.read(data, kind)
    except score.Unreadable as error:
        return {"reason": str(error)}
    except MemoryError:
        return {"reason": "needs more memory than a score may"}
    return {
        "format": kind,
        "events": len(found.notes),
        "duration_s": found.duration_s,
        "channels": found.channels,
        "signals": sorted(found.signals),
    }
