"""Hyper-parameters as frozen dataclasses: every field has a default, a range or choices, and a unit where it has one.

Imports no torch, so that params.yaml can be checked in milliseconds.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from project.errors import UsageError
from project.params import listing

WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text", type(None): "empty"}
S = TypeVar("S", bound="Training")


def setting(
    default: Any,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[Any, ...] | None = None,
    unit: str = "",
    shapes_data: bool = False,
) -> Any:
    """A dataclass field with its rule. `shapes_data` marks a setting that the augment step reads, so that a change of
    it makes the shards stale and not only the weights."""
    return dataclasses.field(
        default=default,
        metadata={"low": low, "high": high, "choices": choices, "unit": unit, "shapes_data": shapes_data},
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """What every supervised recipe understands. A recipe's own settings inherit these and add theirs."""

    epochs: int = setting(10, low=1, high=10_000)
    minutes: float = setting(0.0, low=0, high=10_080, unit="minutes of training instead of epochs, 0 = epochs")
    batch: int = setting(128, low=1, high=65_536, unit="samples")
    optimizer: str = setting("adamw", choices=("sgd", "rmsprop", "adam", "adamw"))
    rate: float = setting(1e-3, low=0, high=10)
    momentum: float = setting(0.9, low=0, high=1)
    weight_decay: float = setting(1e-4, low=0, high=1)
    schedule: str = setting("one_cycle", choices=("constant", "step", "linear", "cosine", "one_cycle"))
    warmup: float = setting(0.2, low=0, high=1, unit="fraction of all steps")
    clip: float = setting(0.0, low=0, high=1e6, unit="gradient norm, 0 = off")
    label_smoothing: float = setting(0.0, low=0, high=0.9)
    class_weights: str = setting("none", choices=("none", "balanced"))
    sampling: str = setting("uniform", choices=("uniform", "balanced"))
    patience: int = setting(0, low=0, high=10_000, unit="epochs without a better validation loss, 0 = off")
    precision: str = setting("auto", choices=("auto", "full", "mixed"))
    average: float = setting(0.0, low=0, high=0.9999, unit="decay of the weights' moving average, 0 = off")
    folds: int = setting(0, low=0, high=20, unit="0 = no cross-validation")
    start_from: str = setting("scratch", choices=("scratch", "champion"))
    seed: int = setting(0, low=0, high=2**31 - 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unclassed(Training):
    """The same where samples have no classes to be balanced."""

    class_weights: str = setting("none", choices=("none",))
    sampling: str = setting("uniform", choices=("uniform",))


def resolve(schema: type[S], given: Mapping[str, Any], where: str) -> S:
    """`schema` with `given` laid over its defaults. Raises UsageError naming key, value and rule."""
    fields = {f.name: f for f in dataclasses.fields(schema)}
    hints = typing.get_type_hints(schema)
    for key, value in given.items():
        if key not in fields:
            raise UsageError(f"{where}.{key} is not a known setting; {listing(key, fields)}")
        _check(f"{where}.{key}", value, hints[key], fields[key].metadata)
    return schema(**{key: _cast(value, hints[key]) for key, value in given.items()})


def _cast(value: Any, hint: Any) -> Any:
    return float(value) if hint is float and isinstance(value, int) else value


def _check(where: str, value: Any, hint: Any, rule: Mapping[str, Any]) -> None:
    allowed = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    fits = any(
        (kind is float and isinstance(value, (int, float)) and not isinstance(value, bool))
        or (kind is int and isinstance(value, int) and not isinstance(value, bool))
        or (kind not in (float, int) and isinstance(value, kind))
        for kind in allowed
    )
    if not fits:
        raise UsageError(f"{where} is {value!r}: must be {' or '.join(WORDS.get(kind, str(kind)) for kind in allowed)}")
    choices, low, high = rule.get("choices"), rule.get("low"), rule.get("high")
    if choices and value not in choices:
        raise UsageError(f"{where} is {value!r}: must be one of {', '.join(map(str, choices))}")
    if isinstance(value, (int, float)) and not (
        (low is None or value >= low) and (high is None or value <= high)  # NaN fails both
    ):
        raise UsageError(
            f"{where} is {value!r}: must be from {low} to {high}{' ' + rule['unit'] if rule['unit'] else ''}"
        )


def shaping_data(settings: Training) -> dict[str, Any]:
    """The settings that the augment step reads."""
    return {
        f.name: getattr(settings, f.name) for f in dataclasses.fields(settings) if f.metadata.get("shapes_data", False)
    }
