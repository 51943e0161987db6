"""Short codes that are close for assets which look, sound or read nearly alike; every file here is one kind.

Each has `fingerprint(…) -> str`, hexadecimal and empty where nothing can be said, and CLOSE, which says when two of its
codes are near. Probes call it, so it runs in a limited process, once for each asset.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Closeness:
    """When two codes are near: of the units in their first bytes at most `radius` differ, and of all units that both
    have no larger share.

    unit_bits    what is compared: 1, single bits; 8, whole bytes
    first_bytes  every code has as many
    """

    unit_bits: int
    first_bytes: int
    radius: int

    @property
    def share(self) -> float:
        """How much of what both codes have may differ, 0 to 1."""
        return self.radius * self.unit_bits / (8 * self.first_bytes)


def kinds() -> list[str]:
    """The media kinds that have fingerprints: the files of this folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
