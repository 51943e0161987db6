"""Which samples make up the batches of an epoch. Each is a pure function of the samples, the settings and the epoch."""

from collections.abc import Callable, Sequence

import numpy as np

from models import order
from models.data import Samples
from models.settings import Training

Batches = Callable[[Samples, Training, int], Sequence[np.ndarray]]
"""(samples, settings, epoch) → the indices of each batch, int64 (B,); as many as `order.steps` says, so that training
goes on at any of them."""


def sampled(samples: Samples, settings: Training, epoch: int) -> Sequence[np.ndarray]:
    """In the order that `settings.sampling` names. Batches differ in size by one at most."""
    if settings.sampling == "balanced":
        return _cut(order.balanced(samples.column("label"), settings.seed, epoch), settings)
    return _cut(order.shuffled(len(samples), settings.seed, epoch), settings)


def by_length(*fields: str) -> Batches:
    """Samples that are about as long as each other, all ragged `fields` together: less padding, less work. Which samples,
    `settings.sampling` says."""

    def bucketed(samples: Samples, settings: Training, epoch: int) -> Sequence[np.ndarray]:
        lengths = _lengths(samples, fields)
        if settings.sampling == "uniform":
            return order.bucketed(lengths, settings.batch, settings.seed, epoch)
        visits = order.balanced(samples.column("label"), settings.seed, epoch)
        return [visits[each] for each in order.bucketed(lengths[visits], settings.batch, settings.seed, epoch, draw=1)]

    return bucketed


def by_budget(*fields: str) -> Batches:
    """Samples that are about as long as each other, more of them in a batch where they are short: each batch holds about
    as much as `settings.batch` samples of mean length do. A short batch costs a step as much overhead as a long one."""

    def budgeted(samples: Samples, settings: Training, epoch: int) -> Sequence[np.ndarray]:
        return order.budgeted(_lengths(samples, fields), settings.batch, settings.seed, epoch)

    return budgeted


def by_window(files: int) -> Batches:
    """Samples of so many files at a time, where files are far away."""

    def windowed(samples: Samples, settings: Training, epoch: int) -> Sequence[np.ndarray]:
        return _cut(order.windowed(samples.files(), files, settings.seed, epoch), settings)

    return windowed


def by_class(each: int) -> Batches:
    """`each` samples of as many classes as fit in a batch, for losses that compare the samples of a batch."""

    def grouped(samples: Samples, settings: Training, epoch: int) -> Sequence[np.ndarray]:
        return order.grouped(samples.column("label"), settings.batch, each, settings.seed, epoch)

    return grouped


def _lengths(samples: Samples, fields: Sequence[str]) -> np.ndarray:
    return np.sum([samples.lengths(field) for field in fields], axis=0)


def _cut(visits: np.ndarray, settings: Training) -> Sequence[np.ndarray]:
    return np.array_split(visits, order.steps(len(visits), settings.batch))
