"""Which settings `dailies tune` may change, and how far. Imports no torch."""

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.settings import Training, resolve
from project.errors import UsageError
from project.params import Among, Range, listing

FACTOR = 4
"""How far from its present value a setting is looked for: a quarter to four times."""
SMALL = 1 / 20
"""A number below this share of the highest allowed is searched by its magnitude."""
FIXED = ("seed", "minutes", "folds", "start_from", "precision", "patience")
"""What a search must not choose: a lucky seed, or how long and where a model learns."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One setting to search: among `choices`, or from `low` to `high`, `log`arithmically or evenly."""

    name: str
    choices: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    log: bool = False

    def told(self) -> str:
        """As a person reads it: "rate 0.00125 to 0.02"."""
        where = ", ".join(map(str, self.choices)) if self.choices else f"{self.low:g} to {self.high:g}"
        return f"{self.name} {where}"


def space(
    settings: Training, suggested: Sequence[str], given: Mapping[str, Range | Among], where: str
) -> list[Dimension]:
    """The dimensions of a search around `settings`: those `given` in params.yaml, else those that the recipe suggested.

    The present value always lies in them. Raises UsageError naming the setting, its value and the rule.
    """
    fields = {field.name: field for field in dataclasses.fields(settings)}
    hints = typing.get_type_hints(type(settings))
    searchable = [name for name, f in fields.items() if name not in FIXED and not f.metadata.get("shapes_data")]
    dimensions = []
    for name in given or suggested:
        if name not in fields:
            raise UsageError(f"{where}.{name} is not a known setting; {listing(name, searchable)}")
        if name not in searchable:
            why = (
                "chooses how and where a model learns" if name in FIXED else "shapes the samples, made before training"
            )
            raise UsageError(f"{where}.{name} cannot be tuned: it {why}; {listing(name, searchable)}")
        range_, place = given.get(name, Range()), f"{where}.{name}"
        rule = dict(fields[name].metadata)
        dimensions.append(_dimension(type(settings), name, hints[name], getattr(settings, name), rule, range_, place))
    return dimensions


def _dimension(
    schema: type[Training], name: str, kind: type, now: Any, rule: Mapping[str, Any], given: Range | Among, where: str
) -> Dimension:
    choices = tuple(given) if isinstance(given, list) else rule["choices"] or ((False, True) if kind is bool else ())
    if choices or kind is bool:
        for choice in choices:
            resolve(schema, {name: choice}, where.rsplit(".", 1)[0])
        return Dimension(name, choices=tuple(dict.fromkeys([now, *choices])))
    if isinstance(given, list) or kind not in (int, float):
        raise UsageError(f"{where} is {given!r}: give a list of values, as it is no number")
    for limit in (given.low, given.high):
        if limit is not None:
            resolve(schema, {name: int(limit) if kind is int else limit}, where.rsplit(".", 1)[0])
    low, high, log = _around(now, kind, rule, given, where)
    return Dimension(name, low=min(low, now), high=max(high, now), whole=kind is int, log=log)


def _around(now: float, kind: type, rule: Mapping[str, Any], given: Range, where: str) -> tuple[float, float, bool]:
    """(low, high, by magnitude) around the present value, as far as they are not given."""
    least, most = rule["low"], rule["high"]
    log = now > 0 and (kind is int or most > 1 or now < SMALL * most)
    if not log and most > 1 and (given.low is None or given.high is None):
        raise UsageError(f"{where} has no range: the setting is {now:g} now; give it low and high")
    low = given.low if given.low is not None else max(least, now / FACTOR) if log else least
    high = given.high if given.high is not None else min(most, now * FACTOR) if log else most
    if low >= high:
        raise UsageError(f"{where} is from {low:g} to {high:g}: low must be below high")
    if kind is int:
        low, high = max(1, round(low)) if log else round(low), round(high)
    return low, high, log and low > 0
