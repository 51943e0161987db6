"""How far a source has moved since the last version: the population stability index of each column of its catalog.

PSI = Σ (q − p) ln(q / p) over bins, with the shares p before and q now (N. Siddiqi, "Credit Risk Scorecards", 2006). By
his rule below 0.1 nothing has happened, and above 0.25 much has. Each count is raised by one half (Jeffreys), so an empty
bin has a share as well.

names    the 20 most frequent of before, and all others
numbers  the same if before has no more different ones, else ten bins, cut at its deciles
nothing  a bin of its own

Without any drift the index is about (bins - 1) (1/n + 1/m) for n and m assets (B. Yurdakul and J. Naranjo, "Statistical
Properties of the Population Stability Index", 2020). Where that reaches 0.1, there are too few assets to judge.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from media import catalog
from media.catalog import ADMITTED
from media.checks import Finding

LITTLE, MUCH = 0.1, 0.25
BINS, NAMES = 10, 20
RAISED = 0.5
OTHERS, NOTHING = "others", "nothing"
Counts = dict[str, tuple[int, int]]
"""Bin → assets before and now."""


def compare(before: pa.Table, now: pa.Table, limit: float | None = None) -> list[Finding]:
    """One finding for each column that either catalog fills; admitted assets alone count.

    `limit` is the source's max_drift: an index above it is `exceeded`.
    """
    before, now = (table.filter(pc.equal(table["status"], ADMITTED)) for table in (before, now))
    binned = ((name, bins(column(before), column(now))) for name, (column, bins) in COLUMNS.items())
    return [_finding(name, counts, limit) for name, counts in binned if set(counts) - {NOTHING}]


def stability(counts: Counts) -> dict[str, float]:
    """What each bin adds to the index."""
    pairs = np.array(list(counts.values()), np.float64) + RAISED  # (bins, 2)
    p, q = (pairs / pairs.sum(axis=0)).T
    return dict(zip(counts, ((q - p) * np.log(q / p)).tolist(), strict=True))


def _finding(name: str, counts: Counts, limit: float | None) -> Finding:
    parts = stability(counts)
    index = sum(parts.values())
    sizes = np.array(list(counts.values())).sum(axis=0)
    by_chance = (len(counts) - 1) * float(np.sum(1 / np.maximum(sizes, 1)))
    told = f"drift of {name}: PSI {index:.3f} against the last version"
    if by_chance >= LITTLE:
        few = f"{told}; {sizes[0]:,} assets before and {sizes[1]:,} now are too few to judge"
        return Finding(check=f"drift_{name}", value=round(index, 6), limit=limit, verdict="ok", message=few)
    beyond = limit is not None and index > limit
    rule = f", max_drift is {limit:g}" if limit is not None else ""
    return Finding(
        check=f"drift_{name}",
        value=round(index, 6),
        limit=limit,
        verdict="exceeded" if beyond else "noted" if index > LITTLE else "ok",
        message=told + rule + (_most(parts, counts, sizes) if beyond or index > LITTLE else ""),
    )


def _most(parts: Mapping[str, float], counts: Counts, sizes: np.ndarray) -> str:
    bin_ = max(parts, key=lambda name: parts[name])
    before, now = (count / max(1, size) for count, size in zip(counts[bin_], sizes, strict=True))
    much = "much" if sum(parts.values()) > MUCH else "something"
    return f"; {much} has changed, most of all {bin_}: {before:.1%} before, {now:.1%} now; look at what came and went"


def _named(before: pa.ChunkedArray, now: pa.ChunkedArray) -> Counts:
    sides = [_occurrences(column) for column in (before, now)]
    frequent = sorted(sides[0], key=lambda name: (-sides[0][name], name))[:NAMES]
    counts = {repr(name): (sides[0][name], sides[1].pop(name, 0)) for name in frequent}
    others = sum(sides[0].values()) - sum(count for count, _ in counts.values()), sum(sides[1].values())
    return counts | _filled({OTHERS: others, NOTHING: (before.null_count, now.null_count)})


def _occurrences(column: pa.ChunkedArray) -> dict[Any, int]:
    counts: Counter[Any] = Counter()
    for each in column.drop_null().value_counts().to_pylist():
        counts[each["values"]] += each["counts"]  # 0.0 and -0.0 come apart and are one
    return counts


def _numbered(before: pa.ChunkedArray, now: pa.ChunkedArray) -> Counts:
    if len(before.unique()) <= NAMES:
        return _named(before, now)
    values = (column.drop_null().to_numpy().astype(np.float64) for column in (before, now))
    return _between(*values) | _filled({NOTHING: (before.null_count, now.null_count)})


def _between(before: np.ndarray, now: np.ndarray) -> Counts:
    """Counts between the deciles of before; a value that is a decile belongs to the bin that it ends."""
    deciles = np.quantile(before, np.linspace(0, 1, BINS + 1)[1:-1], method="inverted_cdf")
    edges = np.unique([float(f"{decile:.6g}") for decile in deciles])  # as they are told, so that no two are told alike
    middle = [f"{low:.6g} to {high:.6g}" for low, high in pairwise(edges)]
    names = [f"up to {edges[0]:.6g}", *middle, f"more than {edges[-1]:.6g}"]
    sides = [np.bincount(np.searchsorted(edges, each), minlength=len(names)).tolist() for each in (before, now)]
    return {name: (was, is_) for name, was, is_ in zip(names, *sides, strict=True)}


def _filled(counts: Counts) -> Counts:
    return {name: pair for name, pair in counts.items() if any(pair)}


def _column(name: str, table: pa.Table) -> pa.ChunkedArray:
    if name not in table.column_names:  # a catalog of an earlier release
        return pa.chunked_array([pa.nulls(len(table), catalog.SCHEMA.field(name).type)])
    column = table[name]
    if pa.types.is_string(column.type):
        return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
    return column


def _labels(table: pa.Table) -> pa.ChunkedArray:
    return pc.list_flatten(table["labels"])


def _group_sizes(table: pa.Table) -> pa.ChunkedArray:
    """How many assets each group has, one number a group."""
    return pa.chunked_array([_column("group", table).drop_null().value_counts().field("counts")])


Bins = Callable[[pa.ChunkedArray, pa.ChunkedArray], Counts]
COLUMNS: dict[str, tuple[Callable[[pa.Table], pa.ChunkedArray], Bins]] = {
    "labels": (_labels, _named),
    "assets_per_group": (_group_sizes, _numbered),
    **{name: (partial(_column, name), _named) for name in ("format", "mode", "split", "licence", "consent")},
    **{
        name: (partial(_column, name), _numbered)
        for name in (
            "bytes", "width", "height", "frames", "rate_hz", "channels", "duration_s", "characters", "events",
        )
    },
}  # fmt: skip
"""What is compared: how to take it from a catalog, and how to count it."""
