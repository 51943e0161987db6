"""Read an episode once, and say what it is."""

from typing import Any

from media import episode

VERSION = "episode 1"
"""Names what `probe` would say: an earlier result of the same version holds."""

SUFFIXES: dict[str, tuple[str, ...]] = {}
"""An episode may have any name."""


def probe(data: bytes) -> dict[str, Any]:
    """Its format; or the reason why it cannot be used. Whether gymnasium has the environment is not asked here."""
    if not data:
        return {"reason": "an empty file"}
    try:
        episode.episode(data)
    except episode.Unreadable as error:
        return {"reason": str(error)}
    return {"format": "GYMNASIUM", "signals": []}
