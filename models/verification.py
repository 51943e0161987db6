"""Same or different? Metrics of similarities, in numpy alone, and what an embedder reaches on samples it has not seen.

`same` and `different` are the similarities of pairs that show one person, and of pairs that show two.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import nn

from models import calibration, embedding
from models.data import Samples
from models.outcome import Outcome
from project.errors import DailiesError

PAIRED = 3000
"""Samples whose pairs are looked at, evenly spaced among more: 4.5 million pairs."""
HARDEST, NEAREST, FEW_FALSE = 6, 3, 0.01


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


def verify(net: nn.Module, samples: Samples, facts: Mapping[str, Any]) -> Outcome:
    """Compare all samples of people with at least two samples with each other.

    rank_1 leaves one out: each sample asks which of all others is nearest. Where the people are enrolled, enrolled_rank_1
    asks the gallery. Raises DailiesError without two samples of one person and one of another.
    """
    labels = np.asarray(samples.column("label"), dtype=np.int64)
    several = np.bincount(labels, minlength=1)[labels] > 1
    samples, labels = samples.where(several), labels[several]
    if len(np.unique(labels)) < 2:
        raise DailiesError("there are no two people with two pictures each to measure on; see the model's split")
    embedded = embedding.embed(net, samples)
    nearest, similarity = _nearest(embedded)
    right = labels[nearest] == labels
    names = np.array([str(name) for name in facts["classes"]], dtype=object)
    first, second, alike = _pairs(embedded)
    together = labels[first] == labels[second]
    same, different = alike[together], alike[~together]
    rows = {
        "sample_id": np.asarray(samples.column("sample_id")),
        "label": names[labels],
        "prediction": names[labels[nearest]],
        "similarity": similarity,
        "score": right.astype(np.float64),
    }
    reached = {
        "equal_error_rate": equal_error_rate(same, different),
        "rank_1": float(right.mean()),
        "roc_area": roc_area(same, different),
        "accepted_at_1_percent": accepted_at(same, different, FEW_FALSE),
    }
    hardest = [*_hardest(first, second, alike, together), *_hardest(first, second, -alike, ~together)]
    return Outcome(
        metrics=reached | _enrolled(net, embedded, labels),
        rows=rows,
        tables={"People": _per_person(names, labels, right)},
        shown={"same": same, "different": different, "hardest": [_shown(samples, rows, *pair) for pair in hardest]},
    )


def identify(net: Any, sample: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Who of those enrolled is this, ready for JSON? `label` is empty when it is more likely none of them.

    confidence is the probability that the nearest is the right one, if half of all who are asked about were enrolled.
    """
    vector = embedding.vectors(net, sample["image"][None])[0]
    gallery = net.gallery.double().cpu().numpy()
    enrolled = np.flatnonzero(gallery.any(1))
    similarity = gallery[enrolled] @ vector
    best = np.argsort(-similarity, kind="stable")[:NEAREST]
    sure = calibration.probability(similarity[best], *net.calibration.double().tolist())
    names = [str(facts["classes"][place]) for place in enrolled[best]]
    return {
        "label": names[0] if sure[0] >= 0.5 else "",
        "confidence": float(sure[0]),
        "nearest": [
            {"label": name, "similarity": round(float(alike), 4)}
            for name, alike in zip(names, similarity[best], strict=True)
        ],
        "embedding": [round(float(value), 6) for value in vector],
    }


def _nearest(embedded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest other vector of each, and how similar it is, (N,)."""
    nearest, similarity = np.empty(len(embedded), np.int64), np.empty(len(embedded))
    for start in range(0, len(embedded), PAIRED):
        block = slice(start, start + PAIRED)
        alike = embedded[block] @ embedded.T
        rows = np.arange(len(alike))
        alike[rows, start + rows] = -np.inf
        nearest[block] = alike.argmax(1)
        similarity[block] = alike.max(1)
    return nearest, similarity


def _pairs(embedded: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(first, second, similarity) of every pair of the samples looked at."""
    chosen = np.linspace(0, len(embedded) - 1, min(len(embedded), PAIRED)).astype(np.int64)
    first, second = (chosen[place] for place in np.triu_indices(len(chosen), 1))
    return first, second, (embedded[chosen] @ embedded[chosen].T)[np.triu_indices(len(chosen), 1)]


def _enrolled(net: Any, embedded: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """How often the nearest of the gallery is the right person, of samples whose person is in it; {} without any."""
    gallery = net.gallery.double().cpu().numpy()
    known = gallery[np.minimum(labels, len(gallery) - 1)].any(1) & (labels < len(gallery))
    if not known.any():
        return {}
    found = (embedded[known] @ gallery.T).argmax(1)
    return {"enrolled_rank_1": float((found == labels[known]).mean())}


def _per_person(names: np.ndarray, labels: np.ndarray, right: np.ndarray) -> list[dict[str, Any]]:
    return [
        {
            "person": names[label],
            "samples": int((labels == label).sum()),
            "rank_1": float(right[labels == label].mean()),
        }
        for label in np.unique(labels)
    ]


def _hardest(
    first: np.ndarray, second: np.ndarray, alike: np.ndarray, among: np.ndarray
) -> list[tuple[int, int, float]]:
    """The pairs of least `alike` among some, least first."""
    places = np.flatnonzero(among)
    least = places[np.argsort(alike[places], kind="stable")[:HARDEST]]
    return [(int(first[place]), int(second[place]), abs(float(alike[place]))) for place in least]


def _shown(
    samples: Samples, rows: Mapping[str, np.ndarray], first: int, second: int, similarity: float
) -> dict[str, Any]:
    images = samples.take(np.array([first, second]))["image"]
    return {"images": images, "labels": rows["label"][[first, second]].tolist(), "similarity": similarity}
