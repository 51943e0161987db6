"""What an evaluation came to, whatever was evaluated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of an evaluation.

    metrics  name → number
    rows     columns with one entry a sample: sample_id, and score, from 0 (wrong) to 1 (right), by which the gate
             compares versions asset by asset; all others as the recipe likes: label, prediction, confidence …
    ratios   metric → two arrays with one entry a sample; the metric is the sum of the first over that of the second, so
             that it can be resampled by asset
    intervals  metric → its 95 % interval, where it was found in another way
    tables   title → rows of numbers and names, for the report
    shown    what the recipe's `show` draws: confusion, mistakes …
    """

    metrics: dict[str, float]
    rows: dict[str, np.ndarray]
    ratios: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    shown: Mapping[str, Any] = field(default_factory=dict)


def mean_of(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ratio that is the mean of `values` (N,)."""
    return np.asarray(values, np.float64), np.ones(len(values))


def total(ratio: tuple[np.ndarray, np.ndarray]) -> float:
    """What a ratio comes to over all samples; the first sum where the second is 0."""
    first, second = (float(each.sum()) for each in ratio)
    return first / (second or 1.0)
