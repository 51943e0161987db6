"""Metrics of classification, in numpy alone. Labels and predictions are class numbers, int64 (N,)."""

import numpy as np

CALIBRATION_BINS = 15  # Guo et al. 2017, On Calibration of Modern Neural Networks, section 4


def confusion(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """How many samples of class i (row) were taken for class j (column), int64 (classes, classes)."""
    return np.bincount(labels * classes + predictions, minlength=classes * classes).reshape(classes, classes)


def accuracy(counts: np.ndarray) -> float:
    """The fraction on the diagonal of a confusion matrix."""
    return _ratio(np.trace(counts), counts.sum()).item()


def precision(counts: np.ndarray) -> np.ndarray:
    """For each class, the fraction of what was called it that is it; 0 where nothing was called it."""
    return _ratio(np.diag(counts), counts.sum(0))


def recall(counts: np.ndarray) -> np.ndarray:
    """For each class, the fraction of it that was found; 0 for a class without samples."""
    return _ratio(np.diag(counts), counts.sum(1))


def f1(counts: np.ndarray) -> np.ndarray:
    """For each class, the harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN)."""
    return _ratio(2 * np.diag(counts), counts.sum(0) + counts.sum(1))


def macro_f1(counts: np.ndarray) -> float:
    """The plain mean of F1 over the classes that occur among labels or predictions."""
    occurs = counts.sum(0) + counts.sum(1) > 0
    return float(f1(counts)[occurs].mean()) if occurs.any() else 0.0


def balanced_accuracy(counts: np.ndarray) -> float:
    """The plain mean of recall over the classes that have samples."""
    occurs = counts.sum(1) > 0
    return float(recall(counts)[occurs].mean()) if occurs.any() else 0.0


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = CALIBRATION_BINS) -> np.ndarray:
    """Samples, mean confidence and accuracy, (bins, 3), of each interval ((m - 1) / bins, m / bins] of confidence."""
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    samples = np.bincount(place, minlength=bins)
    means = [_ratio(np.bincount(place, weights=values, minlength=bins), samples) for values in (confidence, right)]
    return np.stack([samples, *means], axis=1)


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = CALIBRATION_BINS) -> float:
    """The mean gap between confidence and accuracy over bins, weighted by samples (Guo et al. 2017, equation 3)."""
    samples, stated, reached = reliability(confidence, right, bins).T
    return float((samples * np.abs(reached - stated)).sum() / max(samples.sum(), 1))


def wilson(successes: np.ndarray, trials: np.ndarray, z: float = 1.96) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds of a rate seen in `trials` > 0 (Wilson 1927); z = 1.96 gives 95 % intervals."""
    rate, squared = successes / trials, z * z / trials
    centre = (rate + squared / 2) / (1 + squared)
    reach = np.sqrt(rate * (1 - rate) * squared + squared**2 / 4) / (1 + squared)
    return centre - reach, centre + reach


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
