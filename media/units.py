"""What one sample is made of: mostly one asset, but also a window of one, or several of them joined."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Rows = Sequence[Mapping[str, Any]]
Sample = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unit:
    """One sample to make, and its copies.

    parents  ids of the assets, in their order in the sample
    split    train, validation or test
    piece    tells apart samples of the same parents: windows of one file, or one user's past and next choice
    """

    parents: tuple[str, ...]
    split: str
    piece: int = 0

    @property
    def id(self) -> str:
        """64 hexadecimal digits; those of the asset where it is made of a single one, and whole."""
        if len(self.parents) == 1 and not self.piece:
            return self.parents[0]
        return hashlib.sha256(f"{' '.join(self.parents)} {self.piece}".encode()).hexdigest()


def whole(rows: Rows, settings: Any) -> Iterator[Unit]:
    """Each asset becomes one sample in its own split."""
    for row in rows:
        yield Unit((row["asset_id"],), row["split"])


def only(samples: Sequence[Sample], unit: Unit, settings: Any) -> Sample:
    """What was read of the only parent."""
    return samples[0]


def as_it_is(sample: Sample, settings: Any, learnt: Mapping[str, Any]) -> Sample:
    """The sample was read as its fields already."""
    return sample
