"""How like generated pictures are to real ones, and whether they are copies. In numpy alone."""

from collections.abc import Iterable

import numpy as np


def frechet_distance(features: np.ndarray, others: np.ndarray) -> float:
    """Fréchet distance of two sets of features, (N, D) and (M, D), each taken for a Gaussian.

    |μ₁ - μ₂|² + tr(C₁ + C₂ - 2 (C₁C₂)^½) (Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule, equation 6).
    """
    return frechet_of_gaussians(
        features.mean(0), np.cov(features, rowvar=False), others.mean(0), np.cov(others, rowvar=False)
    )


def frechet_of_gaussians(mean: np.ndarray, spread: np.ndarray, other_mean: np.ndarray, other: np.ndarray) -> float:
    """The same for means (D,) and covariances (D, D).

    tr (C₁C₂)^½ is taken as tr (C₁^½ C₂ C₁^½)^½, whose argument is symmetric: no complex roots for singular covariances.
    """
    values, vectors = np.linalg.eigh(np.atleast_2d(spread))
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ np.atleast_2d(other) @ root).clip(0)).sum()
    apart = ((mean - other_mean) ** 2).sum() + np.trace(np.atleast_2d(spread)) + np.trace(np.atleast_2d(other))
    return float(max(apart - 2 * shared, 0.0))


def nearest(pictures: np.ndarray, among: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """For each picture (M, P) the distance to the nearest of all rows in `among`, blocks (B, P), and its number.

    The distance is Euclidean, divided by √P: how far a number is off, on average.
    """
    asked = pictures.astype(np.float32)
    squares = (asked**2).sum(1)
    best, place, seen = np.full(len(asked), np.inf), np.zeros(len(asked), np.int64), 0
    for block in among:
        others = block.astype(np.float32)
        apart = squares[:, None] + (others**2).sum(1) - 2 * (asked @ others.T)
        found = apart.argmin(1)
        distance = apart[np.arange(len(asked)), found]
        nearer = distance < best
        best[nearer], place[nearer] = distance[nearer], found[nearer] + seen
        seen += len(others)
    return np.sqrt(best.clip(0) / asked.shape[1]), place


def share_below(values: np.ndarray, others: np.ndarray) -> float:
    """How probably one of `values` is below one of `others`, ties counting half (Mann and Whitney 1947).

    For distances to the nearest training picture, of generated pictures and of unseen ones: 0.5 where generated ones
    are as near as unseen ones, towards 1 where training was memorised (Meehan et al. 2020, A Non-Parametric Test to
    Detect Data-Copying in Generative Models).
    """
    ranked = np.sort(others)
    below = np.searchsorted(ranked, values, side="left")
    not_above = np.searchsorted(ranked, values, side="right")
    return float(1 - (below + not_above).mean() / (2 * len(ranked)))
