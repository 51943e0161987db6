"""Training samples on disk: `<split>-<bucket>.arrow`, `derivation.parquet` and `facts.json` in one folder."""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from media import columns, derivation
from media.shard import COLUMNS, file_name

FACTS = "facts.json"


class Shards:
    """What the augment step wrote for one model."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Classes, fields, counts of samples, mean and spread of each channel of the original training images."""
        facts: dict[str, Any] = json.loads((self._folder / FACTS).read_text(encoding="utf-8"))
        return facts

    def split(self, name: str) -> "Split":
        """train, validation or test; one without assets is empty."""
        parts = [columns.read(path) for path in sorted(self._folder.glob(file_name(name, "*")))]
        return Split(parts or [self._empty()])

    def parents(self, name: str) -> list[list[str]]:
        """The assets that each sample of a split was made from, in the order of the split."""
        return derivation.parents(self._folder, name)

    def _empty(self) -> dict[str, np.ndarray]:
        fields = {name: np.empty((0, *each["shape"]), each["dtype"]) for name, each in self.facts["fields"].items()}
        return fields | {name: np.empty(0, dtype) for name, dtype in COLUMNS.items()}


class Split:
    """Samples in a fixed order, sorted by asset id and copy, memory-mapped from one or more files."""

    def __init__(self, parts: Sequence[dict[str, np.ndarray]], rows: np.ndarray | None = None) -> None:
        self._parts = parts
        self._starts = np.cumsum([0] + [len(part["label"]) for part in parts])
        self._rows = rows
        self._taken = [name for name in parts[0] if name == "label" or name not in COLUMNS]

    def __len__(self) -> int:
        return int(self._starts[-1]) if self._rows is None else len(self._rows)

    def take(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """The fields and the label of the samples at `indices` (B,), as new arrays of shape (B, …).

        Raises IndexError for an index below 0 or not below the number of samples.
        """
        indices = np.asarray(indices, np.int64)
        if indices.size and (indices.min() < 0 or indices.max() >= len(self)):
            raise IndexError(f"index {indices.min()} to {indices.max()} is out of range for {len(self)} samples")
        rows = indices if self._rows is None else self._rows[indices]
        return self._gather(rows, self._taken)

    def column(self, name: str) -> np.ndarray:
        """One value for each sample, (N,): label, copy, fold (modulo k: its fold of k) or sample_id (text)."""
        whole = np.concatenate([part[name] for part in self._parts])
        chosen = whole if self._rows is None else whole[self._rows]
        return chosen.astype("U") if chosen.dtype.kind == "S" else chosen

    def where(self, mask: np.ndarray) -> "Split":
        """The samples at which `mask` (bool, (N,)) is true, in the same order, without copying them."""
        chosen = np.flatnonzero(mask)
        return Split(self._parts, chosen if self._rows is None else self._rows[chosen])

    def _gather(self, rows: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        places = np.searchsorted(self._starts, rows, side="right") - 1  # (B,) the part of each row
        present = np.unique(places)
        if len(present) <= 1:
            part = int(present[0]) if len(present) else 0
            return {name: self._parts[part][name][rows - self._starts[part]] for name in names}
        first = self._parts[0]
        taken = {name: np.empty((len(rows), *first[name].shape[1:]), first[name].dtype) for name in names}
        for part in present:
            here = np.flatnonzero(places == part)
            local = rows[here] - self._starts[part]
            for name in names:
                taken[name][here] = self._parts[part][name][local]
        return taken
