"""Checks of the amounts in an `augment:` section. Each raises ValueError with the rule."""

from collections.abc import Callable
from typing import Any


def from_zero_to(most: float) -> Callable[[Any], float]:
    """A check for a number from 0 to `most`."""

    def check(value: Any) -> float:
        if not _is_number(value) or not 0 <= value <= most:
            raise ValueError(f"must be a number from 0 to {most:g}")
        return float(value)

    return check


def probability(value: Any) -> float:
    """A number from 0 to 1; true is 0.5."""
    return 0.5 * value if isinstance(value, bool) else from_zero_to(1)(value)


def span(value: Any, low: float, high: float, unit: str, *, from_zero: bool = False) -> tuple[float, float]:
    """The lowest and the highest of what is drawn; a single number is both, or with `from_zero` the highest."""
    pair = [0 if from_zero else value, value] if _is_number(value) else value
    if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(map(_is_number, pair)):
        raise ValueError(f"must be a number of {unit}, or a list of the lowest and the highest")
    first, last = map(float, pair)
    if not low <= first <= last <= high:
        raise ValueError(f"must be from {low:g} to {high:g}, the lowest first")
    return first, last


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
