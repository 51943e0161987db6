"""The words that recipes use for samples: a field's dtype and shape, and an operation that varies a sample."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Files = Sequence[tuple[str, str]]
"""Path below the project and SHA-256 of each."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a shard: `shape` is that of one sample, `()` for a scalar.

    A sample whose first axis has a length of its own says None there: `(None, 80)` is any number of rows of 80.
    """

    dtype: str
    shape: tuple[int | None, ...] = ()

    @property
    def ragged(self) -> bool:
        """Whether the first axis has a length of its own in each sample."""
        return None in self.shape[:1]

    @property
    def fixed(self) -> tuple[int, ...]:
        """The axes that all samples share."""
        return tuple(length for length in self.shape if length is not None)


@dataclass(frozen=True, slots=True)
class Operation:
    """A random variation of one sample, named by its key in a model's `augment:` section.

    `check` turns the value in params.yaml into the amount that `apply` gets; it raises ValueError with the rule.
    `apply` gets the sample, a generator of its own and the amount, and returns a new sample of the same fields.
    `files` says which files of the project an amount names; they decide the result as much as the amount does.
    """

    key: str
    unit: str
    check: Callable[[Any], Any]
    apply: Callable[[Mapping[str, np.ndarray], np.random.Generator, Any], Mapping[str, np.ndarray]]
    files: Callable[[Any], Files] = lambda amount: ()
