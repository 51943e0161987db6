"""Checks of the amounts in an `augment:` section. Each raises ValueError with the rule."""

from collections.abc import Callable
from typing import Any


def from_zero_to(most: float) -> Callable[[Any], float]:
    """A check for a number from 0 to `most`."""

    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
            raise ValueError(f"must be a number from 0 to {most:g}")
        return float(value)

    return check


def probability(value: Any) -> float:
    """A number from 0 to 1; true is 0.5."""
    return 0.5 * value if isinstance(value, bool) else from_zero_to(1)(value)
