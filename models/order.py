"""In which order an epoch visits its samples: a pure function of (seed, epoch), so that resuming replays nothing.

Draws come from Philox 4x64 (Salmon et al. 2011, Parallel Random Numbers: As Easy as 1, 2, 3), a counter-based generator
whose raw output numpy guarantees for ever; `Generator.permutation` carries no such promise.
"""

from collections.abc import Sequence

import numpy as np

ORDER, JITTER, DROPOUT, MIX, MASK = range(5)
"""What a stream of draws is for: streams of different purpose never share a key."""
POOL_BATCHES = 64
"""Among how many batches samples are sorted by length: more waste less padding, fewer mix the batches better."""


def stream(purpose: int, seed: int, epoch: int, step: int = 0) -> np.random.Philox:
    """The generator of (purpose, seed, epoch, step), each below 2**32."""
    key = np.array([seed << 32 | purpose, epoch << 32 | step], dtype=np.uint64)
    return np.random.Philox(key=key)


def uniform(source: np.random.Philox, shape: tuple[int, ...]) -> np.ndarray:
    """float64 draws in [0, 1) with 53 random bits each."""
    raw = np.asarray(source.random_raw(int(np.prod(shape))))
    return (raw >> np.uint64(11)).astype(np.float64).reshape(shape) * 2.0**-53


def shuffled(count: int, seed: int, epoch: int) -> np.ndarray:
    """A permutation of range(count), int64."""
    return np.argsort(stream(ORDER, seed, epoch).random_raw(count), kind="stable")


def balanced(labels: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """len(labels) indices drawn with replacement, every class equally likely, int64."""
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    reach = np.cumsum(1.0 / counts[inverse])
    draws = uniform(stream(ORDER, seed, epoch), (len(labels),)) * reach[-1]
    return np.minimum(np.searchsorted(reach, draws, side="right"), len(labels) - 1)


def bucketed(lengths: np.ndarray, batch: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Batches of indices, int64, of samples about as long as each other; every sample is in one of them.

    Samples are shuffled, sorted by length within pools of POOL_BATCHES batches, cut, and the batches shuffled. Batches
    differ in size by one at most, so a run goes on at any batch by its number.
    """
    count = len(lengths)
    source = stream(ORDER, seed, epoch)
    visits = np.argsort(source.random_raw(count), kind="stable")
    pool = np.arange(count) // (POOL_BATCHES * batch)
    batches = np.array_split(visits[np.lexsort((lengths[visits], pool))], max(1, steps(count, batch)))
    return [batches[place] for place in np.argsort(source.random_raw(len(batches)), kind="stable")]


def windowed(files: Sequence[int] | np.ndarray, window: int, seed: int, epoch: int) -> np.ndarray:
    """A permutation of all samples, int64, that needs few files at a time: `files` says how many samples each holds.

    Files are visited in a shuffled order, `window` of them together, and their samples shuffled among each other.
    """
    counts = np.asarray(files, np.int64)
    source = stream(ORDER, seed, epoch)
    turn = np.empty(len(counts), np.int64)
    turn[np.argsort(source.random_raw(len(counts)), kind="stable")] = np.arange(len(counts)) // window
    return np.lexsort((source.random_raw(int(counts.sum())), np.repeat(turn, counts)))


def steps(count: int, batch: int) -> int:
    """Optimizer steps in an epoch. The last batch may be short."""
    return -(-count // batch)
