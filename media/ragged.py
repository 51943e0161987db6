"""Samples of unequal length in one column, and the padding that makes a batch of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Ragged:
    """`values` (sum of all lengths, …) holds one sample after the other; `starts`, int64 (N + 1,), says where."""

    values: np.ndarray
    starts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> np.ndarray:
        """One sample, (length, …), without copying it."""
        return self.values[self.starts[row] : self.starts[row + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """int64, (N,)."""
        return np.diff(self.starts)


def joined(samples: Sequence[np.ndarray], dtype: str, shape: tuple[int, ...]) -> Ragged:
    """A column of samples, each (length, *shape)."""
    starts = np.cumsum([0, *(len(sample) for sample in samples)], dtype=np.int64)
    return Ragged(np.concatenate([np.empty((0, *shape), dtype), *samples]), starts)


def padded(samples: Sequence[np.ndarray], like: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Samples (length, …) with zeros after their end, (B, longest, …) in the dtype of `like`, and their lengths (B,)."""
    lengths = np.array([len(sample) for sample in samples], np.int64)
    batch = np.zeros((len(samples), lengths.max(initial=0), *like.shape[1:]), like.dtype)
    for row, sample in enumerate(samples):
        batch[row, : len(sample)] = sample
    return batch, lengths
