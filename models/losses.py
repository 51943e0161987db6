"""What a network is trained to make small. A loss is prepared once a job, then scores one batch at a time."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.settings import Training


class Scored(NamedTuple):
    """A batch as the loss sees it: the mean loss, a scalar to differentiate, and measures of each sample, (B,)."""

    loss: Tensor
    measures: dict[str, Tensor]


Criterion = Callable[[nn.Module, Mapping[str, Tensor]], Scored]
Loss = Callable[[Training, Mapping[str, Any], np.ndarray], Criterion]
"""(settings, facts, labels of the training samples) → criterion."""


def cross_entropy(
    settings: Training, facts: Mapping[str, Any], labels: np.ndarray, *, field: str = "image"
) -> Criterion:
    """Softmax cross-entropy of `net(field)` (B, classes) against `label` (B,), or against `soft_label` (B, classes) in
    batches that have it; measures accuracy, which is always that of `label`.

    Label smoothing as in Szegedy et al. 2016, Rethinking the Inception Architecture, section 7.
    """
    weight = class_weights(labels, len(facts["classes"])) if settings.class_weights == "balanced" else None

    def criterion(net: nn.Module, batch: Mapping[str, Tensor]) -> Scored:
        logits, label = net(batch[field]).float(), batch["label"].long()
        weights = None if weight is None else weight.to(logits.device)
        if "soft_label" in batch:
            loss = soft_cross_entropy(logits, batch["soft_label"], weights, settings.label_smoothing)
        else:
            loss = functional.cross_entropy(logits, label, weights, label_smoothing=settings.label_smoothing)
        return Scored(loss, {"accuracy": (logits.detach().argmax(1) == label).float()})

    return criterion


def soft_cross_entropy(logits: Tensor, shares: Tensor, weights: Tensor | None, smoothing: float) -> Tensor:
    """Cross-entropy against shares of classes (B, classes), a scalar. Shares of one class alone give what its label does.

    torch divides by the number of samples here, but by the weights of their labels where labels are given.
    """
    if weights is None:
        return functional.cross_entropy(logits, shares, label_smoothing=smoothing)
    total = functional.cross_entropy(logits, shares, weights, reduction="sum", label_smoothing=smoothing)
    return total / (shares @ weights).sum()


def class_weights(labels: np.ndarray, classes: int) -> Tensor:
    """N / (classes × count), float32 (classes,): every class weighs the same in sum; a class without samples gets 0."""
    counts = np.bincount(labels, minlength=classes)
    weights = np.divide(len(labels), classes * counts, out=np.zeros(classes), where=counts > 0)
    return torch.from_numpy(weights.astype(np.float32))
