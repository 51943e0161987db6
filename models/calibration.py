"""From a score to a probability."""

import numpy as np

STEPS = 100


def platt(same: np.ndarray, different: np.ndarray) -> tuple[float, float]:
    """Slope a and offset b of the probability 1 / (1 + exp(-(a x + b))) that a score x is of `same`, not `different`.

    Both kinds weigh the same, however many there are. Targets are a little short of 0 and 1 (Platt 1999, Probabilistic
    Outputs for Support Vector Machines, section 2.2), so scores that are told apart without a mistake have an answer.
    """
    scores = np.concatenate([same, different])
    design = np.stack([scores, np.ones_like(scores)], axis=1)
    targets = np.repeat([(len(same) + 1) / (len(same) + 2), 1 / (len(different) + 2)], [len(same), len(different)])
    weights = np.repeat([0.5 / len(same), 0.5 / len(different)], [len(same), len(different)])
    answer = np.zeros(2)
    for _ in range(STEPS):
        said = probability(scores, *answer)
        gradient = design.T @ (weights * (said - targets))
        curvature = (design * (weights * said * (1 - said))[:, None]).T @ design
        step = np.linalg.solve(curvature + 1e-9 * np.eye(2), gradient)
        answer -= step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-9:
            break
    return float(answer[0]), float(answer[1])


def probability(scores: np.ndarray, slope: float, offset: float) -> np.ndarray:
    """What `platt` fits."""
    return 1 / (1 + np.exp(-np.clip(slope * scores + offset, -500, 500)))
