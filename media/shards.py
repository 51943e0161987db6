"""Training samples on disk: `<split>-<bucket>.arrow`, `derivation.parquet` and `facts.json` in one folder."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from media import columns, derivation
from media.columns import Column
from media.ragged import Ragged, padded
from media.sample import Field
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

    def _empty(self) -> dict[str, Column]:
        fields = {name: Field(each["dtype"], tuple(each["shape"])) for name, each in self.facts["fields"].items()}
        return {name: _none(field) for name, field in fields.items()} | {
            name: np.empty(0, dtype) for name, dtype in COLUMNS.items()
        }


def _none(field: Field) -> Column:
    """A column without samples."""
    empty = np.empty((0, *field.fixed), field.dtype)
    return Ragged(empty, np.zeros(1, np.int64)) if field.ragged else empty


class Split:
    """Samples in a fixed order, sorted by asset id and copy, memory-mapped from one or more files."""

    def __init__(self, parts: Sequence[Mapping[str, Column]], rows: np.ndarray | None = None) -> None:
        self._parts = parts
        self._arrays = [{name: one for name, one in part.items() if isinstance(one, np.ndarray)} for part in parts]
        self._sequences = [{name: one for name, one in part.items() if isinstance(one, Ragged)} for part in parts]
        self._starts = np.cumsum([0] + [len(part["label"]) for part in parts])
        self._rows = rows
        self._taken = [name for name in self._arrays[0] if name == "label" or name not in COLUMNS]

    def __len__(self) -> int:
        return int(self._starts[-1]) if self._rows is None else len(self._rows)

    def take(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """The fields and the label of the samples at `indices` (B,), as new arrays of shape (B, …).

        A ragged field has zeros after its end, (B, longest, …), and `<field>_length` (B,) says where that is.
        Raises IndexError for an index below 0 or not below the number of samples.
        """
        indices = np.asarray(indices, np.int64)
        if indices.size and (indices.min() < 0 or indices.max() >= len(self)):
            raise IndexError(f"index {indices.min()} to {indices.max()} is out of range for {len(self)} samples")
        rows = indices if self._rows is None else self._rows[indices]
        places = self._places(rows)
        taken = self._gather(rows, places)
        return taken | self._pad(rows, places) if self._sequences[0] else taken

    def column(self, name: str) -> np.ndarray:
        """One value for each sample, (N,): label, copy, fold (modulo k: its fold of k) or sample_id (text)."""
        chosen = self._chosen(np.concatenate([part[name] for part in self._arrays]))
        return chosen.astype("U") if chosen.dtype.kind == "S" else chosen

    def lengths(self, name: str) -> np.ndarray:
        """How long each sample is in a ragged field: int64, (N,)."""
        return self._chosen(np.concatenate([part[name].lengths for part in self._sequences]))

    def files(self) -> np.ndarray:
        """How many of the samples lie in each file, in the order of the files: int64, (files,)."""
        rows = np.arange(len(self)) if self._rows is None else self._rows
        return np.bincount(self._places(rows), minlength=len(self._parts))

    def where(self, mask: np.ndarray) -> "Split":
        """The samples at which `mask` (bool, (N,)) is true, in the same order, without copying them."""
        chosen = np.flatnonzero(mask)
        return Split(self._parts, chosen if self._rows is None else self._rows[chosen])

    def _places(self, rows: np.ndarray) -> np.ndarray:
        """The part in which each row lies."""
        return np.searchsorted(self._starts, rows, side="right") - 1

    def _chosen(self, whole: np.ndarray) -> np.ndarray:
        return whole if self._rows is None else whole[self._rows]

    def _gather(self, rows: np.ndarray, places: np.ndarray) -> dict[str, np.ndarray]:
        present = np.unique(places)
        if len(present) <= 1:
            part = int(present[0]) if len(present) else 0
            return {name: self._arrays[part][name][rows - self._starts[part]] for name in self._taken}
        first = self._arrays[0]
        taken = {name: np.empty((len(rows), *first[name].shape[1:]), first[name].dtype) for name in self._taken}
        for part in present:
            here = np.flatnonzero(places == part)
            local = rows[here] - self._starts[part]
            for name in self._taken:
                taken[name][here] = self._arrays[part][name][local]
        return taken

    def _pad(self, rows: np.ndarray, places: np.ndarray) -> dict[str, np.ndarray]:
        where = list(zip(places.tolist(), (rows - self._starts[places]).tolist(), strict=True))
        taken: dict[str, np.ndarray] = {}
        for name, first in self._sequences[0].items():
            views = [self._sequences[part][name][row] for part, row in where]
            taken[name], taken[f"{name}_length"] = padded(views, first.values)
        return taken
