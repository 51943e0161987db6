"""A model's `augment:` section: how many varied copies of each training sample, and by which operations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from media.sample import Operation
from project.errors import UsageError
from project.params import listing

MOST_COPIES = 1000


@dataclass(frozen=True, slots=True)
class Variants:
    """What is done to training samples: `copies` of each, by `operations` with their amounts, drawn from `seed`."""

    copies: int = 0
    seed: int = 0
    operations: tuple[tuple[Operation, Any], ...] = ()


def resolve(section: Mapping[str, Any], operations: Sequence[Operation], where: str = "augment") -> Variants:
    """Check a section against the operations of a recipe, which are applied in the recipe's order.

    One copy is made when operations are named without `copies`. Raises UsageError naming key, value and rule.
    """
    known = {operation.key: operation for operation in operations}
    for key in section:
        if key not in ("copies", "seed", *known):
            raise UsageError(f"{where}.{key} is not known to this recipe; {listing(key, ['copies', 'seed', *known])}")
    chosen = tuple((each, _amount(each, section[each.key], where)) for each in operations if each.key in section)
    copies = _whole(section.get("copies", 1 if chosen else 0), f"{where}.copies", MOST_COPIES)
    if copies and not chosen:
        raise UsageError(f"{where}.copies is {copies}, but nothing varies them; name an operation: {', '.join(known)}")
    return Variants(copies, _whole(section.get("seed", 0), f"{where}.seed", 2**31 - 1), chosen)


def files(variants: Variants) -> dict[str, str]:
    """Path below the project → SHA-256 of the files that the operations read."""
    return {path: sha256 for operation, amount in variants.operations for path, sha256 in operation.files(amount)}


def _amount(operation: Operation, value: Any, where: str) -> Any:
    try:
        return operation.check(value)
    except ValueError as error:
        raise UsageError(f"{where}.{operation.key} is {value!r}: {error}") from None


def _whole(value: Any, where: str, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise UsageError(f"{where} is {value!r}: must be a whole number from 0 to {most}")
    return value
