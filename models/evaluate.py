"""What a trained network makes of samples it has not seen."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from models import device, metrics
from models.data import Samples, blocks
from models.outcome import Outcome, mean_of
from project.errors import DailiesError

WORST = 24


def classification(
    net: nn.Module, samples: Samples, facts: Mapping[str, Any], *, field: str = "image", seen: str = ""
) -> Outcome:
    """Compare the answers of `net` on one field with the labels of `samples`. Raises DailiesError when there are none.

    `shown` has confusion, int64 (classes, classes) with true classes in rows, and mistakes, the most confident wrong
    answers, worst first: sample_id, label, prediction, confidence, and what the field holds, or the field `seen`, which
    is what a person sees of the sample.
    """
    if len(samples) == 0:
        raise DailiesError("there is no sample to measure on; see the split section of the model and its labels")
    classes = list(facts["classes"])
    labels = np.asarray(samples.column("label"), dtype=np.int64)
    scores = probabilities(net, samples, field=field)
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
        rows=rows,
        ratios={"accuracy": mean_of(rows["score"])},
        tables={"Classes": _per_class(counts, classes)},
        shown={"confusion": counts, "mistakes": _mistakes(samples, rows, seen or field)},
    )


def classify(
    net: nn.Module, sample: Mapping[str, np.ndarray], facts: Mapping[str, Any], *, field: str = "image"
) -> dict[str, Any]:
    """The class of one sample, ready for JSON: label, confidence, and the score of every class; scores sum to 1."""
    scores = _softmax(net, sample[field][None])[0]
    best = int(scores.argmax())
    classes = [str(name) for name in facts["classes"]]
    return {
        "label": classes[best],
        "confidence": float(scores[best]),
        "scores": dict(zip(classes, scores.tolist(), strict=True)),
    }


def probabilities(net: nn.Module, samples: Samples, *, field: str = "image") -> np.ndarray:
    """Softmax scores, float64 (N, classes). `net` is moved to the device that trains and set to evaluation."""
    return np.concatenate([_softmax(net, samples.take(indices)[field]) for indices in blocks(samples)])


def _softmax(net: nn.Module, values: np.ndarray) -> np.ndarray:
    machine = device.prepare()
    net.to(machine.device).eval()
    with torch.inference_mode():
        logits = net(device.tensor(values).to(machine.device))
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


def _mistakes(samples: Samples, rows: Mapping[str, np.ndarray], field: str) -> list[dict[str, Any]]:
    wrong = np.flatnonzero(rows["label"] != rows["prediction"])
    worst = wrong[np.argsort(-rows["confidence"][wrong], kind="stable")][:WORST]
    values = samples.take(worst)[field]
    return [
        {name: column[index] for name, column in rows.items()} | {field: value}
        for index, value in zip(worst, values, strict=True)
    ]
