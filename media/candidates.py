"""Which codes may differ in at most a few places, among many, without comparing each with each.

Pigeonholes: codes cut into more bands than places may differ have one band in common; with bands for every two places,
one band that differs in a single bit at most (M. Norouzi, A. Punjani and D. Fleet, "Fast Search in Hamming Space with
Multi-Index Hashing", CVPR 2012). So no pair is missed. The places of a band lie far apart, as neighbours say the same.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

AT_ONCE = 1 << 20
"""How many pairs are given at a time."""
Pairs = tuple[np.ndarray, np.ndarray]


def candidates(codes: np.ndarray, radius: int, unit_bits: int) -> Iterator[Pairs]:
    """Rows of `codes` (N, bytes), uint8: every pair that differs in at most `radius` units, and others. Some come twice.

    A unit is a bit or a byte, as `unit_bits` is 1 or 8. Pairs come as two arrays of row numbers.
    """
    if unit_bits == 8:
        for band in range(radius + 1):
            yield from _matches(_keys(codes[:, band :: radius + 1], bits=8), ())
        return
    bits = np.unpackbits(codes, axis=1)  # (N, bits)
    bands = radius // 2 + 1
    for band in range(bands):
        last = band == bands - 1 and radius % 2 == 0  # the others take two differences each, so here none is left
        places = bits[:, band::bands]
        yield from _matches(_keys(places, bits=1), () if last else range(places.shape[1]))


def _keys(places: np.ndarray, bits: int) -> np.ndarray:
    """The units of one band as one number, (N,). What exceeds 64 bits is left out, which adds candidates."""
    kept = places.T[: 64 // bits]
    keys: np.ndarray = np.zeros(len(places), np.uint32 if len(kept) * bits <= 32 else np.uint64)
    for column in kept:
        keys = keys << keys.dtype.type(bits) | column
    return keys


def _matches(keys: np.ndarray, flips: tuple[()] | range) -> Iterator[Pairs]:
    """Pairs of rows with equal keys, and with keys that differ in one of the bits `flips`."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    ends = np.searchsorted(ordered, ordered, side="right")
    yield from _expanded(order, np.arange(len(order)), np.arange(1, len(order) + 1), ends)
    for flip in flips[:64] if flips else ():
        bit = keys.dtype.type(1 << flip)
        rows = np.flatnonzero(ordered & bit == 0)
        other = ordered[rows] | bit
        starts = np.searchsorted(ordered, other, side="left")
        found = starts < len(ordered)
        found[found] = ordered[starts[found]] == other[found]
        yield from _expanded(order, rows[found], starts[found], ends[starts[found]])


def _expanded(order: np.ndarray, rows: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> Iterator[Pairs]:
    """Each of the ordered `rows` with all from its start to its end, about AT_ONCE pairs at a time."""
    some = ends > starts
    rows, starts, counts = rows[some], starts[some], (ends - starts)[some]
    done = np.concatenate([[0], np.cumsum(counts)])
    cuts = [*np.searchsorted(done, np.arange(0, done[-1], AT_ONCE)), len(rows)]
    for first, last in pairwise(cuts):
        count = counts[first:last]
        others = np.arange(done[first], done[last]) + np.repeat(starts[first:last] - done[first:last], count)
        yield order[np.repeat(rows[first:last], count)], order[others]
