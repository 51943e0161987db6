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
    """Softmax cross-entropy of `net(field)` (B, classes) against `label` (B,); measures accuracy.

    Label smoothing as in Szegedy et al. 2016, Rethinking the Inception Architecture, section 7.
    """
    weight = class_weights(labels, len(facts["classes"])) if settings.class_weights == "balanced" else None

    def criterion(net: nn.Module, batch: Mapping[str, Tensor]) -> Scored:
        logits, label = net(batch[field]).float(), batch["label"].long()
        weights = None if weight is None else weight.to(logits.device)
        loss = functional.cross_entropy(logits, label, weights, label_smoothing=settings.label_smoothing)
        return Scored(loss, {"accuracy": (logits.detach().argmax(1) == label).float()})

    return criterion


def class_weights(labels: np.ndarray, classes: int) -> Tensor:
    """N / (classes × count), float32 (classes,): every class weighs the same in sum; a class without samples gets 0."""
    counts = np.bincount(labels, minlength=classes)
    weights = np.divide(len(labels), classes * counts, out=np.zeros(classes), where=counts > 0)
    return torch.from_numpy(weights.astype(np.float32))
