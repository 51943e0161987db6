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
    averages the metric that is the mean of `score`, if one is: for that one an interval is known
    tables   title → rows of numbers and names, for the report
    shown    what the recipe's `show` draws: confusion, mistakes …
    """

    metrics: dict[str, float]
    rows: dict[str, np.ndarray]
    averages: str = ""
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    shown: Mapping[str, Any] = field(default_factory=dict)
