"""Same or different? Metrics of similarities, in numpy alone.

`same` and `different` are the similarities of pairs that show one person, and of pairs that show two.
"""

import numpy as np


def curve(same: np.ndarray, different: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The shares of `different` and of `same` that are accepted, as the threshold falls: both rise from 0 to 1."""
    scores = np.concatenate([same, different])
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)  # equal scores are accepted together
    right = np.cumsum(order < len(same))[last]
    wrong = np.cumsum(order >= len(same))[last]
    return np.append(0, wrong / len(different)), np.append(0, right / len(same))


def equal_error_rate(same: np.ndarray, different: np.ndarray) -> float:
    """Where as large a share of `different` is accepted as of `same` is refused; between two points, on their line."""
    false, true = curve(same, different)
    gap = 1 - true - false
    after = int(np.argmax(gap <= 0))
    part = gap[after - 1] / (gap[after - 1] - gap[after])
    return float(false[after - 1] + part * (false[after] - false[after - 1]))


def roc_area(same: np.ndarray, different: np.ndarray) -> float:
    """How often a pair of `same` is more similar than a pair of `different`; a tie counts half."""
    false, true = curve(same, different)
    return float(np.trapezoid(true, false))


def accepted_at(same: np.ndarray, different: np.ndarray, false_share: float) -> float:
    """The share of `same` that is accepted when at most `false_share` of `different` may be."""
    false, true = curve(same, different)
    return float(true[false <= false_share].max())
