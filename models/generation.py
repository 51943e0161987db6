"""What generated pictures are worth beside pictures that the generator has not seen."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from models import judge, likeness, metrics
from models.data import Samples, blocks
from models.generated import pictures
from models.outcome import Outcome
from project.errors import DailiesError

FEWEST = 10_000  # pictures to measure on; a Fréchet distance of fewer is too large (Chong and Forsyth 2020)
COMPARED = 2_000  # pictures whose nearest training picture is looked for
COMPARED_PX = 32  # longest side at which they are compared; larger ones are averaged down to it
NEAR = 0.01  # quantile of unseen pictures' distances to training below which a generated one counts as a copy
SHEET, PAIRS = 12, 12  # pictures of each class, and pairs of neighbours, in the report


def generation(net: Any, samples: Samples, facts: Mapping[str, Any], training: Samples) -> Outcome:
    """Ask `net` (players and judge) for pictures of the classes of `samples`, in the proportions found there.

    A row's score is how sure the judge is that the picture drawn for that sample shows its class. `shown` has sheet,
    uint8 (classes, SHEET, C, H, W), and pairs: generated, nearest, label, distance. Raises DailiesError without samples.
    """
    if len(samples) == 0:
        raise DailiesError("there is no sample to measure on; see the split section of the model and its labels")
    originals = training.where(np.asarray(training.column("copy")) == 0)
    labels = np.asarray(samples.column("label"), dtype=np.int64)
    asked = np.tile(labels, -(-FEWEST // len(labels)))
    features, scores = _opinions(net, asked, len(next(blocks(samples))))
    named, sure, said = np.array(facts["classes"], dtype=object), _of_class(scores, asked), scores.argmax(1)
    copying, pairs = _copying(net, labels, samples, originals)
    rows = {
        "sample_id": np.asarray(samples.column("sample_id")),
        "label": named[labels],
        "prediction": named[said[: len(labels)]],
        "score": sure[: len(labels)],
    }
    recognised = metrics.wilson(np.asarray((said == asked).sum()), np.asarray(len(asked)))
    return Outcome(
        metrics=_distances(net["judge"], features, samples, originals)
        | {"recognised": float((said == asked).mean())}
        | copying,
        rows=rows,
        intervals={"recognised": (float(recognised[0]), float(recognised[1]))},
        tables={"Classes": _per_class(asked, said == asked, sure, named)},
        shown={"sheet": _sheet(net, len(named)), "pairs": pairs},
    )


def _opinions(net: Any, asked: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, D) and scores (N, classes) that the judge gives one picture of each class asked for."""
    made = []
    for start in range(0, len(asked), size):
        numbers = range(start, min(start + size, len(asked)))
        drawn = pictures(net["players"].generator, asked[numbers.start : numbers.stop], numbers)
        made.append(judge.opinion(net["judge"], drawn))
    features, scores = zip(*made, strict=True)
    return np.concatenate(features), np.concatenate(scores)


def _distances(ruler: Any, features: np.ndarray, samples: Samples, originals: Samples) -> dict[str, float]:
    """Fréchet distances to the features of `samples`, and how often the judge is right about those."""
    unseen, scores = judge.opinions(ruler, samples)
    learnt, _ = judge.opinions(ruler, originals)
    apart, usual = likeness.frechet_distance(features, unseen), likeness.frechet_distance(learnt, unseen)
    return {
        "frechet_ratio": apart / max(usual, 1e-12),
        "frechet_distance": apart,
        "frechet_distance_of_training": usual,
        "judge_accuracy": float((scores.argmax(1) == samples.column("label")).mean()),
    }


def _of_class(scores: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The probability of the class asked for, (N,); 0 for one that was never learnt."""
    known = asked < scores.shape[1]
    return np.where(known, scores[np.arange(len(asked)), np.where(known, asked, 0)], 0.0)


def _per_class(asked: np.ndarray, right: np.ndarray, sure: np.ndarray, named: np.ndarray) -> list[dict[str, Any]]:
    each = ((number, asked == number) for number in np.unique(asked))
    return [
        {
            "class": str(named[number]),
            "pictures": int(here.sum()),
            "recognised": float(right[here].mean()),
            "mean confidence": float(sure[here].mean()),
        }
        for number, here in each
    ]


def _copying(
    net: Any, labels: np.ndarray, samples: Samples, originals: Samples
) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """How near generated pictures are to training pictures, beside how near unseen ones are; and the nearest pairs."""
    chosen = np.linspace(0, len(labels) - 1, min(COMPARED, len(labels))).astype(np.int64)
    drawn = pictures(net["players"].generator, labels[chosen], chosen.tolist())
    distance, place = likeness.nearest(_small(drawn), _all(originals))
    usual, _ = likeness.nearest(_small(samples.take(chosen)["image"]), _all(originals))
    closest = np.argsort(distance, kind="stable")[:PAIRS]
    pairs = [
        {"generated": drawn[at], "nearest": near, "label": int(labels[chosen[at]]), "distance": float(distance[at])}
        for at, near in zip(closest, originals.take(place[closest])["image"], strict=True)
    ]
    return {
        "nearer_than_unseen": likeness.share_below(distance, usual),
        "copied": float((distance < np.quantile(usual, NEAR)).mean()),
        "nearest_distance": float(np.median(distance)),
        "nearest_distance_of_unseen": float(np.median(usual)),
    }, pairs


def _all(samples: Samples) -> Iterator[np.ndarray]:
    return (_small(samples.take(block)["image"]) for block in blocks(samples))


def _small(images: np.ndarray) -> np.ndarray:
    """Images (B, C, H, W) as rows of numbers (B, P), averaged down to at most COMPARED_PX a side."""
    step = -(-max(images.shape[2:]) // COMPARED_PX)
    if step > 1:
        images = functional.avg_pool2d(torch.from_numpy(images).float(), step, ceil_mode=True).numpy()
    return images.reshape(len(images), -1)


def _sheet(net: Any, classes: int) -> np.ndarray:
    """The first pictures of each class that the generator knows, (classes, SHEET, C, H, W)."""
    generator = net["players"].generator
    known = range(min(classes, generator.classes))
    return np.stack([pictures(generator, np.full(SHEET, label), range(1, SHEET + 1)) for label in known])
