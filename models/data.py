"""Samples as models see them: columns of arrays, taken by index. Nothing here knows where they are kept.

The shards of media/ fit `Samples` without either room importing the other; `InMemory` serves tests and benchmarks.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np

BLOCK_SAMPLES, BLOCK_NUMBERS = 512, 8 * 2**20


class Samples(Protocol):
    """A split of a data set, in a fixed order."""

    def __len__(self) -> int:
        """How many samples there are."""
        ...

    def take(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """The fields of the samples at `indices` (int64, (B,)) as new arrays: image (B, C, H, W), label (B,) …

        Fields of unequal length are filled with zeros, (B, longest, …), beside `<field>_length` (B,). Any thread may ask.
        """
        ...

    def column(self, name: str) -> np.ndarray:
        """One value for each sample, (N,): label, sample_id, copy (0 = the original) or fold."""
        ...

    def lengths(self, name: str) -> np.ndarray:
        """How long each sample is in a field of unequal lengths: int64, (N,)."""
        ...

    def files(self) -> np.ndarray:
        """How many samples each file holds, in the order of the samples: int64, (files,)."""
        ...

    def where(self, mask: np.ndarray) -> "Samples":
        """The samples at which `mask` (bool, (N,)) is true, in the same order."""
        ...


class InMemory:
    """Samples whose arrays are already here, or are memory-mapped: each is indexed along its first axis.

    Without given columns every sample is an original (`copy` 0), belongs to fold 0 and is called by its index.
    """

    def __init__(self, fields: Mapping[str, np.ndarray], columns: Mapping[str, np.ndarray] | None = None) -> None:
        self._fields = dict(fields)
        self._length = len(next(iter(self._fields.values())))
        given = {"label": self._fields["label"]} if "label" in self._fields else {}
        self._columns = self._plain_columns() | given | dict(columns or {})

    def _plain_columns(self) -> dict[str, np.ndarray]:
        zeros = np.zeros(self._length, dtype=np.int64)
        return {"copy": zeros, "fold": zeros, "sample_id": np.array([str(i) for i in range(self._length)])}

    def __len__(self) -> int:
        return self._length

    def take(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        return {name: array[indices] for name, array in self._fields.items()}

    def column(self, name: str) -> np.ndarray:
        return self._columns[name]

    def lengths(self, name: str) -> np.ndarray:
        return self._fields[f"{name}_length"]

    def files(self) -> np.ndarray:
        return np.array([len(self)])

    def where(self, mask: np.ndarray) -> "InMemory":
        kept = np.flatnonzero(mask)
        return InMemory(
            {name: array[kept] for name, array in self._fields.items()},
            {name: array[kept] for name, array in self._columns.items()},
        )


def blocks(samples: Samples) -> Iterator[np.ndarray]:
    """The indices of all samples in order, in blocks that a network without gradients takes at once.

    A block has at most 512 samples, and at most 8 million numbers (32 MB as float32) where one sample is no larger.
    """
    one = samples.take(np.arange(min(1, len(samples))))
    numbers = sum(values.size for values in one.values())
    size = min(BLOCK_SAMPLES, max(1, BLOCK_NUMBERS // max(1, numbers)))
    return (np.arange(start, min(start + size, len(samples))) for start in range(0, len(samples), size))
