"""Which split each asset belongs to.

An official split goes first. All other assets are placed by a hash of their group (or of themselves, without a group),
compared with the fractions to hold out. So where an asset goes depends on nothing but its group: it never moves from
test to train when others arrive, and a new model can be compared with an old one on assets that neither has seen.
Ranking the groups of each label (stratification) would hit the fractions more exactly, but would move assets
whenever one arrives.

One exception: a label with as many groups as there are splits, but with none in one of them, gives it the
group of lowest hash that it can spare. Until the label has a group there by its own hash, a new group may take that
place. This holds for every label whose groups carry no other label; else as far as no other label loses a split by it.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from project.errors import UsageError
from project.params import Split

NAMES = ("train", "validation", "test")
FOLDS = 232_792_560
"""Least common multiple of 1 to 20: a fold number below it, modulo k, is fair for every k up to 20."""


@dataclass(slots=True)
class _Unit:
    """What stays together: a group, or an asset without one."""

    draw: float  # in [0, 1)
    fold: int
    split: str
    labels: frozenset[str]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an asset goes. Its fold number modulo k is its fold of k, for any k up to 20."""

    split: str
    fold: int


def assign(
    rows: Sequence[Mapping[str, Any]], rule: Split, together: Iterable[tuple[str, str]] = ()
) -> dict[str, Placed]:
    """Asset id → its place. Rows have asset_id, group, labels and split (the official one, or empty).

    `together` are pairs of asset ids whose groups count as one; an asset that has an official split keeps it.
    An official test split leaves only validation to be taken from train, and so on. Raises UsageError when the
    fractions leave nothing to train on.
    """
    if rule.validation + rule.test >= 1:
        raise UsageError(
            f"split.validation {rule.validation:g} and split.test {rule.test:g} leave nothing for train; lower one"
        )
    official = {row["split"] for row in rows}
    fractions = {"test": rule.test, "validation": rule.validation}
    shares = {name: share for name, share in fractions.items() if share > 0 and name not in official}
    names = _names(rows, together)
    units = _units([(names[row["asset_id"]], row["labels"]) for row in rows if _is_free(row)], shares, rule.seed)
    _give_each_label_every_split(units, [*shares, "train"])
    return {row["asset_id"]: _place(row, names[row["asset_id"]], units, rule.seed) for row in rows}


def _is_free(row: Mapping[str, Any]) -> bool:
    return row["split"] in ("", "train")


def _name(row: Mapping[str, Any]) -> str:
    return f"group {row['group']}" if row["group"] else f"asset {row['asset_id']}"


def _names(rows: Sequence[Mapping[str, Any]], together: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Asset id → the name of its unit; of units that belong together the first by name stands for all."""
    names = {row["asset_id"]: _name(row) for row in rows}
    leader: dict[str, str] = {}
    for first, second in together:
        if first in names and second in names:
            ends = sorted((_leader(names[first], leader), _leader(names[second], leader)))
            leader |= {ends[1]: ends[0]} if ends[0] != ends[1] else {}
    return {asset_id: _leader(name, leader) for asset_id, name in names.items()}


def _leader(name: str, leader: dict[str, str]) -> str:
    passed = []
    while name in leader:
        passed.append(name)
        name = leader[name]
    leader.update(dict.fromkeys(passed, name))  # so that the next way is short
    return name


def _place(row: Mapping[str, Any], name: str, units: Mapping[str, _Unit], seed: int) -> Placed:
    if _is_free(row):
        return Placed(units[name].split, units[name].fold)
    return Placed(row["split"], _draw(name, seed)[1])


def _draw(name: str, seed: int) -> tuple[float, int]:
    """A number in [0, 1) for the split, and a fold number."""
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48, int.from_bytes(digest[8:16]) % FOLDS


def _units(carriers: Iterable[tuple[str, Iterable[str]]], shares: Mapping[str, float], seed: int) -> dict[str, _Unit]:
    labels: defaultdict[str, set[str]] = defaultdict(set)
    for name, carried in carriers:
        labels[name].update(carried)
    units = {}
    for name, carried in labels.items():
        draw, fold = _draw(name, seed)
        units[name] = _Unit(draw, fold, _by_draw(draw, shares), frozenset(carried))
    return units


def _by_draw(draw: float, shares: Mapping[str, float]) -> str:
    for name, share in shares.items():
        if draw < share:
            return name
        draw -= share
    return "train"


def _give_each_label_every_split(units: Mapping[str, _Unit], wanted: Sequence[str]) -> None:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    carriers: defaultdict[str, list[_Unit]] = defaultdict(list)
    for name in sorted(units):
        for label in units[name].labels:
            counts[label][units[name].split] += 1
            carriers[label].append(units[name])
    for label in sorted(carriers):
        if len(carriers[label]) >= len(wanted):
            for split in wanted:
                if not counts[label][split]:
                    _move_one(carriers[label], split, counts)


def _move_one(carriers: Sequence[_Unit], split: str, counts: Mapping[str, Counter[str]]) -> None:
    """Move the carrier of lowest draw that leaves no label without the split it came from."""
    spare = [unit for unit in carriers if all(counts[label][unit.split] > 1 for label in unit.labels)]
    if not spare:
        return
    moved = min(spare, key=lambda unit: unit.draw)
    for label in moved.labels:
        counts[label][moved.split] -= 1
        counts[label][split] += 1
    moved.split = split
