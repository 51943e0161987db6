"""What an embedder reaches on people it has not seen, and who it says is on a picture."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from models import calibration, embedding, verification
from models.data import Samples
from models.outcome import Outcome, mean_of
from project.errors import DailiesError

PAIRED = 3000
"""Samples whose pairs are looked at, evenly spaced among more: 4.5 million pairs."""
HARDEST, LOOKED_AT, NEAREST, FEW_FALSE = 6, 10_000, 3, 0.01


class Pairs(NamedTuple):
    """Two of the samples each, by their index, how similar they are, and whether they show one person; all (P,)."""

    first: np.ndarray
    second: np.ndarray
    similarity: np.ndarray
    same: np.ndarray


def verify(net: nn.Module, samples: Samples, facts: Mapping[str, Any]) -> Outcome:
    """Compare all samples of people with at least two samples with each other.

    rank_1 leaves one out: each sample asks which of all others is nearest. Where the people are enrolled, enrolled_rank_1
    asks the gallery. Raises DailiesError without two people of two samples each.
    """
    labels = np.asarray(samples.column("label"), dtype=np.int64)
    several = np.bincount(labels, minlength=1)[labels] > 1
    samples, labels = samples.where(several), labels[several]
    if len(np.unique(labels)) < 2:
        raise DailiesError("there are no two people with two pictures each to measure on; see the model's split")
    names = np.array([str(name) for name in facts["classes"]], dtype=object)
    embedded = embedding.embed(net, samples)
    rows = _rows(samples, embedded, labels, names)
    pairs = _pairs(embedded, labels)
    same, different = pairs.similarity[pairs.same], pairs.similarity[~pairs.same]
    hardest = [*_hardest(pairs, labels, same=True), *_hardest(pairs, labels, same=False)]
    return Outcome(
        metrics={
            "equal_error_rate": verification.equal_error_rate(same, different),
            "rank_1": float(rows["score"].mean()),
            "roc_area": verification.roc_area(same, different),
            "accepted_at_1_percent": verification.accepted_at(same, different, FEW_FALSE),
        }
        | _enrolled(net, embedded, labels),
        rows=rows,
        ratios={"rank_1": mean_of(rows["score"])},
        tables={"People": _per_person(names, labels, rows["score"])},
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


def _rows(samples: Samples, embedded: np.ndarray, labels: np.ndarray, names: np.ndarray) -> dict[str, np.ndarray]:
    nearest, similarity = _nearest(embedded)
    return {
        "sample_id": np.asarray(samples.column("sample_id")),
        "label": names[labels],
        "prediction": names[labels[nearest]],
        "similarity": similarity,
        "score": (labels[nearest] == labels).astype(np.float64),
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


def _pairs(embedded: np.ndarray, labels: np.ndarray) -> Pairs:
    """Every pair of the samples looked at."""
    chosen = np.linspace(0, len(embedded) - 1, min(len(embedded), PAIRED)).astype(np.int64)
    places = np.triu_indices(len(chosen), 1)
    first, second = (chosen[place] for place in places)
    similarity = (embedded[chosen] @ embedded[chosen].T)[places]
    return Pairs(first, second, similarity, labels[first] == labels[second])


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


def _hardest(pairs: Pairs, labels: np.ndarray, *, same: bool) -> list[tuple[int, int, float]]:
    """(first, second, similarity) of pairs of one person that are least similar, or of two that are most, the hardest
    first and no two of the same people."""
    among = np.flatnonzero(pairs.same == same)
    order = among[np.argsort(pairs.similarity[among] * (1 if same else -1), kind="stable")]
    worst: dict[tuple[int, int], tuple[int, int, float]] = {}
    for place in order[:LOOKED_AT]:
        first, second = int(pairs.first[place]), int(pairs.second[place])
        low, high = sorted((int(labels[first]), int(labels[second])))
        worst.setdefault((low, high), (first, second, float(pairs.similarity[place])))
    return list(worst.values())[:HARDEST]


def _shown(
    samples: Samples, rows: Mapping[str, np.ndarray], first: int, second: int, similarity: float
) -> dict[str, Any]:
    images = samples.take(np.array([first, second]))["image"]
    return {"images": images, "labels": rows["label"][[first, second]].tolist(), "similarity": similarity}
