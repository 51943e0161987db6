"""In which order an epoch visits its samples: a pure function of (seed, epoch), so that resuming replays nothing.

Draws come from Philox 4x64 (Salmon et al. 2011, Parallel Random Numbers: As Easy as 1, 2, 3), a counter-based generator
whose raw output numpy guarantees for ever; `Generator.permutation` carries no such promise.
"""

from collections.abc import Sequence

import numpy as np

ORDER, JITTER, DROPOUT, MIX, MASK, PLAY, NOISE, PICTURE = range(8)
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


def normal(source: np.random.Philox, shape: tuple[int, ...]) -> np.ndarray:
    """float32 draws of mean 0 and spread 1 (Box and Muller 1958)."""
    one, other = uniform(source, (2, *shape))
    return (np.sqrt(-2 * np.log1p(-one)) * np.cos(2 * np.pi * other)).astype(np.float32)


def shuffled(count: int, seed: int, epoch: int) -> np.ndarray:
    """A permutation of range(count), int64."""
    return _permuted(stream(ORDER, seed, epoch), count)


def balanced(labels: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """len(labels) indices drawn with replacement, every class equally likely, int64."""
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    reach = np.cumsum(1.0 / counts[inverse])
    draws = uniform(stream(ORDER, seed, epoch), (len(labels),)) * reach[-1]
    return np.minimum(np.searchsorted(reach, draws, side="right"), len(labels) - 1)


def bucketed(lengths: np.ndarray, batch: int, seed: int, epoch: int, draw: int = 0) -> list[np.ndarray]:
    """Batches of indices, int64, of samples about as long as each other; every sample is in one of them.

    Samples are shuffled, sorted by length within pools of POOL_BATCHES batches, cut, and the batches shuffled. Batches
    differ in size by one at most, so a run goes on at any batch by its number. `draw` tells orders of one epoch apart.
    """
    source = stream(ORDER, seed, epoch, draw)
    visits = _by_length(source, lengths, batch)
    return _mixed(source, np.array_split(visits, max(1, steps(len(lengths), batch))))


def budgeted(lengths: np.ndarray, batch: int, seed: int, epoch: int) -> list[np.ndarray]:
    """The same number of batches as `bucketed` makes, none empty, but cut where each is about as long in sum."""
    source, count = stream(ORDER, seed, epoch), len(lengths)
    visits, parts = _by_length(source, lengths, batch), max(1, steps(count, batch))
    reach = np.cumsum(lengths[visits])
    wanted = np.searchsorted(reach, reach[-1:] * np.arange(1, parts) / parts) + 1
    places = np.arange(1, parts)
    rising = np.maximum.accumulate(wanted - places) + places  # one sample at least in each …
    return _mixed(source, np.split(visits, np.minimum(rising, count - parts + places)))  # … and in those to come


def _by_length(source: np.random.Philox, lengths: np.ndarray, batch: int) -> np.ndarray:
    """Shuffled, then sorted within pools of POOL_BATCHES batches."""
    visits = _permuted(source, len(lengths))
    pool = np.arange(len(lengths)) // (POOL_BATCHES * batch)
    return visits[np.lexsort((lengths[visits], pool))]


def _mixed(source: np.random.Philox, batches: list[np.ndarray]) -> list[np.ndarray]:
    return [batches[place] for place in _permuted(source, len(batches))]


def grouped(labels: np.ndarray, batch: int, each: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Batches of indices, int64, with `each` samples of `batch` // `each` classes: of two at least, of all at most.

    Hermans et al. 2017, In Defense of the Triplet Loss, section 2. Classes and their samples are drawn for each batch
    anew; a class with fewer samples repeats them. There are as many batches as it takes to visit all samples once.
    """
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    source = stream(ORDER, seed, epoch)
    classes = max(2, batch // each)
    return [
        np.concatenate([_some(source, members[place], each) for place in _permuted(source, len(members))[:classes]])
        for _ in range(steps(len(labels), batch))
    ]


def windowed(files: Sequence[int] | np.ndarray, window: int, seed: int, epoch: int) -> np.ndarray:
    """A permutation of all samples, int64, that needs few files at a time: `files` says how many samples each holds.

    Files are visited in a shuffled order, `window` of them together, and their samples shuffled among each other.
    """
    counts = np.asarray(files, np.int64)
    source = stream(ORDER, seed, epoch)
    turn = np.empty(len(counts), np.int64)
    turn[_permuted(source, len(counts))] = np.arange(len(counts)) // window
    return np.lexsort((source.random_raw(int(counts.sum())), np.repeat(turn, counts)))


def _some(source: np.random.Philox, indices: np.ndarray, count: int) -> np.ndarray:
    return np.resize(indices[_permuted(source, len(indices))], count)


def _permuted(source: np.random.Philox, count: int) -> np.ndarray:
    return np.argsort(source.random_raw(count), kind="stable")


def steps(count: int, batch: int) -> int:
    """Optimizer steps in an epoch. The last batch may be short."""
    return -(-count // batch)
