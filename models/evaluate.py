"""What a trained network makes of samples it has not seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from models import device, metrics
from models.data import Samples, blocks
from project.errors import DailiesError

WORST = 24


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of an evaluation.

    metrics    name → number; all are fractions
    per_class  a row a class: class, samples, precision, recall, f1
    confusion  int64 (classes, classes), rows are true classes
    rows       columns with one entry a sample: sample_id, label, prediction, confidence, score (1 right, 0 wrong)
    mistakes   the most confident wrong answers, worst first: sample_id, label, prediction, confidence, image (C, H, W)
    """

    metrics: dict[str, float]
    per_class: list[dict[str, Any]]
    confusion: np.ndarray
    rows: dict[str, np.ndarray]
    mistakes: list[dict[str, Any]]


def classification(net: nn.Module, samples: Samples, facts: Mapping[str, Any]) -> Outcome:
    """Compare the answers of `net` with the labels of `samples`. Raises DailiesError when there are none."""
    if len(samples) == 0:
        raise DailiesError("there is no sample to measure on; see the split section of the model and its labels")
    classes = list(facts["classes"])
    labels = np.asarray(samples.column("label"), dtype=np.int64)
    scores = probabilities(net, samples)
    predictions, confidence = scores.argmax(1), scores.max(1)
    counts = metrics.confusion(labels, predictions, len(classes))
    named = np.array(classes, dtype=object)
    rows = {
        "sample_id": np.asarray(samples.column("sample_id")),
        "label": named[labels],
        "prediction": named[predictions],
        "confidence": confidence,
        "score": (predictions == labels).astype(np.float64),
    }
    return Outcome(
        metrics=_summary(counts, confidence, predictions == labels),
        per_class=_per_class(counts, classes),
        confusion=counts,
        rows=rows,
        mistakes=_mistakes(samples, rows),
    )


def classify(net: nn.Module, sample: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The class of one sample, ready for JSON: label, confidence, and the score of every class; scores sum to 1."""
    scores = _softmax(net, sample["image"][None])[0]
    best = int(scores.argmax())
    classes = [str(name) for name in facts["classes"]]
    return {
        "label": classes[best],
        "confidence": float(scores[best]),
        "scores": dict(zip(classes, scores.tolist(), strict=True)),
    }


def probabilities(net: nn.Module, samples: Samples) -> np.ndarray:
    """Softmax scores, float64 (N, classes). `net` is moved to the device that trains and set to evaluation."""
    return np.concatenate([_softmax(net, samples.take(indices)["image"]) for indices in blocks(samples)])


def _softmax(net: nn.Module, images: np.ndarray) -> np.ndarray:
    machine = device.prepare()
    net.to(machine.device).eval()
    with torch.inference_mode():
        logits = net(device.tensor(images).to(machine.device))
    return logits.double().softmax(1).cpu().numpy()


def _summary(counts: np.ndarray, confidence: np.ndarray, right: np.ndarray) -> dict[str, float]:
    return {
        "accuracy": metrics.accuracy(counts),
        "balanced_accuracy": metrics.balanced_accuracy(counts),
        "macro_f1": metrics.macro_f1(counts),
        "expected_calibration_error": metrics.expected_calibration_error(confidence, right),
    }


def _per_class(counts: np.ndarray, classes: list[str]) -> list[dict[str, Any]]:
    columns = zip(metrics.precision(counts), metrics.recall(counts), metrics.f1(counts), counts.sum(1), strict=True)
    return [
        {"class": name, "samples": int(n), "precision": float(p), "recall": float(r), "f1": float(f)}
        for name, (p, r, f, n) in zip(classes, columns, strict=True)
    ]


def _mistakes(samples: Samples, rows: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    wrong = np.flatnonzero(rows["label"] != rows["prediction"])
    worst = wrong[np.argsort(-rows["confidence"][wrong], kind="stable")][:WORST]
    images = samples.take(worst)["image"]
    return [
        {name: column[index] for name, column in rows.items()} | {"image": image}
        for index, image in zip(worst, images, strict=True)
    ]
